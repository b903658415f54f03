// SPDX-License-Identifier: Apache-2.0
import { Session } from "./session.js";
import { connected } from "./transports.js";
import { CodecError } from "./words.js";

const MAX_BITRATE_BPS = 4_000_000;

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
	 * `source` is the result of capture() in sources.js; `codec` is "auto" or a name like
	 * "VP8".
	 */
	constructor(signaling, source, codec) {
		super(signaling);
		this.source = source;
		this.codec = codec;
		for (const track of source.stream.getTracks())
			track.addEventListener("ended", () => this.stop("failed",
				`The source ended (${source.label}): it was stopped or unplugged.`));
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
		for (const producer of this.producers.filter((p) => p.kind === kind)) {
			if (paused)
				producer.pause();
			else
				producer.resume();
			await this.signaling.request(paused ? "pauseProducer" : "resumeProducer",
				{ producerId: producer.id });
		}
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
			this.signaling.request("produce", { transportId: transport.id, kind, rtpParameters, appData, paused })
				.then(done, fail);
		});
		for (const track of this.source.stream.getTracks()) {
			fresh.producers.push(await this.#produce(transport, track, codec));
			this.check(turn);
		}
		await connected(transport);
		this.check(turn);
		const old = this.#live;
		this.#live = fresh;
		this.#fresh = null;
		this.transports.retire(old?.transport);
		this.settled();
		this.setState("live", "Picture and sound are going out.");
	}

	async #produce(transport, track, codec) {
		const options = { track, stopTracks: false };
		if (track.kind === "video")
			Object.assign(options, { codec, encodings: [{ maxBitrate: MAX_BITRATE_BPS }] });
		const producer = await transport.produce(options);
		if (this.#paused[track.kind])
			producer.pause();
		return producer;
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
		this.transports.retire(this.#fresh?.transport);
		this.transports.retire(this.#live?.transport);
		this.#fresh = null;
		this.#live = null;
		this.source.stop();
	}

	#pickCodec() {
		if (this.codec === "auto")
			return undefined;
		const wanted = `video/${this.codec}`.toLowerCase();
		const codec = this.device.sendRtpCapabilities.codecs.find((c) => c.mimeType.toLowerCase() === wanted);
		if (!codec)
			throw new CodecError(`This browser or this server does not support sending ${this.codec}. ` +
				"Choose another codec, or automatic.");
		return codec;
	}
}
