// SPDX-License-Identifier: Apache-2.0
import { Backoff } from "./backoff.js";
import { Emitter } from "./emitter.js";
import { BACKOFF_FIRST_MS, BACKOFF_LAST_MS, REQUEST_TIMEOUT_MS, SignalingError } from "./signaling.js";

/** Requests that have another name in this dialect. All others have the same name in both. */
const EVENTS = { createWebRtcTransport: "createTransport", connectWebRtcTransport: "connectTransport" };
const STATUS = {
	403: ["forbidden", "origin: pages of this address may not use it"],
	503: ["too-many", "too many connections from this address"],
};
const NOTICES = ["newProducer", "producerClosed", "producerPaused", "producerResumed", "consumerClosed",
	"transportClosed", "roomClosed", "draining", "drainingEnded", "layers", "layersChange", "score",
	"activeSpeaker", "error"];

/** Translates data of the WebSocket dialect into an event's data. */
function toEvent({ purpose, ...data }) {
	return purpose === undefined ? data : { direction: purpose, ...data };
}

/** The reason for which the server refused us, or null if it gave none. */
function refusalOf({ message, data, description }) {
	if (data?.code)
		return new SignalingError(data.code, data.message ?? message, "join");
	// Before there is a session the reason is only in the status of the HTTP response.
	const [code, why] = STATUS[description] ?? [];
	return code ? new SignalingError(code, why, "join") : null;
}

/**
 * The Socket.IO dialect, on the standard client, which is loaded at the first use. It has the
 * interface of Signaling in signaling.js.
 *
 * This class calls connect() after every loss. The client's own reconnection waits a similar time in
 * every page of an audience.
 */
export class SocketSignaling extends Emitter {
	epoch = 0;
	/** The server answers a second transport of one direction with a conflict. */
	overlaps = false;
	#location;
	#room;
	#auth = {};
	#resume = "";
	/** What the server has given back on this connection, before we were told whether it knows us. */
	#resumed = null;
	/** Notices of that time. */
	#early = [];
	#making = null;
	#socket = null;
	#joined = false;
	#wanted = false;
	#backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_LAST_MS);
	#timer = null;

	constructor(location, room, { token, user }) {
		super();
		this.#location = location;
		this.#room = room;
		if (token)
			this.#auth.token = token;
		if (user)
			this.#auth.userId = user;
	}

	get connected() {
		return this.#joined;
	}

	open() {
		this.#wanted = true;
		this.#connect();
	}

	close() {
		this.#wanted = false;
		this.#joined = false;
		this.#resume = "";
		clearTimeout(this.#timer);
		this.#socket?.disconnect();
	}

	/** Tries to connect now instead of after the back-off. */
	retryNow() {
		if (this.#joined)
			return;
		this.#giveUp();
		this.#backoff.reset();
		this.#connect();
	}

	/** Closes a socket that no longer answers. It reconnects as after any loss. */
	abandon() {
		this.#giveUp();
		this.#lost(null);
	}

	/** Resolves with the reply's data; rejects with a SignalingError. */
	async request(type, data = {}, timeoutMs = REQUEST_TIMEOUT_MS) {
		if (!this.#joined)
			throw new SignalingError("gone", "not connected to the server", type);
		const answer = await this.#ask(type, data, timeoutMs);
		// Consumers start paused in this dialect.
		return type === "consume" ? { ...answer, paused: true } : answer;
	}

	async #ask(type, data, timeoutMs = REQUEST_TIMEOUT_MS) {
		const socket = this.#socket;
		let answer;
		try {
			answer = await socket.timeout(timeoutMs)
				.emitWithAck(EVENTS[type] ?? type, { roomId: this.#room, ...toEvent(data) });
		} catch {
			throw socket.connected ? new SignalingError("timeout", `the server did not answer ${type}`, type)
				: new SignalingError("gone", "the connection to the server was lost", type);
		}
		if (typeof answer?.code === "string")
			throw new SignalingError(answer.code, answer.message ?? "failed", type);
		return answer ?? {};
	}

	async #connect() {
		clearTimeout(this.#timer);
		try {
			this.#making ??= this.#makeSocket();
			this.#socket = await this.#making;
		} catch {
			this.#making = null;
			if (this.#wanted)
				this.#schedule(null); // the client itself could not be loaded
			return;
		}
		if (!this.#wanted)
			return;
		this.#socket.auth = this.#resume ? { ...this.#auth, resume: this.#resume } : this.#auth;
		this.#socket.connect();
	}

	/**
	 * Ends the connection and keeps the session: disconnect() would tell the server that we leave. The
	 * events of the connection's end come to a socket that is no longer ours.
	 */
	#giveUp() {
		const socket = this.#socket;
		this.#joined = false;
		this.#socket = null;
		this.#making = null;
		if (!socket)
			return;
		socket.off();
		socket.io.engine?.close();
	}

	async #makeSocket() {
		const { io } = await import("./socket_io.js");
		const socket = io(this.#location.origin, {
			autoConnect: false,
			forceNew: true,
			path: new URL("./socket.io/", this.#location.href).pathname,
			reconnection: false,
			timeout: REQUEST_TIMEOUT_MS,
		});
		socket.on("connect", () => this.#join());
		socket.on("resumed", (data) => {
			this.#resumed = data;
		});
		socket.on("session", ({ resume }) => {
			this.#resume = resume;
		});
		socket.on("disconnect", () => this.#lost(null));
		socket.on("connect_error", (error) => this.#lost(refusalOf(error)));
		for (const type of NOTICES)
			socket.on(type, (data) => this.#notice(type, data ?? {}));
		return socket;
	}

	async #join() {
		const { id } = this.#socket;
		this.#resumed = null;
		this.#early.length = 0;
		try {
			const { rtpCapabilities } = await this.#ask("getRouterRtpCapabilities", {});
			if (!this.#wanted || this.#socket?.id !== id)
				return;
			this.#greeted(rtpCapabilities);
		} catch (error) {
			if (!this.#wanted || this.#socket?.id !== id)
				return; // this reply belongs to an earlier connection
			this.#giveUp();
			this.#lost(error);
		}
	}

	/** What the server gives back comes before the answer to our first request. */
	#greeted(rtpCapabilities) {
		const resumed = this.#resumed;
		this.#joined = true;
		this.#backoff.reset();
		if (resumed) {
			this.emit("resumed", resumed);
			for (const [type, data] of this.#early.splice(0))
				this.#notice(type, data);
			return;
		}
		this.epoch++;
		this.emit("open", rtpCapabilities, this.epoch);
	}

	#notice(type, data) {
		if (this.#resumed && !this.#joined)
			this.#early.push([type, data]);
		// The server sends replies as events, too. request() has already taken them from
		// the acknowledgements.
		if (!this.#joined || (type === "error" && data.event !== undefined) ||
			(type === "transportClosed" && data.reason === undefined))
			return;
		// The page names transports by the server's id. The name in transportId would be
		// that of a successor as well.
		this.emit("notice", type, data.transportId ? { ...data, transportId: data.id } : data);
	}

	#lost(refusal) {
		this.#joined = false;
		if (this.#wanted)
			this.#schedule(refusal);
	}

	#schedule(refusal) {
		const wait = this.#backoff.next();
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#connect(), wait);
		this.emit("lost", wait, refusal);
	}
}
