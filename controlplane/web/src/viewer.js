// SPDX-License-Identifier: Apache-2.0
import { atLeast, Backoff, spread } from "./backoff.js";
import { Reception } from "./reception.js";
import { Session } from "./session.js";
import { Speaker } from "./speaker.js";
import { connected } from "./transports.js";
import { comingWords } from "./words.js";

/** So many producers are requested, and negotiated, at once; the others do not hold these up. */
const TOGETHER = 16;
const ORPHAN_WAIT_MS = 500;
const LEFT_OUT_FIRST_MS = 4000;
const LEFT_OUT_LAST_MS = 60000;
const WAITING = "Nothing to watch yet. Waiting for a host.";
const HOST_LEFT = "The host left. Waiting for the host to return.";
const LOST = "Media was lost. Waiting for the host to return.";
const ENDED = "The broadcast has ended. Waiting for a host.";
const OLD_PICTURE = "Joined again. The earlier picture stays until the new one is here.";

/**
 * Plays everything that is published in a room. Additional events: "streams" (MediaStream[]);
 * "quality" (the property `quality`); "speaking" (the one of these streams whose host speaks, or
 * null).
 */
export class Viewer extends Session {
	timeToFirstFrameMs = null;
	/** The highest spatial layer that is wanted; null: whatever the path carries. */
	#wanted = null;
	/**
	 * The Reception on the screen, and that of the newest join. They are the same unless an
	 * earlier picture stays until a new one is here. Each may be null.
	 */
	#shown = null;
	#current = null;
	/** Ids of the producers that the room has, as far as this page has heard. */
	#offered = new Set();
	/** Ends the wait for a first producer; null unless the newest join waits for one. */
	#wake = null;
	/** Ids of producers whose consumer the server closed. */
	#orphans = new Set();
	#leftOutBackoff = new Backoff(LEFT_OUT_FIRST_MS, LEFT_OUT_LAST_MS);
	#leftOutTimer = null;
	#clockStart = null;
	/** The text to show while nobody publishes. */
	#nobody = WAITING;
	#paused = { audio: false, video: false };
	#speaker = new Speaker(this.signaling);

