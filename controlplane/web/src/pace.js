// SPDX-License-Identifier: Apache-2.0

/**
 * Keeps requests below the server's rate limit: turn() resolves at once for the first `burst`
 * callers, and for later ones in their order at `perSecond`.
 */
export class Pace {
	#burst;
	#intervalMs;
	#now;
	/** The time at which all callers so far have been admitted and the whole burst is available. */
	#freeAt = 0;

	constructor(burst, perSecond, now = () => performance.now()) {
		this.#burst = burst;
		this.#intervalMs = 1000 / perSecond;
		this.#now = now;
	}

	/** The wait of one more caller in milliseconds; the caller counts from now on. */
	take() {
		const now = this.#now();
		this.#freeAt = Math.max(this.#freeAt, now) + this.#intervalMs;
		return Math.max(0, this.#freeAt - now - this.#burst * this.#intervalMs);
	}

	async turn() {
		const wait = this.take();
		if (wait > 0)
			await new Promise((resolve) => setTimeout(resolve, wait));
	}
}
