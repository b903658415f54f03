// SPDX-License-Identifier: Apache-2.0
import { atLeast, Backoff, spread } from "./backoff.js";
import { makeDevice } from "./device.js";
import { Emitter } from "./emitter.js";
import { connected, Superseded, Transports } from "./transports.js";
import { DRAINED, drainingWords, explain, isFinal, OPEN_ELSEWHERE, saysSameUser } from "./words.js";

const ICE_PATIENCE_MS = 1500;
const REJOIN_FIRST_MS = 500;
const REJOIN_LAST_MS = 8000;
const HEARTBEAT_MS = 20000;
const PROBE_TIMEOUT_MS = 5000;

/**
 * What host and viewer share: the socket, the device, one transport at a time, and the recovery
 * from every kind of loss. Each role derives from this class and implements how it joins.
 *
 * States: idle, connecting, live (host), playing and waiting (viewer), reconnecting, failed,
 * stopped, ended (the room was closed, or is open in another tab).
 * Events: "state" (state, words), "note" (words for the event log), "draining" (words for people, ""
 * when it is over): the server is about to be stopped; "end" after stop(): the session cannot be used
 * again.
 *
 * A role implements join(turn), which builds everything on a new transport and retires the old one
 * once the new one carries media; ownsTransport(id), true for the newest transport;
 * oldTransportLost(transport); notice(type, data); and close(). `turn` is the number of the join: a
 * newer join makes it invalid. It also implements resumes(data): the server has given back what it
 * names; true if the media of the last join can go on; and describeMedia(), which sets the state that
 * describes this media.
 */
export class Session extends Emitter {
	state = "idle";
	words = "";
	joins = 0;
	device = null;
	#turn = 0;
	#backoff = new Backoff(REJOIN_FIRST_MS, REJOIN_LAST_MS);
	#timer = null;
	#heart = null;
	#over = false;
	#draining = false;
	/** The join that was finished last. */
	#joined = 0;
	/** The join that was finished when the connection was lost, or null. */
	#kept = null;
	#capabilities = null;