	/**
	 * What can be chosen, { options, current, wanted } as in quality.js, where `wanted` is the
	 * highest layer that a person chose, or null; null if there is no choice.
	 */
	get quality() {
		const shown = (this.#shown ?? this.#current)?.quality.shown;
		return shown ? { ...shown, wanted: this.#wanted } : null;
	}

	get transport() {
		return this.#current?.transport ?? null;
	}

	get consumers() {
		return [...(this.#current ?? this.#shown)?.consumers.values() ?? []];
	}

	/**
	 * The transport on the screen and its media sections (mids), which the figures are read
	 * from.
	 */
	get shown() {
		const reception = this.#shown ?? this.#current;
		return reception && { transport: reception.transport,
			mids: new Set([...reception.consumers.values()].map((c) => c.localId)) };
	}

	get #receptions() {
		return new Set([this.#current, this.#shown].filter(Boolean));
	}

	start() {
		this.#clockStart = performance.now();
		super.start();
	}

	ownsTransport(id) {
		return this.transport?.id === id;
	}

	/** The transport of an earlier picture failed before its successor carried media. */
	oldTransportLost(transport) {
		if (this.#shown?.transport === transport && this.#shown !== this.#current)
			this.#show(this.#current);
	}

	isPaused(kind) {
		return this.#paused[kind];
	}

	async setPaused(kind, paused) {
		this.#paused[kind] = paused;
		await Promise.all([...this.#receptions].map((r) => r.setPaused(kind, paused)));
	}

	/** Bounds the spatial layer of the pictures; null: whatever the path carries. */
	async setQuality(layer) {
		this.#wanted = layer;
		this.emit("quality", this.quality);
		await Promise.all([...this.#receptions].map((r) => r.setQuality(layer)));
	}

	/** The page shows the first picture since the viewer began to watch. */
	firstFrame() {
		if (this.#clockStart === null)
			return;
		this.timeToFirstFrameMs = Math.round(performance.now() - this.#clockStart);
		this.#clockStart = null;
	}

	async join(turn) {
		if (this.#current !== this.#shown)
			this.transports.retire(this.#current?.transport);
		this.#current = null;
		this.#wake = null;
		if (this.#shown?.consumers.size === 0)
			this.#show(null);
		await this.#somethingToWatch(turn);
		this.transports.makeRoomFor(this.#shown?.transport);
		const transport = await this.openTransport("recv", turn);
		const reception = new Reception(transport, this.signaling, this.device);
		this.#current = reception;
		this.#shown ??= reception;
		const offered = [...this.#offered];
		for (let i = 0; i < offered.length; i += TOGETHER)
			this.#consume(reception, offered.slice(i, i + TOGETHER));
		this.#describe();
	}

	/**
	 * What the server does not name has closed. Notices of the producers that are not received follow,
	 * so that nothing else is offered any more.
	 */
	resumes({ transports, consumers }) {
		const reception = this.#current;
		if (!reception || reception !== this.#shown || !this.transports.isAmong(reception.transport, transports))
			return false;
		this.#offered = new Set(consumers.map((c) => c.producerId));
		for (const id of reception.missing(consumers))
			this.#consumerClosed(id);
		reception.forgetRequests();
		for (const given of consumers)
			this.#resumeConsumer(reception, given);
		if (this.#wanted !== null)
			this.#repeat(reception.setQuality(this.#wanted));
		return true;
	}

	#resumeConsumer(reception, { id, producerId, paused, producerPaused }) {
		if (reception.knows(id)) {
			reception.setHostPaused(producerId, producerPaused);
			this.#repeat(reception.repeatPaused(id, paused));
		} else { // the answer that named it was lost
			this.#repeat(this.signaling.request("closeConsumer", { consumerId: id })
				.then(() => this.#consume(reception, [producerId])));
		}
	}

	async #repeat(request) {
		try {
			await request;
		} catch (error) {
			this.note(error.message);
		}
	}

	describeMedia() {
		this.setState("connecting", "The server is back.");
		this.#describe();
	}

	/**
	 * Resolves once the room has a producer. Until then a viewer needs no transport: an
	 * audience that waits for a host takes none of the server's.
	 */
	async #somethingToWatch(turn) {
		this.#offered.clear();
		const { producers } = await this.signaling.request("getProducers");
		this.check(turn);
		producers.forEach((p) => this.#offered.add(p.id));
		if (this.#offered.size > 0)
			return;
		const found = new Promise((resolve) => {
			this.#wake = resolve;
		});
		this.settled();
		this.#describe();
		await found;
		this.check(turn);
	}

	/** `data` may name a time to spread an audience over that has waited for this producer. */
	#newProducer(data) {
		this.#offered.add(data.producerId);
		if (this.#current)
			this.#consume(this.#current, [data.producerId]);
		if (!this.#wake)
			return;
		setTimeout(this.#wake, spread(data) ?? 0);
		this.#wake = null;
		this.#startClock();
		this.setState(this.#shown ? "reconnecting" : "connecting", "The host is here. Opening the media connection.");
	}

	notice(type, data) {
		if (type === "newProducer")
			this.#newProducer(data);
		else if (type === "producerClosed")
			this.#producerClosed(data.producerId);
		else if (type === "consumerClosed")
			this.#consumerClosed(data.consumerId);
		else if (type === "producerPaused" || type === "producerResumed")
			this.#hostPaused(data.producerId, type === "producerPaused");
		else if (type === "layers" || type === "layersChange")
			this.#layersNotice(type, data);
		else if (type === "activeSpeaker")
			this.#activeSpeaker(data);
		else if (type === "roomClosed")
			this.#roomClosed(data);
	}

	#activeSpeaker(data) {
		this.#speaker.told(data);
		this.#emitSpeaking();
	}

	#emitSpeaking() {
		this.emit("speaking", this.#shown?.streamOf(this.#speaker.producerId) ?? null);
	}

	#emitStreams() {
		const streams = this.#shown?.streams ?? [];
		this.emit("streams", streams);
		this.#speaker.follow(streams.length);
		this.#emitSpeaking();
	}

	#layersNotice(type, data) {
		for (const reception of this.#receptions)
			reception.layersNotice(type, data);
		this.emit("quality", this.quality);
	}

	transportLost(why, notice) {
		this.#nobody = LOST;
		super.transportLost(why, notice);
	}

	close() {
		for (const { transport } of this.#receptions)
			this.transports.retire(transport);
		clearTimeout(this.#leftOutTimer);
		this.#current = null;
		this.#shown = null;
		this.#emitStreams();
		this.emit("quality", null);
	}

	#startClock() {
		if (this.state !== "playing" && this.#clockStart === null) {
			this.#clockStart = performance.now();
			this.timeToFirstFrameMs = null;
		}
	}

	async #consume(reception, producerIds) {
		if (producerIds.some((id) => !reception.asked.has(id)))
			this.#startClock();
		try {
			const consumers = await reception.consume(producerIds, this.#paused, () => this.#describe());
			if (reception.leftOut.size > 0)
				this.#tryLeftOutLater();
			if (consumers.length > 0 && this.#wanted !== null)
				await reception.setQuality(this.#wanted);
			if (consumers.length > 0)
				await this.#added(reception);
		} catch (error) {
			// A request also fails because its transport was closed here. The transport's
			// successor repeats it.
			if (reception === this.#current && !reception.transport.closed)
				this.joinFailed(error);
		}
	}

	/** What the server refused may have been too much at once, or it may let more go later. */
	#tryLeftOutLater() {
		this.#leftOutTimer ??= setTimeout(() => {
			this.#leftOutTimer = null;
			this.#tryLeftOut();
		}, this.#leftOutBackoff.next());
	}

	#tryLeftOut() {
		const reception = this.#current;
		const [next] = reception?.leftOut ?? [];
		if (next !== undefined)
			this.#consume(reception, [next]);
	}

	/** A reception has one more consumer: it is shown once it carries a picture. */
	async #added(reception) {
		this.#nobody = HOST_LEFT;
		if (reception === this.#shown)
			this.#emitStreams();
		await connected(reception.transport);
		if (reception !== this.#shown)
			await reception.carriesMedia();
		if (reception !== this.#current || reception.transport.closed)
			return;
		this.settled();
		if (reception !== this.#shown)
			this.#show(reception);
		this.#describe();
	}

	#show(reception) {
		const old = this.#shown;
		this.#shown = reception;
		this.#emitStreams();
		this.emit("quality", this.quality);
		this.transports.retire(old?.transport);
		this.#describe();
	}

	#producerClosed(producerId) {
		this.#offered.delete(producerId);
		this.#orphans.delete(producerId);
		this.#remove(producerId);
	}

	#remove(producerId) {
		for (const reception of this.#receptions) {
			if (!reception.remove(producerId))
				continue;
			if (reception === this.#shown)
				this.#emitStreams();
			this.emit("quality", this.quality);
			this.#leftOutBackoff.reset();
			this.#tryLeftOut();
		}
		this.#describe();
	}

	/** Usually producerClosed follows. If it does not, the producer is requested again. */
	#consumerClosed(consumerId) {
		for (const reception of this.#receptions) {
			const producerId = reception.producerOf(consumerId);
			if (!producerId)
				continue;
			this.#remove(producerId);
			this.#orphans.add(producerId);
			setTimeout(() => {
				if (this.#orphans.delete(producerId) && this.#current)
					this.#consume(this.#current, [producerId]);
			}, atLeast(ORPHAN_WAIT_MS));
			return;
		}
	}

	#hostPaused(producerId, paused) {
		(this.#current ?? this.#shown)?.setHostPaused(producerId, paused);
		this.#describe();
	}

	#roomClosed(notice) {
		for (const { transport } of this.#receptions)
			transport.close();
		this.#current = null;
		this.#shown = null;
		this.#offered.clear();
		this.#emitStreams();
		this.#nobody = ENDED;
		this.setState("waiting", ENDED);
		this.rejoin("the room was closed", spread(notice));
	}

	/** Sets the state that describes the newest reception. */
	#describe() {
		const reception = this.#current;
		if (!this.signaling.connected)
			return;
		if (!reception) {
			if (this.#wake)
				this.#describeEmpty();
		} else if (reception.problem) {
			this.setState("failed", reception.problem);
		} else if (reception !== this.#shown) {
			if (reception.asked.size === 0 && this.#shown.transport.connectionState !== "connected")
				this.#show(reception);
			else
				this.setState("reconnecting", OLD_PICTURE);
		} else if (reception.asked.size === 0) {
			this.#describeEmpty();
		} else if (reception.kinds.size > 0 && reception.transport.connectionState === "connected") {
			const { kinds, leftOut } = reception;
			this.setState("playing", comingWords(kinds, reception.hostPaused("video"), leftOut.size));
		} else if (this.state === "waiting") {
			this.setState("connecting", "The host is here. Opening the media connection.");
		}
	}

	#describeEmpty() {
		if (this.#shown && this.#shown !== this.#current) {
			this.setState("reconnecting", OLD_PICTURE);
			return;
		}
		this.#clockStart = null;
		this.setState("waiting", this.#nobody);
	}
}
