// SPDX-License-Identifier: Apache-2.0
// A client of the JSON dialect without a browser: what goes over the WebSocket, and nothing else.
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket from "ws";
import { PORT } from "../e2e/lib/servers.mjs";
import { check } from "../e2e/lib/test.mjs";

const WAIT_MS = 5000;
let lastSsrc = 100000;

export class Client {
	messages = []; // everything that was not a reply
	closed = null; // {code, reason}
	resume = null; // the token to resume with that came last
	#waiting = new Map();
	#lastId = 0;

	static async open(query = "", { scheme = "ws", host = "127.0.0.1", ...options } = {}) {
		const client = new Client();
		client.socket = new WebSocket(`${scheme}://${host}:${PORT}/${query}`, options);
		client.socket.on("message", (data) => client.#message(JSON.parse(data)));
		client.socket.on("close", (code, reason) => { client.closed = { code, reason: `${reason}` }; });
		await new Promise((resolve, reject) => {
			client.socket.once("open", resolve);
			client.socket.once("error", reject);
		});
		return client;
	}

	/** One that has got its rtpCapabilities. */
	static async join(room = "default") {
		const client = await Client.open(`?room=${room}`);
		client.capabilities = (await client.heard("rtpCapabilities")).data;
		return client;
	}

	#message(message) {
		if (message.type === "session") {
			this.resume = message.data.resume;
			return;
		}
		const waiting = this.#waiting.get(message.id);
		if (waiting === undefined) {
			this.messages.push(message);
			return;
		}
		this.#waiting.delete(message.id);
		waiting(message);
	}

	send(message) {
		this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
	}

	/** The reply or error, whole. */
	request(type, data) {
		const id = ++this.#lastId;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(() => reject(new Error(`no answer to ${type}`)), WAIT_MS);
			this.#waiting.set(id, (message) => {
				clearTimeout(timer);
				resolve(message);
			});
			this.send({ type, id, data });
		});
	}

	/** The data of a reply that must be one. */
	async ask(type, data) {
		const message = await this.request(type, data);
		if (message.type !== type)
			throw new Error(`${type}: ${JSON.stringify(message.data)}`);
		return message.data;
	}

	/** The request must fail with that code and a message that has `part` in it. */
	async fails(words, type, data, code, part = "") {
		const message = await this.request(type, data);
		const right = message.type === "error" && message.data.code === code &&
			message.data.request === type && message.data.message.includes(part);
		check(right, `${words}: ${code}${right ? "" : `, but came ${JSON.stringify(message)}`}`);
	}

	/** Takes the first message of that type that came or comes. */
	async heard(type, ms = WAIT_MS) {
		for (const end = Date.now() + ms; ; await sleep(5)) {
			const at = this.messages.findIndex((m) => m.type === type);
			if (at >= 0)
				return this.messages.splice(at, 1)[0];
			if (Date.now() > end)
				throw new Error(`no ${type} came; there are ${JSON.stringify(this.messages)}`);
		}
	}

	async closes(words, code, ms = WAIT_MS) {
		for (const end = Date.now() + ms; this.closed === null && Date.now() < end;)
			await sleep(10);
		check(this.closed?.code === code, `${words}: closed with ${code} (${JSON.stringify(this.closed)})`);
	}

	transport(purpose) {
		return this.ask("createWebRtcTransport", { purpose });
	}

	async end() {
		if (this.closed !== null)
			return;
		const gone = new Promise((resolve) => this.socket.once("close", resolve));
		this.socket.close();
		await gone;
	}
}

export const dtlsParameters = {
	role: "client",
	fingerprints: [{ algorithm: "sha-256", value: Array(32).fill("AB").join(":") }],
};

export function audioParameters() {
	return {
		mid: `${lastSsrc % 1000}`,
		codecs: [{ mimeType: "audio/opus", payloadType: 111, clockRate: 48000, channels: 2,
			parameters: { minptime: 10, useinbandfec: 1 }, rtcpFeedback: [{ type: "transport-cc", parameter: "" }] }],
		headerExtensions: [{ uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 4, encrypt: false, parameters: {} }],
		encodings: [{ ssrc: ++lastSsrc }],
		rtcp: { cname: "", reducedSize: true },
	};
}

/** The RIDs r0, r1, … as browsers publish simulcast: without SSRCs. */
export function rids(count) {
	return Array.from({ length: count }, (_, i) => ({ rid: `r${i}`, scalabilityMode: "L1T3", active: true,
		maxBitrate: 100000 * 4 ** i, dtx: false }));
}

/** SSRC groups, as Safari publishes simulcast. */
export function ssrcs(count) {
	return Array.from({ length: count }, () => ({ ssrc: ++lastSsrc, rtx: { ssrc: ++lastSsrc } }));
}

/** A camera of these encodings; `codec` is VP8 unless it is given. */
export function layeredParameters(encodings, codec = { mimeType: "video/VP8", parameters: {} }) {
	const parameters = videoParameters();
	const rid = { uri: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", id: 10, encrypt: false, parameters: {} };
	Object.assign(parameters.codecs[0], codec);
	parameters.headerExtensions.push(rid);
	return { ...parameters, encodings };
}

export function videoParameters() {
	return {
		mid: `${lastSsrc % 1000}`,
		codecs: [
			{ mimeType: "video/VP8", payloadType: 96, clockRate: 90000, parameters: {},
				rtcpFeedback: [{ type: "nack", parameter: "" }, { type: "nack", parameter: "pli" }] },
			{ mimeType: "video/rtx", payloadType: 97, clockRate: 90000, parameters: { apt: 96 }, rtcpFeedback: [] },
		],
		headerExtensions: [{ uri: "urn:ietf:params:rtp-hdrext:sdes:mid", id: 4, encrypt: false, parameters: {} }],
		encodings: [{ ssrc: ++lastSsrc, rtx: { ssrc: ++lastSsrc } }],
		rtcp: { cname: "", reducedSize: true },
	};
}
