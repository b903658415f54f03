// SPDX-License-Identifier: Apache-2.0
import { Backoff } from "./backoff.js";
import { Emitter } from "./emitter.js";

const EVERY_MS = 3000;
const BACKOFF_LAST_MS = 15000;
const TIMEOUT_MS = 5000;
const NO_ANSWER = { words: "The server does not answer. Trying again." };

/**
 * Requests the rooms that are open on the server every few seconds between start() and stop(),
 * while the page is visible.
 *
 * Event "change": { rooms: [{ name, hosts, viewers, live }], more }; { words } while the server
 * does not answer; null when the server does not publish the list, which ends the requests.
 */
export class RoomList extends Emitter {
	#wanted = false;
	#served = true;
	#timer = null;
	#turn = 0;
	#backoff = new Backoff(EVERY_MS, BACKOFF_LAST_MS);

	constructor() {
		super();
		document.addEventListener("visibilitychange", () => this.#look());
	}

	start() {
		this.#wanted = true;
		this.#look();
	}

	stop() {
		this.#wanted = false;
		this.#look();
	}

	async #look() {
		const turn = ++this.#turn;
		clearTimeout(this.#timer);
		if (!this.#wanted || !this.#served || document.hidden)
			return;
		const list = await this.#ask();
		if (turn !== this.#turn)
			return;
		this.#served = list !== null;
		this.emit("change", list);
		if (list !== NO_ANSWER)
			this.#backoff.reset();
		this.#timer = setTimeout(() => this.#look(), list === NO_ANSWER ? this.#backoff.next() : EVERY_MS);
	}

	async #ask() {
		try {
			const response = await fetch("rooms", { signal: AbortSignal.timeout(TIMEOUT_MS) });
			if (response.ok)
				return await response.json();
			await response.body?.cancel();
			return response.status === 404 ? null : NO_ANSWER;
		} catch {
			return NO_ANSWER;
		}
	}
}
