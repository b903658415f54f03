// SPDX-License-Identifier: Apache-2.0
import { Pace } from "./pace.js";
import { Quality } from "./quality.js";
import { explain } from "./words.js";

/** Two requests for each producer at most, of the 100 messages a second that the server admits. */
const CONSUME_BURST = 30;
const CONSUME_PER_S = 30;
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
	quality = new Quality();
	/** Ids of consumers whose producer has more than one layer. */
	#layered = new Set();
	/** Ids of producers that the server refused as too many. */
	leftOut = new Set();
	/** The reason why a producer cannot be played here, as a text for people, or null. */
	problem = null;
	#signaling;
	#device;
	#pace = new Pace(CONSUME_BURST, CONSUME_PER_S);
	#streams = new Map();
	/** Ids of the consumers that the server has named, and of the producers of those being made. */
	#named = new Set();
	#making = new Set();
	/**
	 * Ids of producers that their host has paused. The notice may arrive before the consumer
	 * exists.
	 */
	#pausedByHost = new Set();

	/** `signaling` and `device` are those that `transport` was made with. */
	constructor(transport, signaling, device) {
		this.transport = transport;
		this.#signaling = signaling;
		this.#device = device;
	}

	/** The kinds of the producers that are received, "audio" and "video". */
	get kinds() {
		return new Set([...this.consumers.values()].map((c) => c.kind));
	}

	get streams() {
		return [...this.#streams.values()];
	}

	/**
	 * Requests producers and adds their consumers, which it returns. There is none of a producer
	 * that was requested already, that went meanwhile, or that is one too many. The browser
	 * negotiates once for all of them: a negotiation takes tens of milliseconds. `paused` says for
	 * each kind whether the viewer has paused it, now and at any later time. `changed` is called
	 * when asked, leftOut or problem has changed.
	 */
	async consume(producerIds, paused, changed) {
		const fresh = producerIds.filter((id) => !this.asked.has(id));
		fresh.forEach((id) => this.asked.add(id));
		changed();
		const answers = await Promise.all(fresh.map((id) => this.#ask(id)));
		const known = answers.filter((answer) => answer && this.#wants(answer.producerId));
		if (known.length < fresh.length)
			changed();
		const consumers = await Promise.all(known.map((answer) => this.#make(answer, paused)));
		return consumers.filter(Boolean);
	}

	/** Resolves with the server's answer, null if there is none or nobody wants it any more. */
	async #ask(producerId) {
		await this.#pace.turn();
		const answer = this.#wants(producerId) ? await this.#request(producerId) : null;
		if (!answer || !this.#wants(producerId))
			return null;
		this.leftOut.delete(producerId);
		this.#named.add(answer.id);
		if (answer.type !== "simple")
			this.#layered.add(answer.id);
		return { ...answer, producerId };
	}

	async #make({ id, producerId, kind, rtpParameters, paused: waits, producerPaused }, paused) {
		this.#making.add(producerId);
		const consumer = await this.transport.consume({ id, producerId, kind, rtpParameters })
			.finally(() => this.#making.delete(producerId));
		if (!this.#wants(producerId)) {
			consumer.close();
			return null;
		}
		this.#add(consumer);
		if (producerPaused)
			this.setHostPaused(producerId, true);
		if (paused[kind])
			await this.#setPaused(consumer, true);
		else if (waits)
			await this.#tell("resumeConsumer", consumer);
		return consumer;
	}

	/** True if the server's answer that named this consumer has arrived. */
	knows(id) {
		return this.#named.has(id);
	}

	/** Ids of the consumers here that are not among those that the server has given back. */
	missing(given) {
		const there = new Set(given.map((c) => c.id));
		return [...this.consumers.values()].map((c) => c.id).filter((id) => !there.has(id));
	}

	/** Requests for consumers were lost with a connection: their producers may be requested again. */
	forgetRequests() {
		for (const producerId of this.asked)
			if (!this.consumers.has(producerId) && !this.#making.has(producerId))
				this.asked.delete(producerId);
	}

	/** Pauses or resumes a consumer on the server if it is not there as it is here. */
	async repeatPaused(id, paused) {
		const consumer = [...this.consumers.values()].find((c) => c.id === id);
		if (consumer && consumer.paused !== paused)
			await this.#tell(consumer.paused ? "pauseConsumer" : "resumeConsumer", consumer);
	}

	#wants(producerId) {
		return !this.transport.closed && this.asked.has(producerId);
	}

	/** Resolves with the server's answer; undefined, and nobody wants it, if it refused. */
	async #request(producerId) {
		try {
			return await this.#signaling.request("consume", { producerId,
				rtpCapabilities: this.#device.recvRtpCapabilities, transportId: this.transport.id });
		} catch (error) {
			this.asked.delete(producerId);
			if (error.code === "too-many")
				this.leftOut.add(producerId);
			else if (error.code === "unsupported")
				this.problem = explain(error);
			else if (error.code !== "not-found")
				throw error;
			return undefined;
		}
	}

	/** Stops or starts receiving one kind. */
	async setPaused(kind, paused) {
		const consumers = [...this.consumers.values()].filter((c) => c.kind === kind);
		await Promise.all(consumers.map((consumer) => this.#setPaused(consumer, paused)));
	}

	/** A notice `layers` or `layersChange`; true if it is about something that is received here. */
	layersNotice(type, data) {
		const mine = type === "layers" ? this.asked.has(data.producerId) : this.#layered.has(data.consumerId);
		if (mine && type === "layers")
			this.quality.setLayers(data);
		else if (mine)
			this.quality.setCurrent(data);
		return mine;
	}

	/** Bounds the spatial layer of each consumer that has several; null: no bound. */
	async setQuality(spatialLayer) {
		const consumers = [...this.consumers.values()].filter((c) => this.#layered.has(c.id));
		if (this.transport.appData.epoch === this.#signaling.epoch)
			await Promise.all(consumers.map((c) => this.#tell("setPreferredLayers", c, { spatialLayer })));
	}

	async #setPaused(consumer, paused) {
		if (paused)
			consumer.pause();
		else
			consumer.resume();
		if (this.transport.appData.epoch === this.#signaling.epoch)
			await this.#tell(paused ? "pauseConsumer" : "resumeConsumer", consumer);
	}

	async #tell(request, consumer, more = {}) {
		try {
			await this.#signaling.request(request, { consumerId: consumer.id, ...more });
		} catch (error) {
			if (error.code !== "not-found")
				// not-found: its producer is closed, and producerClosed follows
				throw error;
		}
	}

	#add(consumer) {
		this.consumers.set(consumer.producerId, consumer);
		const stream = this.#streams.get(hostOf(consumer)) ?? new MediaStream();
		stream.addTrack(consumer.track);
		this.#streams.set(hostOf(consumer), stream);
	}

	/** Returns false when there is no consumer of this producer. */
	remove(producerId) {
		const consumer = this.consumers.get(producerId);
		this.asked.delete(producerId);
		this.leftOut.delete(producerId);
		this.problem = null;
		this.#pausedByHost.delete(producerId);
		if (!consumer)
			return false;
		this.consumers.delete(producerId);
		this.#layered.delete(consumer.id);
		this.quality.remove(consumer);
		const stream = this.#streams.get(hostOf(consumer));
		stream.removeTrack(consumer.track);
		if (stream.getTracks().length === 0)
			this.#streams.delete(hostOf(consumer));
		consumer.close();
		return true;
	}

	/** The stream that this producer is part of; null: it is not received. */
	streamOf(producerId) {
		const consumer = this.consumers.get(producerId);
		return consumer ? this.#streams.get(hostOf(consumer)) ?? null : null;
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
			const kind = this.kinds.has("video") ? "video" : "audio";
			for (const stat of (await this.transport.getStats()).values())
				if (stat.type === "inbound-rtp" && stat.kind === kind &&
					(kind === "video" ? stat.framesDecoded : stat.packetsReceived) > 0)
					return;
			await new Promise((resolve) => setTimeout(resolve, DECODE_POLL_MS));
		}
	}
}
