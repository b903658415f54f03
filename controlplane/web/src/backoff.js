// SPDX-License-Identifier: Apache-2.0
// How long a client waits before it tries again. A loss reaches the whole audience in the same
// instant, so each client waits a random part of the time ("full jitter"): the audience then comes
// back spread over that time, and not in waves.

/** The longest wait that the server may ask for, so that no message puts a page to sleep. */
const SPREAD_LAST_MS = 60_000;

/** Random waits up to a bound, which doubles with each try from `firstMs` to `lastMs`. */
export class Backoff {
	#firstMs;
	#lastMs;
	#random;
	#tries = 0;

	constructor(firstMs, lastMs, random = Math.random) {
		this.#firstMs = firstMs;
		this.#lastMs = lastMs;
		this.#random = random;
	}

	/** The wait before the next try, in milliseconds. */
	next() {
		const bound = Math.min(this.#firstMs * 2 ** this.#tries++, this.#lastMs);
		return Math.round(this.#random() * bound);
	}

	reset() {
		this.#tries = 0;
	}
}

/** A wait that has to be at least `ms`: a random time between that and its double. */
export function atLeast(ms, random = Math.random) {
	return Math.round(ms * (1 + random()));
}

/**
 * A random wait up to the `retryMs` of a notice, which the server derives from the size of the
 * audience; undefined if the notice has none.
 */
export function spread({ retryMs }, random = Math.random) {
	return retryMs >= 0 ? Math.round(random() * Math.min(retryMs, SPREAD_LAST_MS)) : undefined;
}
