// SPDX-License-Identifier: Apache-2.0

/** Often enough to follow a conversation; the server rounds it up to a step of its own. */
const INTERVAL_MS = 400;

/**
 * Follows who speaks, as long as there is a choice: with one host, which is what most audiences
 * have, the server is not asked, so that it need not read sound levels for them.
 */
export class Speaker {
	/** The id of the producer that speaks, or null. */
	producerId = null;
	#signaling;
	/** The socket on which the server tells it; null: none. */
	#epoch = null;

	constructor(signaling) {
		this.#signaling = signaling;
	}

	/** `hosts` are received now. To be called whenever that changes, and after every join. */
	follow(hosts) {
		const { epoch, connected } = this.#signaling;
		const told = connected && this.#epoch === epoch, wanted = hosts > 1;
		if (!wanted || !told)
			this.producerId = null;
		if (!connected || wanted === told)
			return;
		this.#epoch = wanted ? epoch : null;
		this.#signaling.request("observeAudio", wanted ? { intervalMs: INTERVAL_MS, maxEntries: 1 } : { intervalMs: 0 })
			.catch(() => {
				// Without an answer no tile is marked, and nothing else is different. A new
				// socket asks again.
			});
	}

	/** The notice activeSpeaker, which may still be about what was asked before. */
	told({ producerId }) {
		this.producerId = this.#epoch === this.#signaling.epoch ? producerId ?? null : null;
	}
}
