// SPDX-License-Identifier: Apache-2.0
import { Emitter } from "./emitter.js";
import { explain } from "./words.js";

/**
 * What the page does: nothing, opening a source, or one session. Whatever begins here first ends
 * what was there before, so at most one session runs, and stop() leaves no source open, whatever a
 * permission prompt that is still on the screen is answered later.
 *
 * Events: "begin" (role); "state" (state, words); "note" (words); "streams" (streams, own), the
 * pictures to show; "draining" (words, "" when it is over), as a session has it; "quality", what a viewer can choose (quality.js); "end", nothing is under way
 * any more.
 */
export class Sessions extends Emitter {
	role = null;
	session = null;
	state = "idle";
	/** The AbortController of the source that is being opened, or null. */
	#opening = null;
	#parts;

	/**
	 * `parts` are: choice(), what a person has chosen; capture(choice, signal), which resolves
	 * with a source; makeHost(choice, source) and makeViewer(choice), which make sessions.
	 */
	constructor(parts) {
		super();
		this.#parts = parts;
	}

	async startHost() {
		this.#begin("host");
		const opening = new AbortController();
		this.#opening = opening;
		const choice = this.#parts.choice();
		this.#say("connecting", "Opening the source. The browser may ask you for permission.");
		let source;
		try {
			source = await this.#parts.capture(choice, opening.signal);
		} catch (error) {
			if (opening.signal.aborted)
				return;
			this.#end();
			this.#say("failed", explain(error));
			return;
		}
		if (opening.signal.aborted) {
			source.stop();
			return;
		}
		this.#opening = null;
		this.emit("streams", [source.stream], true);
		this.emit("note", `Source: ${source.label}.`);
		this.#run(this.#parts.makeHost(choice, source));
	}

	startViewer() {
		this.#begin("watch");
		const viewer = this.#parts.makeViewer(this.#parts.choice());
		viewer.on("streams", (streams) => {
			if (this.session === viewer)
				this.emit("streams", streams, false);
		});
		viewer.on("speaking", (stream) => {
			if (this.session === viewer)
				this.emit("speaking", stream);
		});
		viewer.on("quality", (quality) => {
			if (this.session === viewer)
				this.emit("quality", quality);
		});
		this.#run(viewer);
	}

	stop() {
		if (this.#opening) {
			this.#say("stopped", "Stopped.");
			this.#end();
		} else {
			this.session?.stop();
		}
	}

	/** A person asked to try again, or to start again after an end. */
	retry() {
		if (this.#opening)
			return; // it is being tried
		if (this.session)
			this.session.retry();
		else if (this.role === "host")
			this.startHost();
		else if (this.role === "watch")
			this.startViewer();
	}

	#begin(role) {
		const before = this.session;
		this.#opening?.abort();
		this.#opening = null;
		this.session = null; // its last words are not shown
		before?.stop();
		this.emit("draining", "");
		this.emit("streams", [], true);
		this.emit("quality", null);
		this.role = role;
		this.emit("begin", role);
	}

	#run(session) {
		this.session = session;
		session.on("state", (state, words) => {
			if (this.session === session)
				this.#say(state, words);
		});
		session.on("note", (words) => {
			if (this.session === session)
				this.emit("note", words);
		});
		session.on("draining", (words) => {
			if (this.session === session)
				this.emit("draining", words);
		});
		session.on("end", () => {
			if (this.session === session)
				this.#end();
		});
		session.start();
	}

	#end() {
		this.#opening?.abort();
		this.#opening = null;
		this.session = null;
		this.emit("streams", [], true);
		this.emit("quality", null);
		this.emit("end");
	}

	#say(state, words) {
		this.state = state;
		this.emit("state", state, words);
		this.emit("note", words);
	}
}
