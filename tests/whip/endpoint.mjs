// SPDX-License-Identifier: Apache-2.0
// HTTP requests to one endpoint and to its sessions, with every header as it came, which fetch()
// does not tell. Connections are kept, since servers limit how many a client may begin.
import http from "node:http";
import https from "node:https";
import { makeOffer } from "./offers.mjs";
import { Stop } from "./report.mjs";

export const SDP = "application/sdp";
export const FRAGMENT = "application/trickle-ice-sdpfrag";
const TIMEOUT_MS = 10000;
const REDIRECTS = 5;
const MODULES = { "http:": http, "https:": https };
const AGENTS = Object.fromEntries(Object.entries(MODULES).map(([name, module]) => [name, new module.Agent({ keepAlive: true })]));

function sendOnce(method, url, headers, body) {
	return new Promise((resolve, reject) => {
		const request = MODULES[url.protocol].request(url, { method, headers, agent: AGENTS[url.protocol], timeout: TIMEOUT_MS },
			(response) => {
				const pieces = [];
				response.on("data", (piece) => pieces.push(piece));
				response.on("end", () => resolve(new Answer(url, response, Buffer.concat(pieces).toString("utf8"))));
				response.on("error", reject);
			});
		request.on("timeout", () => request.destroy(new Error(`${method} ${url}: no answer within ${TIMEOUT_MS} ms`)));
		request.on("error", (error) => reject(Object.assign(error, { stale: request.reusedSocket && error.code === "ECONNRESET" })));
		request.end(body);
	});
}

/** A server may end a kept connection at the moment when the next request leaves (RFC 9112, 9.3.1). */
async function send(...request) {
	try {
		return await sendOnce(...request);
	} catch (error) {
		if (!error.stale)
			throw error;
		return sendOnce(...request);
	}
}

class Answer {
	constructor(url, response, body) {
		Object.assign(this, { url, status: response.statusCode, raw: response.rawHeaders, body });
	}

	/** All values of a header, as they came. */
	all(name) {
		return this.raw.filter((_, i) => i % 2 === 1 && this.raw[i - 1].toLowerCase() === name);
	}

	/** A header's value, several joined; undefined if it is not there. */
	header(name) {
		const list = this.all(name);
		return list.length > 0 ? list.join(", ") : undefined;
	}

	/** The media type without parameters, in small letters. */
	get type() {
		return this.header("content-type")?.split(";")[0].trim().toLowerCase();
	}

	/** A header's comma-separated words in small letters. */
	words(name) {
		return (this.header(name) ?? "").toLowerCase().split(",").map((word) => word.trim()).filter(Boolean);
	}

	get refused() {
		return this.status >= 400 && this.status < 500;
	}

	get succeeded() {
		return this.status >= 200 && this.status < 300;
	}
}

export class Endpoint {
	#sessions = new Set();
	statuses = new Set(); // all that POST was answered with, redirections included

	constructor(protocol, url, token) {
		Object.assign(this, { protocol, url: new URL(url), token, sends: protocol === "WHIP" });
	}

	/** `token`: another one, or null for none. */
	async request(method, url, { type, headers = {}, body, token = this.token } = {}) {
		return send(method, new URL(url), { ...(type && { "content-type": type }), ...(token && { authorization: `Bearer ${token}` }),
			...headers }, body);
	}

	/** Posts an offer, following redirections. A session that was made ends with end() at the latest. */
	async post(body, { type = SDP, ...more } = {}) {
		let url = this.url;
		for (let i = 0; ; i++) {
			const answer = await this.request("POST", url, { type: type ?? undefined, body, ...more });
			this.statuses.add(answer.status);
			const to = answer.header("location");
			if (answer.status === 201 && to)
				this.#sessions.add(new URL(to, url).href);
			if (answer.status < 300 || answer.status >= 400 || !to || i === REDIRECTS)
				return answer;
			url = new URL(to, url);
		}
	}

	offer(options) {
		return makeOffer({ sends: this.sends, ...options });
	}

	/** A new session: { url, etag, offer, credentials, answer }, or Stop. */
	async open(options) {
		const { sdp, credentials } = this.offer(options);
		const answer = await this.post(sdp);
		if (answer.status !== 201 || !answer.header("location"))
			throw new Stop(`no ${this.protocol} session: ${answer.status} ${answer.body.slice(0, 200)}`);
		return { url: new URL(answer.header("location"), answer.url).href, etag: answer.header("etag"), offer: sdp, credentials, answer };
	}

	patch(session, body, { match = session.etag, type = FRAGMENT, ...more } = {}) {
		return this.request("PATCH", session.url, { type, body, ...more, headers: match ? { "if-match": match } : {} });
	}

	async close({ url }) {
		this.#sessions.delete(url);
		return this.request("DELETE", url);
	}

	/** Ends what the checks have left open. */
	async end() {
		for (const url of this.#sessions)
			await this.request("DELETE", url).catch(() => {});
		this.#sessions.clear();
	}
}

/** Ends the kept connections, which the process would wait for. */
export function disconnect() {
	for (const agent of Object.values(AGENTS))
		agent.destroy();
}
