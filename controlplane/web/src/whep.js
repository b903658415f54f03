// SPDX-License-Identifier: Apache-2.0
// A WHEP session without any library: one request, one RTCPeerConnection, and the event stream.
import { Emitter } from "./emitter.js";

const EVENTS = ["active", "inactive", "reconnect"];

/** A request that the server refused; `message` is for people. */
export class Refused extends Error {
	constructor(status, detail) {
		super(detail);
		this.status = status;
	}

	static async from(response) {
		const problem = await response.json().catch(() => null);
		return new Refused(response.status, problem?.detail ?? `The server answered ${response.status}.`);
	}
}

/** The RTCIceServer[] in the Link headers, which fetch() joins with commas. */
export function iceServers(link) {
	const servers = [];
	for (const [, url, parameters] of (link ?? "").matchAll(/<([^>]*)>((?:;\s*[\w-]+="[^"]*")*)/g)) {
		const given = Object.fromEntries([...parameters.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, k, v]) => [k, v]));
		if (given.rel !== "ice-server")
			continue;
		const { username, credential } = given;
		servers.push(username ? { urls: url, username, credential } : { urls: url });
	}
	return servers;
}

/**
 * One session. Events: "connected"; "track" (media of another kind has begun); "active", "inactive"
 * (by the publisher); "lost" (no media path any more, or the server ended the session).
 */
export class WhepSession extends Emitter {
	stream = new MediaStream();
	#endpoint;
	#headers;
	#session = null;
	#source = null;
	#over = false;
	#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });

	/** `endpoint`: a URL; `token`: "" for none. */
	constructor(endpoint, token) {
		super();
		this.#endpoint = endpoint;
		this.#headers = token ? { Authorization: `Bearer ${token}` } : {};
		this.#pc.addEventListener("track", ({ track }) => this.#add(track));
		this.#pc.addEventListener("connectionstatechange", () => this.#stateChanged());
	}

	/** Throws Refused, or what fetch() and RTCPeerConnection throw. */
	async start() {
		const pc = this.#pc;
		for (const kind of ["audio", "video"])
			pc.addTransceiver(kind, { direction: "recvonly" });
		const offer = await pc.createOffer();
		const response = await this.#post(this.#endpoint, "application/sdp", offer.sdp);
		// Behind a proxy the server may not know its own address: only the id is taken.
		this.#session = `${this.#endpoint}/${response.headers.get("Location").split("/").pop()}`;
		const answer = await response.text();
		if (this.#over) {
			this.#delete();
			return;
		}
		// Candidates are gathered from here on, so that the TURN servers are known.
		pc.setConfiguration({ ...pc.getConfiguration(), iceServers: iceServers(response.headers.get("Link")) });
		await pc.setLocalDescription(offer);
		await pc.setRemoteDescription({ type: "answer", sdp: answer });
		const dtls = pc.getReceivers()[0].transport;
		dtls?.addEventListener("statechange", () => {
			if (dtls.state === "closed" || dtls.state === "failed")
				this.#lost();
		});
		await this.#listen();
	}

	getStats() {
		return this.#pc.getStats();
	}

	close() {
		if (this.#over)
			return;
		this.#over = true;
		this.#source?.close();
		this.#pc.close();
		if (this.#session)
			this.#delete();
	}

	/**
	 * A track is muted until its media comes, which can be never: the host may publish the other kind
	 * alone. A media element plays nothing before each picture track of its stream has a picture;
	 * it waits for no sound.
	 */
	#add(track) {
		const add = () => {
			this.stream.addTrack(track);
			if (!this.#over)
				this.emit("track");
		};
		if (track.kind === "video" && track.muted)
			track.addEventListener("unmute", add, { once: true });
		else
			add();
	}

	async #post(url, type, body) {
		const response = await fetch(url, { method: "POST", headers: { ...this.#headers, "Content-Type": type }, body });
		if (response.status !== 201)
			throw await Refused.from(response);
		return response;
	}

	#delete() {
		// It may be gone already; a page that is left has no time to wait.
		fetch(this.#session, { method: "DELETE", headers: this.#headers, keepalive: true }).catch(() => {});
	}

	/** The events say more than the connection does; without them the player works as well. */
	async #listen() {
		let stream;
		try {
			const made = await this.#post(`${this.#session}/events`, "application/json", JSON.stringify(EVENTS));
			stream = made.headers.get("Location").split("/").pop();
		} catch {
			return;
		}
		if (this.#over)
			return;
		this.#source = new EventSource(`${this.#session}/events/${stream}`);
		for (const name of ["active", "inactive"])
			this.#source.addEventListener(name, () => this.emit(name));
		this.#source.addEventListener("reconnect", () => this.#lost());
	}

	#stateChanged() {
		const { connectionState } = this.#pc;
		if (connectionState === "connected")
			this.emit("connected");
		else if (connectionState === "failed")
			this.#lost();
	}

	#lost() {
		if (!this.#over)
			this.emit("lost");
	}
}
