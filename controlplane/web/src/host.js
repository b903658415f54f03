// SPDX-License-Identifier: Apache-2.0
import { encodingsFor, sendsLayers } from "./encodings.js";
import { Session } from "./session.js";
import { connected } from "./transports.js";
import { CodecError, lackOfEnded, sendingWords } from "./words.js";

/** Publishes one source's tracks into a room, and publishes them again after every loss. */
export class Host extends Session {
	/**
	 * The publication ({ transport, producers }) that carries media, and the one being built.
	 * Each may be null.
	 */
	#live = null;
	#fresh = null;
	#paused = { audio: false, video: false };
	#closesRoom = false;

	/**
	 * `source` is the result of capture() in sources.js, which this session stops at its end;
	 * `codec` is "auto" or a name like "VP8"; `layered`: see encodingsFor().
	 */
	constructor(signaling, source, codec, layered) {
		super(signaling);
		this.source = source;
		this.codec = codec;
		this.layered = layered;
		for (const track of source.stream.getTracks()) {
			track.addEventListener("ended", () => this.#trackEnded(track));
			for (const event of ["mute", "unmute"])
				track.addEventListener(event, () => this.#describe());
		}
	}

	get transport() {
		return (this.#fresh ?? this.#live)?.transport ?? null;
	}

	get producers() {
		return (this.#fresh ?? this.#live)?.producers ?? [];
	}

	/**
	 * The transport that carries media and its media sections (mids), which the figures are
	 * read from.
	 */
	get shown() {
		const publication = this.#live ?? this.#fresh;
		return publication && { transport: publication.transport,
			mids: new Set(publication.producers.map((p) => p.localId)) };
	}

	get #tracks() {
		return this.source.stream.getTracks().filter((track) => track.readyState === "live");
	}

	get #publications() {
		return [this.#live, this.#fresh].filter(Boolean);
	}

	ownsTransport(id) {
		return this.transport?.id === id;
	}

	oldTransportLost() {
		// The old transport was only needed until the new one carries media. Its loss
		// changes nothing.
	}

	isPaused(kind) {
		return this.#paused[kind];
	}

	/** Stops or starts sending one kind. A rejoin keeps this setting. */
	async setPaused(kind, paused) {
		this.#paused[kind] = paused;
		const told = [];
		for (const { transport, producers } of this.#publications)
			for (const producer of producers.filter((p) => p.kind === kind)) {
				if (paused)
					producer.pause();
				else
					producer.resume();
				told.push(this.#tell(transport, producer, paused ? "pauseProducer" : "resumeProducer"));
			}
		await Promise.all(told);
	}

	/** Ends the broadcast for everybody in the room; this session ends with it. */
	async closeRoom() {
		this.#closesRoom = true;
		try {
			await this.signaling.request("closeRoom");
		} catch (error) {
			this.#closesRoom = false;
			throw error;
		}
	}

	async join(turn) {
		this.transports.retire(this.#fresh?.transport);
		this.#fresh = null;
		this.transports.makeRoomFor(this.#live?.transport);
		const codec = this.#pickCodec();
		const transport = await this.openTransport("send", turn);
		const fresh = { transport, producers: [] };
		this.#fresh = fresh;
		transport.on("produce", ({ kind, rtpParameters, appData }, done, fail) => {
			const paused = this.#paused[kind];
			appData.toldPaused = paused;
			this.signaling.request("produce", { transportId: transport.id, kind, rtpParameters, paused })
				.then(done, fail);
		});
		for (const track of this.#tracks) {
			await this.#produce(fresh, track, codec);
			this.check(turn);
		}
		await connected(transport);
		this.check(turn);
		const old = this.#live;
		this.#live = fresh;
		this.#fresh = null;
		this.transports.retire(old?.transport);
		this.settled();
		this.setState("live", sendingWords(this.#tracks, this.source.lack));
	}

	resumes({ transports, producers }) {
		const live = this.#live;
		const given = new Map(producers.map((p) => [p.id, p]));
		if (!live || this.#fresh || !this.transports.isAmong(live.transport, transports) ||
			live.producers.some((p) => !given.has(p.id)))
			return false;
		for (const producer of live.producers) {
			if (given.get(producer.id).paused !== producer.paused)
				this.#repeat(live.transport, producer, producer.paused ? "pauseProducer" : "resumeProducer");
			given.delete(producer.id);
		}
		for (const unknown of given.values()) // it ended here while the server could not be told
			this.#repeat(live.transport, unknown, "closeProducer");
		return true;
	}

	#repeat(transport, producer, request) {
		this.#tell(transport, producer, request).catch((error) => this.note(error.message));
	}

	describeMedia() {
		this.setState("live", sendingWords(this.#tracks, this.source.lack));
	}

	async #produce({ transport, producers }, track, codec) {
		if (track.readyState === "ended")
			return;
		const { kind } = track;
		const options = { track, stopTracks: false };
		if (kind === "video")
			Object.assign(options, { codec, encodings: this.#encodings(track, codec) });
		const producer = await transport.produce(options);
		producers.push(producer);
		const paused = this.#paused[kind];
		if (paused)
			producer.pause();
		else
			producer.resume();
		// While the server answered, the track may have ended, or a person may have paused it.
		if (track.readyState === "ended")
			this.#unpublish(track);
		else if (paused !== producer.appData.toldPaused)
			await this.#tell(transport, producer, paused ? "pauseProducer" : "resumeProducer");
	}

	#encodings(track, codec) {
		return encodingsFor(codec?.mimeType ?? "", { layered: this.layered, svc: sendsLayers() }, track.getSettings());
	}

	/** Tells the server about a producer, if it knows it on the present socket. */
	async #tell(transport, { id: producerId }, request) {
		if (this.transports.isKnown(transport))
			await this.signaling.request(request, { producerId });
	}

	/** One track has ended for good. The others go on; without any the broadcast ends. */
	#trackEnded(track) {
		const { label, lack } = this.source;
		lack[track.kind] = lackOfEnded(track.kind, label);
		this.#unpublish(track);
		if (this.#tracks.length === 0)
			this.stop("failed", `The source ended (${label}): it was stopped or unplugged.`);
		this.#describe();
	}

	#unpublish(track) {
		for (const publication of this.#publications) {
			const { transport, producers } = publication;
			publication.producers = producers.filter((p) => p.track !== track);
			for (const producer of producers.filter((p) => p.track === track)) {
				producer.close();
				this.#tell(transport, producer, "closeProducer").catch(() => {
					// It went with its transport, as intended.
				});
			}
		}
	}

	#describe() {
		const words = sendingWords(this.#tracks, this.source.lack);
		if (this.state === "live" && words !== this.words) {
			this.note(words);
			this.setState("live", words);
		}
	}

	notice(type, data) {
		if (type === "roomClosed")
			this.#roomClosed(data.reason);
		else if (type === "producerClosed" && this.producers.some((p) => p.id === data.producerId))
			this.transportLost("the server closed what this page publishes", data);
	}

	#roomClosed(reason) {
		if (this.#closesRoom)
			this.stop("stopped", "You closed the room. Nobody receives it any more.");
		else
			this.stop("ended", `The room was closed by the server${reason ? ` (${reason})` : ""}. Nothing is ` +
				"going out any more.");
	}

	close() {
		for (const { transport } of this.#publications)
			this.transports.retire(transport);
		this.#fresh = null;
		this.#live = null;
		this.source.stop();
	}

	/** The capability of the codec to send video with; automatic: the server's first choice. */
	#pickCodec() {
		const wanted = `video/${this.codec}`.toLowerCase();
		const codec = this.device.sendRtpCapabilities.codecs.find((c) => c.kind === "video" &&
			(this.codec === "auto" || c.mimeType.toLowerCase() === wanted));
		if (!codec && this.codec !== "auto")
			throw new CodecError(`This browser or this server does not support sending ${this.codec}. ` +
				"Choose another codec, or automatic.");
		return codec;
	}
}
