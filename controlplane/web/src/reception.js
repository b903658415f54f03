// SPDX-License-Identifier: Apache-2.0

const DECODE_POLL_MS = 100;
const DECODE_PATIENCE_MS = 5000;

/** The same for all that one host sends: its CNAME (RFC 3550, 6.5.1). */
const hostOf = (consumer) => consumer.rtpParameters.rtcp.cname;

/** One receiving transport with its consumers, and a MediaStream for each host heard on it. */
export class Reception {
	/** By producer id. */
	consumers = new Map();
	/** Producers asked for and not answered yet, so that none is consumed twice. */
	asked = new Set();
	#streams = new Map();
	/** Producers whose host has paused them; the word may come before the consumer is here. */
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

	/** False when there was none. */
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

	/** Resolves when a picture has been decoded (or sound has come), or after patience ran out. */
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