	/** `signaling` is a Signaling or SocketSignaling for one room. */
	constructor(signaling) {
		super();
		this.signaling = signaling;
		this.transports = new Transports(signaling);
		signaling.on("open", (capabilities) => this.#opened(capabilities));
		signaling.on("resumed", (data) => this.#resumed(data));
		signaling.on("lost", (wait, refusal) => this.#lost(wait, refusal));
		signaling.on("notice", (type, data) => this.#notice(type, data));
	}

	start() {
		this.setState("connecting", "Connecting to the server.");
		this.signaling.open();
		// A dead socket shows in the media as soon as there is any. A waiting page has none.
		this.#heart = setInterval(() => {
			if (this.state === "waiting")
				this.probe();
		}, HEARTBEAT_MS);
	}

	stop(state = "stopped", words = "Stopped.") {
		if (this.#over)
			return;
		this.#turn++;
		this.#cancelJoin();
		clearInterval(this.#heart);
		this.close();
		this.signaling.close();
		this.#setDraining("");
		this.setState(state, words);
		this.#over = true;
		this.emit("end");
	}

	/**
	 * Looks after the socket, which may be dead without the browser knowing it, after the
	 * network came back or the page was hidden: one that gives no answer is replaced.
	 */
	async probe() {
		const { signaling } = this;
		if (!signaling.connected) {
			if (this.state === "reconnecting")
				signaling.retryNow();
			return;
		}
		const { epoch } = signaling;
		try {
			await signaling.request("getProducers", {}, PROBE_TIMEOUT_MS);
		} catch (error) {
			if (error.code === "timeout" && epoch === signaling.epoch)
				signaling.abandon();
		}
	}

	/** A person asked to try again: resets the back-off and tries now. */
	retry() {
		this.#backoff.reset();
		if (this.signaling.connected)
			this.rejoin("asked to try again", 0);
		else
			this.signaling.retryNow();
	}

	setState(state, words) {
		if (this.#over || (state === this.state && words === this.words))
			return;
		this.state = state;
		this.words = words;
		this.emit("state", state, words);
	}

	note(words) {
		this.emit("note", words);
	}

	/** Throws when a newer join has begun than the one with number `turn`. */
	check(turn) {
		if (turn !== this.#turn)
			throw new Superseded();
	}

	isCurrent(turn) {
		return turn === this.#turn;
	}

	/**
	 * Schedules a join with new transports after `wait` milliseconds, or after the back-off if
	 * it is undefined. The present transports keep running until the new ones carry media.
	 */
	rejoin(why, wait) {
		if (!this.signaling.connected || (this.#timer && wait !== 0))
			return;
		this.note(`Joining again: ${why}.`);
		this.#turn++;
		this.#cancelJoin();
		this.#timer = setTimeout(() => this.#join(), wait ?? this.#backoff.next());
	}

	/** Called by the role when media flows: resets the back-off. */
	settled() {
		this.#backoff.reset();
	}

	/**
	 * Makes a new mediasoup-client transport ("send" or "recv") on this socket. Later failures
	 * of the transport are ignored when `turn` is no longer the number of the current join.
	 */
	async openTransport(purpose, turn) {
		const transport = await this.transports.open(this.device, purpose, () => this.isCurrent(turn));
		transport.on("connectionstatechange", (state) => this.#transportState(transport, state, turn));
		return transport;
	}

	#opened(capabilities) {
		this.#capabilities = capabilities;
		this.#kept = null;
		this.note("Connected to the server.");
		if (this.joins > 0)
			this.setState("reconnecting", "The server is back. Joining again.");
		this.#turn++;
		this.#join();
	}

	/** The server knows us on the new connection: media goes on if there was any. */
	#resumed(data) {
		const kept = this.#kept;
		const latest = this.#turn;
		this.#kept = null;
		this.note("Connected to the server again.");
		if (kept !== null) {
			this.#turn = kept;
			if (this.resumes(data)) {
				this.#goOn(this.transport);
				return;
			}
		}
		this.#turn = latest + 1;
		this.#join();
	}

	/** A network that was lost takes the media along: ICE finds the new path, and DTLS goes on. */
	async #goOn(transport) {
		try {
			if (transport.connectionState !== "connected") {
				await this.transports.restartIce(transport);
				await connected(transport);
			}
			if (this.ownsTransport(transport.id))
				this.describeMedia();
		} catch (error) {
			if (!transport.closed && this.ownsTransport(transport.id))
				this.transportLost(error.message);
		}
	}

	/** For a role that can resume nothing. */
	resumes() {
		return false;
	}

	#lost(wait, refusal) {
		if (this.#joined === this.#turn && !this.#timer)
			this.#kept = this.#turn;
		this.#turn++;
		this.#cancelJoin();
		if (refusal && isFinal(refusal)) {
			this.signaling.close();
			this.setState("failed", explain(refusal));
			return;
		}
		const why = refusal ? explain(refusal) : this.#draining ? DRAINED : "The server does not answer.";
		this.#setDraining("");
		this.setState("reconnecting", `${why} Trying again in ${(wait / 1000).toFixed(1)} s.`);
	}

	/** Resolves with a mediasoup-client device for a router of these capabilities. */
	makeDevice(routerRtpCapabilities) {
		return makeDevice(routerRtpCapabilities);
	}

	async #join() {
		const turn = this.#turn;
		this.#cancelJoin();
		try {
			const device = await this.makeDevice(this.#capabilities);
			this.check(turn);
			this.device = device;
			this.joins++;
			await this.join(turn);
			this.#joined = turn;
		} catch (error) {
			if (error instanceof Superseded || turn !== this.#turn)
				return;
			this.joinFailed(error);
		}
	}

	/** A part of the present join failed with `error`: joins again, unless that cannot help. */
	joinFailed(error) {
		if (saysSameUser(error.message)) {
			this.stop("ended", OPEN_ELSEWHERE);
			return;
		}
		if (isFinal(error)) {
			this.setState("failed", explain(error));
			return;
		}
		if (error.code === "timeout")
			this.signaling.abandon();
		if (!this.signaling.connected)
			return;
		this.setState("reconnecting", `${explain(error)} Trying again.`);
		this.rejoin(error.message);
	}

	#cancelJoin() {
		clearTimeout(this.#timer);
		this.#timer = null;
	}

	/** Media goes on, and the server closes the socket when it is time: there is nothing to do but to say so. */
	#setDraining(words) {
		this.#draining = words !== "";
		if (words)
			this.note(words);
		this.emit("draining", words);
	}

	#notice(type, data) {
		if (type === "transportClosed" && saysSameUser(data.reason)) {
			// Joining again would only end the other page, which would do the same.
			this.stop("ended", OPEN_ELSEWHERE);
		} else if (type === "transportClosed") {
			if (this.ownsTransport(data.transportId))
				this.transportLost("the server closed the media connection", data);
		} else if (type === "draining") {
			this.#setDraining(drainingWords(data.deadlineMs));
		} else if (type === "drainingEnded") {
			this.#setDraining("");
			this.note("The server is not stopped after all.");
		} else if (type === "error") {
			this.note(`Server: ${data.message ?? data.code}`);
			// The server sends transportClosed after an error that names a transport.
			if (data.code === "unavailable" && !data.transportId)
				this.transportLost("the media server went away", data);
		} else {
			this.notice(type, data);
		}
	}

	/**
	 * The newest transport cannot be used any more. Without a connection nothing is done here:
	 * the next greeting leads to a join. `notice` is the data of the notice that said so.
	 */
	transportLost(why, notice = {}) {
		if (!this.signaling.connected)
			return;
		this.setState("reconnecting", `Media was lost: ${why}. Joining again.`);
		this.rejoin(why, spread(notice));
	}

	#transportState(transport, state, turn) {
		this.note(`Media connection: ${state}.`);
		if (!this.ownsTransport(transport.id)) {
			if (state === "failed" || state === "disconnected")
				this.oldTransportLost(transport);
		} else if (state === "failed" && this.isCurrent(turn)) {
			this.transportLost("the network path failed");
		} else if (state === "disconnected") {
			setTimeout(() => this.#restartIce(transport), atLeast(ICE_PATIENCE_MS));
		}
	}

	async #restartIce(transport) {
		if (transport.closed || transport.connectionState !== "disconnected" || !this.signaling.connected ||
			!this.ownsTransport(transport.id))
			return;
		this.note("Media interrupted: restarting ICE.");
		try {
			await this.transports.restartIce(transport);
		} catch (error) {
			if (!transport.closed && this.ownsTransport(transport.id))
				this.transportLost(error.message);
		}
	}
}
