// SPDX-License-Identifier: Apache-2.0

const DECODE_POLL_MS = 100;
const DECODE_PATIENCE_MS = 5000;

/**
 * Identifies the host of a consumer: everything that one host sends has the same CNAME (RFC 3550,
 * 6.5.1).
 */
const hostOf = (consumer) => consumer.rtpParameters.rtcp.cname;

/**
 * One receiving transport with its consumers, and a MediaStream for each host that is received on
 * it.
 */
export class Reception {
	/** Consumers by producer id. */
	consumers = new Map();
	/** Ids of producers that were requested, so that none is consumed twice. */
	asked = new Set();
	#streams = new Map();
	/**
	 * Ids of producers that their host has paused. The notice may arrive before the consumer
	 * exists.
	 */
	#pausedByHost = new Set();

	constructor(transport) {
		this.transport = transport;
	}

	get streams() {
		return [...this.#streams.values()];
	}

	add(consumer) {
		this.consumers.set(consumer.producerId, consumer);
		const stream = this.#streams.get(hostOf(consumer)) ?? new MediaStream();
		stream.addTrack(consumer.track);
		this.#streams.set(hostOf(consumer), stream);
	}

	/** Returns false when there is no consumer of this producer. */
	remove(producerId) {
		const consumer = this.consumers.get(producerId);
		this.asked.delete(producerId);
		this.#pausedByHost.delete(producerId);
		if (!consumer)
			return false;
		this.consumers.delete(producerId);
		const stream = this.#streams.get(hostOf(consumer));
		stream.removeTrack(consumer.track);
		if (stream.getTracks().length === 0)
			this.#streams.delete(hostOf(consumer));
		consumer.close();
		return true;
	}

	producerOf(consumerId) {
		for (const [producerId, consumer] of this.consumers)
			if (consumer.id === consumerId)
				return producerId;
		return undefined;
	}

	setHostPaused(producerId, paused) {
		if (!paused)
			this.#pausedByHost.delete(producerId);
		else if (this.asked.has(producerId))
			this.#pausedByHost.add(producerId);
	}

	hostPaused(kind) {
		return [...this.consumers.values()].some((c) => c.kind === kind && this.#pausedByHost.has(c.producerId));
	}

	/**
	 * Resolves when a picture was decoded (or sound was received), or after DECODE_PATIENCE_MS.
	 */
	async carriesMedia() {
		const until = performance.now() + DECODE_PATIENCE_MS;
		while (performance.now() < until && !this.transport.closed) {
			const kinds = new Set([...this.consumers.values()].map((c) => c.kind));
			const kind = kinds.has("video") ? "video" : "audio";
			for (const stat of (await this.transport.getStats()).values())
				if (stat.type === "inbound-rtp" && stat.kind === kind &&
					(kind === "video" ? stat.framesDecoded : stat.packetsReceived) > 0)
					return;
			await new Promise((resolve) => setTimeout(resolve, DECODE_POLL_MS));
		}
	}
}
