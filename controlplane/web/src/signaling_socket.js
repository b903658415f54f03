// SPDX-License-Identifier: Apache-2.0
import { Emitter } from "./emitter.js";
import { REQUEST_TIMEOUT_MS, SignalingError } from "./signaling.js";

const BACKOFF_FIRST_MS = 250;
const BACKOFF_LAST_MS = 5000;
/** Requests that have another name here; the others have the same in both dialects. */
const EVENTS = { createWebRtcTransport: "createTransport", connectWebRtcTransport: "connectTransport" };
const STATUS = {
	403: ["forbidden", "origin: pages of this address may not use it"],
	503: ["too-many", "too many connections from this address"],
};
const NOTICES = ["newProducer", "producerClosed", "producerPaused", "producerResumed", "consumerClosed",
	"transportClosed", "roomClosed", "error"];

/** What an event's data is here, from what the plain dialect has. */
function toEvent({ purpose, ...data }) {
	return purpose === undefined ? data : { direction: purpose, ...data };
}

/** Why the server let us not in; null where it did not say. */
function refusalOf({ message, data, description }) {
	if (data?.code)
		return new SignalingError(data.code, data.message ?? message, "join");
	// Before there is a session it can say so only by the status of the HTTP request.
	const [code, why] = STATUS[description] ?? [];
	return code ? new SignalingError(code, why, "join") : null;
}

/**
 * The Socket.IO dialect, on the stock client, which is loaded when it is first wanted. The
 * same to its user as Signaling in signaling.js, which says what it does.
 *
 * The client comes back by itself after a connection that broke; after a goodbye of the
 * server's, or a refusal, we have to ask for it.
 */
export class SocketSignaling extends Emitter {
	epoch = 0;
	/** A second transport of one direction is a conflict. */
	overlaps = false;
	#location;
	#room;
	#auth = {};
	#making = null;
	#socket = null;
	#joined = false;
	#wanted = false;
	#tries = 0;
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
		clearTimeout(this.#timer);
		this.#socket?.disconnect();
	}

	/** Tries at once instead of waiting for the next turn. */
	retryNow() {
		if (this.#joined)
			return;
		this.#wanted = false;
		this.#socket?.disconnect();
		this.#wanted = true;
		this.#tries = 0;
		this.#connect();
	}

	/** Gives up a socket that no longer answers; the usual reconnection follows. */
	abandon() {
		this.#socket?.disconnect();
	}

	/** Resolves with the answer's data; rejects with a SignalingError. */
	async request(type, data = {}) {
		if (!this.#joined)
			throw new SignalingError("gone", "not connected to the server", type);
		const answer = await this.#ask(type, data);
		// Consumers start paused in this dialect.
		return type === "consume" ? { ...answer, paused: true } : answer;
	}

	async #ask(type, data) {
		const socket = this.#socket;
		let answer;
		try {
			answer = await socket.timeout(REQUEST_TIMEOUT_MS)
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
		if (this.#wanted)
			this.#socket.connect();
	}

	async #makeSocket() {
		const { io } = await import("./socket_io.js");
		const socket = io(this.#location.origin, {
			auth: this.#auth,
			autoConnect: false,
			reconnectionDelay: BACKOFF_FIRST_MS,
			reconnectionDelayMax: BACKOFF_LAST_MS,
			timeout: REQUEST_TIMEOUT_MS,
		});
		socket.on("connect", () => this.#join());
		socket.on("disconnect", () => this.#lost(null));
		socket.on("connect_error", (error) => this.#lost(refusalOf(error)));
		for (const type of NOTICES)
			socket.on(type, (data) => this.#notice(type, data ?? {}));
		return socket;
	}

	async #join() {
		const { id } = this.#socket;
		try {
			const { rtpCapabilities } = await this.#ask("getRouterRtpCapabilities", {});
			if (!this.#wanted || this.#socket.id !== id)
				return;
			this.#joined = true;
			this.#tries = 0;
			this.epoch++;
			this.emit("open", rtpCapabilities, this.epoch);
		} catch (error) {
			if (!this.#wanted || this.#socket.id !== id)
				return; // another connection's business by now
			this.#wanted = false;
			this.#socket.disconnect();
			this.#wanted = true;
			this.#lost(error);
		}
	}

	#notice(type, data) {
		// Answers come as events too; their acknowledgements have brought them home already.
		if (!this.#joined || (type === "error" && data.event !== undefined) ||
			(type === "transportClosed" && data.reason === undefined))
			return;
		// Our transports go by the server's id of them, not by the name that a successor would have too.
		this.emit("notice", type, data.transportId ? { ...data, transportId: data.id } : data);
	}

	#lost(refusal) {
		this.#joined = false;
		if (!this.#wanted)
			return;
		if (this.#socket.active)
			this.emit("lost", null, refusal);
		else
			this.#schedule(refusal);
	}

	#schedule(refusal) {
		// Jitter, so that an audience does not come back in one instant.
		const base = Math.min(BACKOFF_FIRST_MS * 2 ** this.#tries, BACKOFF_LAST_MS);
		const wait = Math.round(base * (0.8 + 0.4 * Math.random()));
		this.#tries++;
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.#connect(), wait);
		this.emit("lost", wait, refusal);
	}
}
