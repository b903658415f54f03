// SPDX-License-Identifier: Apache-2.0
import { Emitter } from "./emitter.js";

const EVERY_MS = 3000;
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
		this.#timer = setTimeout(() => this.#look(), EVERY_MS);
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
