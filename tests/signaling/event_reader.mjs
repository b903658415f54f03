// SPDX-License-Identifier: Apache-2.0
// A reader of a WHEP player's event stream (server-sent events).
import { check, until } from "../e2e/lib/test.mjs";

/** Reads an event stream: `events` are { event, data } in their order. */
export class Reader {
	events = [];
	comments = 0;
	over = false;
	#stop = new AbortController();

	static async open(url) {
		const reader = new Reader();
		const response = await fetch(url, { headers: { accept: "text/event-stream" }, signal: reader.#stop.signal });
		check(response.status === 200 && response.headers.get("content-type") === "text/event-stream" &&
			!response.headers.has("content-length"), `the event stream is answered ${response.status}`);
		reader.#read(response.body).catch(() => {}).finally(() => { reader.over = true; });
		return reader;
	}

	async #read(body) {
		let text = "";
		for await (const piece of body.pipeThrough(new TextDecoderStream())) {
			text += piece;
			for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2))
				this.#block(text.slice(0, end));
		}
	}

	#block(block) {
		const line = block.match(/^event: (\S+)\ndata: (.*)$/);
		if (line)
			this.events.push({ event: line[1], data: JSON.parse(line[2]) });
		else if (block.startsWith(":"))
			this.comments++;
		else
			check(/^retry: \d+$/.test(block), `only retry comes beside events: ${block}`);
	}

	has(name) {
		return this.events.some(({ event }) => event === name);
	}

	async heard(name) {
		await until(`the event ${name} comes`, 8, () => this.has(name), { quiet: true });
		return this.events.findLast(({ event }) => event === name).data;
	}

	close() {
		this.#stop.abort();
	}
}
