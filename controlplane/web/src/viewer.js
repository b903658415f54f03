// SPDX-License-Identifier: Apache-2.0
import { spread } from "./backoff.js";
import { Reception } from "./reception.js";
import { Session } from "./session.js";
import { connected, Superseded } from "./transports.js";
import { explain } from "./words.js";

const ORPHAN_WAIT_MS = 500;
const WAITING = "Nothing to watch yet. Waiting for a host.";
const HOST_LEFT = "The host left. Waiting for the host to return.";
const ENDED = "The broadcast has ended. Waiting for a host.";

/** Plays everything that is published in a room. Additional event: "streams" (MediaStream[]). */
export class Viewer extends Session {
	timeToFirstFrameMs = null;
	/** The Reception that is shown, and the one being built. Each may be null. */
	#live = null;
	#fresh = null;
	/** Ids of producers whose consumer the server closed. */
	#orphans = new Set();
	#clockStart = null;
	/** The text to show while nobody publishes. */
	#nobody = WAITING;
	/** The reason why the host's stream cannot be played here, as a text for people. */
	#problem = null;
	#paused = { audio: false, video: false };

	get transport() {
		return (this.#fresh ?? this.#live)?.transport ?? null;
	}

	get consumers() {
		const reception = this.#fresh ?? this.#live;
		return reception ? [...reception.consumers.values()] : [];
	}

	/**
	 * The transport on the screen and its media sections (mids), which the figures are read
	 * from.
	 */
	get shown() {
		const reception = this.#live ?? this.#fresh;
		return reception && { transport: reception.transport,
			mids: new Set([...reception.consumers.values()].map((c) => c.localId)) };
	}

	start() {
		this.#clockStart = performance.now();
		super.start();
	}

	ownsTransport(id) {
		return this.transport?.id === id;
	}

	/**
	 * The transport of the picture that is shown during a rejoin failed before its successor
	 * carried media.
	 */
	oldTransportLost(transport) {
		if (this.#live?.transport === transport && this.#fresh)
			this.#promote(this.#fresh);
	}

	isPaused(kind) {
		return this.#paused[kind];
	}

	async setPaused(kind, paused) {
		this.#paused[kind] = paused;
		for (const consumer of this.consumers.filter((c) => c.kind === kind)) {
			if (paused)
				consumer.pause();
			else
				consumer.resume();
			await this.signaling.request(paused ? "pauseConsumer" : "resumeConsumer",
				{ consumerId: consumer.id });
		}
	}

	/** The page shows the first picture since the viewer began to watch. */
	firstFrame() {
		if (this.#clockStart === null)
			return;
		this.timeToFirstFrameMs = Math.round(performance.now() - this.#clockStart);
		this.#clockStart = null;
	}

	async join(turn) {
		this.transports.retire(this.#fresh?.transport);
		this.#fresh = null;
		this.#problem = null;
		this.transports.makeRoomFor(this.#live?.transport);
		const fresh = new Reception(await this.openTransport("recv", turn));
		if (this.#live?.consumers.size > 0) {
			this.#fresh = fresh;
		} else {
			this.transports.retire(this.#live?.transport);
			this.#live = fresh;
		}
		await this.#consumeAll(fresh);
		this.check(turn);
		this.#describe();
	}

	notice(type, data) {
		if (type === "newProducer")
			this.#consumeOrSay(this.#fresh ?? this.#live, data.producerId);
		else if (type === "producerClosed")
			this.#producerClosed(data.producerId);
		else if (type === "consumerClosed")
			this.#consumerClosed(data.consumerId);
		else if (type === "producerPaused" || type === "producerResumed")
			this.#hostPaused(data.producerId, type === "producerPaused");
		else if (type === "roomClosed")
			this.#roomClosed(data);
	}

	close() {
		for (const reception of [this.#fresh, this.#live])
			this.transports.retire(reception?.transport);
		this.#fresh = null;
		this.#live = null;
		this.emit("streams", []);
	}

	/** Requests every producer that the room has now. Later ones are announced. */
	async #consumeAll(reception) {
		const { producers } = await this.signaling.request("getProducers");
		await Promise.all(producers.map((p) => this.#consume(reception, p.id)));
	}

	#consumeOrSay(reception, producerId) {
		this.#consume(reception, producerId).then(() => this.#describe(), (error) => {
			// A request fails this way on a transport that we have closed. Its
			// successor repeats the request.
			const current = reception === (this.#fresh ?? this.#live) && !reception.transport.closed;
			if (current && !(error instanceof Superseded))
				this.transportLost(error.message);
		});
	}

	async #consume(reception, producerId) {
		if (!reception || reception.asked.has(producerId))
			return;
		reception.asked.add(producerId);
		if (this.state !== "playing" && this.#clockStart === null) {
			this.#clockStart = performance.now();
			this.timeToFirstFrameMs = null;
		}
		this.#describe();
		const { transport } = reception;
		const rtpCapabilities = this.device.recvRtpCapabilities;
		let answer;
		try {
			answer = await this.signaling.request("consume",
				{ producerId, rtpCapabilities, transportId: transport.id });
		} catch (error) {
			reception.asked.delete(producerId);
			if (error.code === "not-found")
				return;
			if (error.code !== "unsupported")
				throw error;
			this.#problem = explain(error);
			return;
		}
		if (transport.closed || !reception.asked.has(producerId))
			return;
		const { id, kind, rtpParameters, producerPaused, paused } = answer;
		const consumer = await transport.consume({ id, producerId, kind, rtpParameters });
		if (!reception.asked.has(producerId)) {
			consumer.close();
			return;
		}
		reception.add(consumer);
		if (producerPaused)
			reception.setHostPaused(producerId, true);
		this.#nobody = HOST_LEFT;
		if (this.#paused[kind])
			await this.setPaused(kind, true);
		else if (paused)
			await this.#resume(consumer);
		if (reception === this.#live)
			this.emit("streams", reception.streams);
		await connected(transport);
		await this.#arrived(reception);
	}

	/** Resumes a consumer that the server created paused. */
	async #resume(consumer) {
		try {
			await this.signaling.request("resumeConsumer", { consumerId: consumer.id });
		} catch (error) {
			if (error.code !== "not-found")
				// not-found: its producer is closed, and producerClosed follows
				throw error;
		}
	}

	/** A reception has its media path: it is shown once it carries a picture. */
	async #arrived(reception) {
		if (reception === this.#fresh)
			await reception.carriesMedia();
		this.settled();
		if (reception === this.#fresh)
			this.#promote(reception);
	}

	#promote(reception) {
		const old = this.#live;
		this.#live = reception;
		this.#fresh = null;
		this.emit("streams", reception.streams);
		this.transports.retire(old?.transport);
		this.#describe();
	}

	#producerClosed(producerId) {
		this.#orphans.delete(producerId);
		this.#remove(producerId);
	}

	#remove(producerId) {
		this.#problem = null;
		for (const reception of [this.#fresh, this.#live])
			if (reception?.remove(producerId) && reception === this.#live)
				this.emit("streams", reception.streams);
		this.#describe();
	}

	/** Usually producerClosed follows. If it does not, the producer is requested again. */
	#consumerClosed(consumerId) {
		for (const reception of [this.#fresh, this.#live]) {
			const producerId = reception?.producerOf(consumerId);
			if (!producerId)
				continue;
			this.#remove(producerId);
			this.#orphans.add(producerId);
			setTimeout(() => {
				if (this.#orphans.delete(producerId))
					this.#consumeOrSay(this.#fresh ?? this.#live, producerId);
			}, ORPHAN_WAIT_MS);
			return;
		}
	}

	#hostPaused(producerId, paused) {
		(this.#fresh ?? this.#live)?.setHostPaused(producerId, paused);
		this.#describe();
	}

	#roomClosed(notice) {
		for (const reception of [this.#fresh, this.#live])
			reception?.transport.close();
		this.#fresh = null;
		this.#live = null;
		this.emit("streams", []);
		this.#nobody = ENDED;
		this.setState("waiting", ENDED);
		this.rejoin("the room was closed", spread(notice));
	}

	/** Sets the state that describes the newest reception. */
	#describe() {
		const reception = this.#fresh ?? this.#live;
		if (!reception || this.state === "stopped" || !this.signaling.connected)
			return;
		if (this.#problem) {
			this.setState("failed", this.#problem);
		} else if (this.#fresh && this.#live.transport.connectionState !== "connected" &&
			reception.asked.size === 0) {
			this.#promote(reception);
		} else if (this.#fresh) {
			this.setState("reconnecting", "Joined again. The earlier picture stays until the new one is here.");
		} else if (reception.asked.size === 0) {
			this.#clockStart = null;
			this.setState("waiting", this.#nobody);
		} else if (reception.transport.connectionState === "connected") {
			const paused = reception.hostPaused("video");
			this.setState("playing", paused ? "The host has paused the picture." : "Picture and sound are coming in.");
		} else if (this.state === "waiting") {
			this.setState("connecting", "The host is here. Opening the media connection.");
		}
	}
}
