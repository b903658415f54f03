// SPDX-License-Identifier: Apache-2.0
import { Backoff } from "./backoff.js";
import { Emitter } from "./emitter.js";

export const REQUEST_TIMEOUT_MS = 10000;
export const BACKOFF_FIRST_MS = 1000;
export const BACKOFF_LAST_MS = 10000;
/** The close code of a socket that is given up: any other than 1000 and 1001 says that we come back. */
const GIVEN_UP = 4000;

/** WebSocket.CONNECTING */
const CONNECTING = 0;

/** A request that failed: `code` is the server's, or "gone" (socket lost) or "timeout". */
export class SignalingError extends Error {
	constructor(code, message, request) {
		super(message);
		this.name = "SignalingError";
		this.code = code;
		this.request = request;
	}
}

/**
 * The WebSocket address of the server that served the page at `location`, which a proxy may show
 * below a path of its own; `token`, `user` and `resume`, the token to resume with, may be empty.
 */
export function signalingUrl(location, room, { token, user }, resume = "") {
	const url = new URL("./", location.href);
	url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
	url.searchParams.set("room", room);
	if (user)
		url.searchParams.set("user", user);
	if (token)
		url.searchParams.set("token", token);
	if (resume)
		url.searchParams.set("resume", resume);
	return url.href;
}

/**
 * The JSON over WebSocket dialect, on a socket that reconnects.
 *
 * signaling_socket.js offers the same over Socket.IO. Requests and notices have the names of this
 * dialect in both.
 *
 * Events: "open" (router capabilities, epoch) each time the server has greeted us as a new client;
 * "resumed" ({ transports, producers, consumers }) each time it has given us back what we had, on a
 * new socket; "lost" (milliseconds until the next attempt; the error if the server refused us);
 * "notice" (type, data) for each message that is not a reply. The epoch counts the times that the
 * server took us for a new client: it does not know what was made in an earlier epoch.
 *
 * The token to resume with is kept in memory only: a page that is loaded again has no media that could
 * go on.
 */
export class Signaling extends Emitter {
	epoch = 0;
	/** True if a new transport may be made before the one it replaces is closed. */
	overlaps = true;
	#url;
	#resume = "";
	#socket = null;
	#greeted = false;
	#wanted = false;
	#pending = new Map();
	#nextId = 1;
	#backoff = new Backoff(BACKOFF_FIRST_MS, BACKOFF_LAST_MS);
	#timer = null;
	#refusal = null;

	constructor(location, room, credentials) {
		super();
		this.#url = (resume) => signalingUrl(location, room, credentials, resume);
	}

	get connected() {
		return this.#greeted;
	}

	open() {
		this.#wanted = true;
		this.#connect();
	}

	close() {
		this.#wanted = false;
		clearTimeout(this.#timer);
		this.#resume = "";
		this.#drop("closed here", 1000);
	}

	/** Tries to connect now instead of after the back-off. */
	retryNow() {
		if (!this.#greeted) {
			this.#wanted = true;
			this.#backoff.reset();
			this.#drop("retry");
			this.#connect();
		}
	}

	/** Closes a socket that no longer answers. It reconnects as after any loss. */
	abandon() {
		if (this.#socket)
			this.#lost(this.#socket);
	}

	/** Resolves with the reply's data; rejects with a SignalingError. */
	request(type, data = {}, timeoutMs = REQUEST_TIMEOUT_MS) {
		if (!this.#greeted)
			return Promise.reject(new SignalingError("gone", "not connected to the server", type));
		const id = this.#nextId++;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => {
				this.#pending.delete(id);
				reject(new SignalingError("timeout", `the server did not answer ${type}`, type));
			}, timeoutMs);
			this.#pending.set(id, { resolve, reject, timer, type });
			this.#socket.send(JSON.stringify({ type, id, data }));
		});
	}

	#connect() {
		clearTimeout(this.#timer);
		let socket;
		try {
			socket = new WebSocket(this.#url(this.#resume));
		} catch {
			this.#schedule();
			return;
		}
		this.#socket = socket;
		this.#refusal = null;
		// A socket that opens but gets no greeting counts as lost.
		this.#timer = setTimeout(() => this.#lost(socket), REQUEST_TIMEOUT_MS);
		socket.addEventListener("message", (event) => this.#receive(socket, event.data));
		socket.addEventListener("close", () => this.#lost(socket));
	}

	#receive(socket, text) {
		if (socket !== this.#socket)
			return;
		let message;
		try {
			message = JSON.parse(text);
		} catch {
			return;
		}
		const { type, id, data } = message;
		if ((type === "rtpCapabilities" || type === "resumed") && !this.#greeted) {
			this.#greet(type, data);
			return;
		}
		if (type === "session") {
			this.#resume = data.resume;
			return;
		}
		if (type === "error" && !this.#greeted) {
			this.#refusal = new SignalingError(data?.code ?? "internal", data?.message ?? "refused", "join");
			return;
		}
		const waiting = id === undefined ? undefined : this.#pending.get(id);
		if (!waiting) {
			this.emit("notice", type, data ?? {});
			return;
		}
		this.#pending.delete(id);
		clearTimeout(waiting.timer);
		if (type === "error")
			waiting.reject(new SignalingError(data?.code ?? "internal", data?.message ?? "failed", waiting.type));
		else
			waiting.resolve(data ?? {});
	}

	#greet(type, data) {
		clearTimeout(this.#timer);
		this.#greeted = true;
		this.#backoff.reset();
		if (type === "resumed") {
			this.emit("resumed", data);
			return;
		}
		this.epoch++;
		this.emit("open", data, this.epoch);
	}

	#lost(socket) {
		if (socket !== this.#socket)
			return;
		this.#drop("lost");
		if (this.#wanted)
			this.#schedule();
	}

	#schedule() {
		const wait = this.#backoff.next();
		this.#timer = setTimeout(() => this.#connect(), wait);
		this.emit("lost", wait, this.#refusal);
	}

	#drop(why, code = GIVEN_UP) {
		const socket = this.#socket;
		this.#socket = null;
		this.#greeted = false;
		clearTimeout(this.#timer);
		// Before it is open it sends no close frame, and the server would wait for us to come back.
		if (code !== GIVEN_UP && socket?.readyState === CONNECTING)
			socket.addEventListener("open", () => socket.close(code));
		else
			socket?.close(code);
		for (const { reject, timer, type } of this.#pending.values()) {
			clearTimeout(timer);
			reject(new SignalingError("gone", `the connection to the server was lost (${why})`, type));
		}
		this.#pending.clear();
	}
}
