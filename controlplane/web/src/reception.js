// SPDX-License-Identifier: Apache-2.0

const DECODE_POLL_MS = 100;
const DECODE_PATIENCE_MS = 5000;

/** One receiving transport with its consumers, and a MediaStream for each host heard on it. */
export class Reception {
	/** producerId -> { consumer, socketId, hostPaused } */
	consumers = new Map();
	/** Producers asked for and not answered yet, so that none is consumed twice. */
	asked = new Set();
	#streams = new Map();

	constructor(transport) {
		this.transport = transport;
	}

	get streams() {
		return [...this.#streams.values()];
	}

	/** `socketId` says which tracks belong to the same host. */
	add(consumer, socketId, hostPaused) {
		this.consumers.set(consumer.producerId, { consumer, socketId, hostPaused });
		const stream = this.#streams.get(socketId) ?? new MediaStream();
		stream.addTrack(consumer.track);
		this.#streams.set(socketId, stream);
	}

	/** False when there was none. */
	remove(producerId) {
		const entry = this.consumers.get(producerId);
		this.asked.delete(producerId);
		if (!entry)
			return false;
		this.consumers.delete(producerId);
		const stream = this.#streams.get(entry.socketId);
		stream.removeTrack(entry.consumer.track);
		if (stream.getTracks().length === 0)
			this.#streams.delete(entry.socketId);
		entry.consumer.close();
		return true;
	}

	producerOf(consumerId) {
		for (const [producerId, { consumer }] of this.consumers)
			if (consumer.id === consumerId)
				return producerId;
		return undefined;
	}

	hostPaused(kind) {
		return [...this.consumers.values()].some((e) => e.consumer.kind === kind && e.hostPaused);
	}

	/** Resolves when a picture has been decoded (or sound has come), or after patience ran out. */
	async carriesMedia() {
		const until = performance.now() + DECODE_PATIENCE_MS;
		while (performance.now() < until && !this.transport.closed) {
			const kinds = new Set([...this.consumers.values()].map((e) => e.consumer.kind));
			const kind = kinds.has("video") ? "video" : "audio";
			for (const stat of (await this.transport.getStats()).values())
				if (stat.type === "inbound-rtp" && stat.kind === kind &&
					(kind === "video" ? stat.framesDecoded : stat.packetsReceived) > 0)
					return;
			await new Promise((resolve) => setTimeout(resolve, DECODE_POLL_MS));
		}
	}
}
