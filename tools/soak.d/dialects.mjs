// SPDX-License-Identifier: Apache-2.0
// The three ways in which people come: the two dialects, and WHIP and WHEP. Each gives a member with
// the same methods. `media`: the process that has its transports (tests/signaling/transports.mjs).
import { setTimeout as sleep } from "node:timers/promises";
import { ORIGIN } from "../../tests/e2e/lib/servers.mjs";
import { Client } from "../../tests/signaling/client.mjs";
import { SocketClient } from "../../tests/signaling/socket_client.mjs";
import { audioCodec, offer, transportOf, videoCodec } from "./descriptions.mjs";

const OPUS = 111, VP8 = 96;
const ANSWERS = ["resumed", "rtpCapabilities"]; // to who comes

/** Both dialects have the same requests but for a transport. */
class Talker {
	client = null;
	names = []; // of its transports
	consumers = []; // {id, producerId, kind, paused}

	constructor(media, room) {
		this.media = media;
		this.room = room;
	}

	/** The name of a transport that is under way. */
	async #open(purpose) {
		const made = await this.create(purpose);
		const name = this.media.open(made, "client");
		this.names.push(name);
		await this.connect(made, this.media.dtlsParameters("client"));
		return { name, id: made.transportId ?? made.id };
	}

	async publish(sound, film) {
		await this.join();
		const { name, id: transportId } = await this.#open("send");
		await this.client.ask("produce", { transportId, kind: "audio", rtpParameters: parameters("0", audioCodec(OPUS), [sound]) });
		await this.client.ask("produce", { transportId, kind: "video", rtpParameters: parameters("1", videoCodec(VP8), film) });
		this.media.send(name, sound, OPUS);
		film.forEach((ssrc, encoding) => this.media.film(name, ssrc, VP8, encoding));
	}

	async watch() {
		await this.join();
		const { id: transportId } = await this.#open("recv");
		for (const { id: producerId } of (await this.client.ask("getProducers")).producers) {
			const { id, kind } = await this.client.ask("consume", { transportId, producerId, rtpCapabilities: this.client.capabilities });
			await this.client.ask("resumeConsumer", { consumerId: id });
			this.consumers.push({ id, producerId, kind, paused: false });
		}
	}

	get streams() {
		return this.consumers.length;
	}

	/** Whether the server has told that its transports are gone. */
	get hasLost() {
		return this.heard.includes("transportClosed");
	}

	/** Forgets its transports. `notify`: with close_notify. */
	hangUp(notify) {
		for (const name of this.names.splice(0))
			this.media.close(name, notify);
		this.consumers = [];
	}

	async leave(politely) {
		this.hangUp(politely);
		if (politely)
			await this.client?.end();
		else
			this.cut();
		this.client = null;
	}
}

/** The JSON dialect. */
export class Plain extends Talker {
	async join() {
		this.client = await Client.join(this.room);
	}

	create(purpose) {
		return this.client.transport(purpose);
	}

	connect({ id }, dtlsParameters) {
		return this.client.ask("connectWebRtcTransport", { transportId: id, dtlsParameters });
	}

	get heard() {
		return this.client.messages.map((m) => m.type);
	}

	cut() {
		this.client?.socket.terminate();
	}

	/**
	 * With its token. False: the server does not know it, and it is in the room as a new one. Throws when it
	 * is sent away, as long as the server does not know whom it had; then it has to try again.
	 */
	async comeBack() {
		const { resume, capabilities } = this.client;
		const client = await Client.open(`?room=${this.room}&resume=${resume}`);
		for (; !client.messages.some(({ type }) => ANSWERS.includes(type)); await sleep(5))
			if (client.closed)
				throw new Error(`who comes back is sent away: ${JSON.stringify(client.closed)}`);
		this.client = Object.assign(client, { capabilities });
		return this.heard.includes("resumed");
	}
}

/** Socket.IO. */
export class Socket extends Talker {
	async join() {
		this.client = await SocketClient.join(this.room, { transports: ["websocket"] });
	}

	create(purpose) {
		return this.client.transport(purpose);
	}

	connect({ transportId }, dtlsParameters) {
		return this.client.ask("connectTransport", { transportId, dtlsParameters });
	}

	get heard() {
		return this.client.events.map(([name]) => name);
	}

	cut() {
		this.client?.socket.io.engine?.close();
	}

	async comeBack() {
		const client = await SocketClient.open({ transports: ["websocket"], auth: { resume: this.client.resume } });
		client.room = this.room;
		client.capabilities = (await client.ask("getRouterRtpCapabilities")).rtpCapabilities;
		this.client.end();
		this.client = client;
		return this.heard.includes("resumed");
	}
}

/** WHIP and WHEP. */
export class Http {
	#location = null;
	#name = null;
	streams = 0;
	hasLost = true; // it hears nothing: its URL tells

	constructor(media, room) {
		this.media = media;
		this.room = room;
	}

	get names() {
		return this.#name ? [this.#name] : [];
	}

	async #post(path, body) {
		const response = await fetch(`${ORIGIN}/${path}`, { method: "POST", body, headers: { "content-type": "application/sdp" } });
		const answer = await response.text();
		if (response.status !== 201)
			throw new Error(`POST /${path}: ${response.status} ${answer.slice(0, 200)}`);
		this.#location = new URL(response.headers.get("location"), ORIGIN).href;
		this.#name = this.media.open(transportOf(answer), "client");
		return answer;
	}

	async publish(sound, film) {
		await this.#post(`whip/${this.room}`, offer(this.media.fingerprint, OPUS, VP8, [sound, film[0]]));
		this.media.send(this.#name, sound, OPUS);
		this.media.film(this.#name, film[0], VP8, 0);
	}

	async watch() {
		const answer = await this.#post(`whep/${this.room}`, offer(this.media.fingerprint, OPUS, VP8));
		this.streams = answer.match(/\r\na=sendonly\r\n/g).length;
	}

	/** Whether the server has its session. */
	async exists() {
		const { status } = await fetch(this.#location);
		return status === 204;
	}

	comeBack() {
		return this.exists();
	}

	hangUp(notify) {
		if (this.#name)
			this.media.close(this.#name, notify);
		this.#name = null;
	}

	/** Impolitely: without a word; the server finds out by itself. */
	async leave(politely) {
		this.hangUp(politely);
		if (politely && this.#location)
			await fetch(this.#location, { method: "DELETE" });
		this.#location = null;
	}
}

function parameters(mid, codec, ssrcs) {
	return { mid, codecs: [codec], headerExtensions: [], encodings: ssrcs.map((ssrc) => ({ ssrc })),
		rtcp: { cname: "soak", reducedSize: true } };
}

export const DIALECTS = { plain: Plain, socket: Socket, http: Http };
