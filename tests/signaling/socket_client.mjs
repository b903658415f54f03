// SPDX-License-Identifier: Apache-2.0
// A client of the Socket.IO dialect without a browser: the stock socket.io-client.
import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { io } from "socket.io-client";
import { ORIGIN } from "../e2e/lib/servers.mjs";
import { check } from "../e2e/lib/test.mjs";

const WAIT_MS = 5000;

/** What the answer to each event is called. */
export const ANSWERS = {
	getRouterRtpCapabilities: "routerRtpCapabilities",
	createTransport: "transportCreated",
	connectTransport: "transportConnected",
	restartIce: "iceRestarted",
	closeTransport: "transportClosed",
	produce: "produced",
	pauseProducer: "producerPaused",
	resumeProducer: "producerResumed",
	closeProducer: "producerClosed",
	getProducers: "producers",
	consume: "consumed",
	pauseConsumer: "consumerPaused",
	resumeConsumer: "consumerResumed",
	closeConsumer: "consumerClosed",
	requestKeyFrame: "keyFrameRequested",
	setPreferredLayers: "preferredLayersSet",
	setPriority: "prioritySet",
	setMaxBitrate: "maxBitrateSet",
	observeAudio: "audioObserved",
	getStats: "stats",
	closeRoom: "roomClosing",
};

export class SocketClient {
	events = []; // [name, data] of what no request has taken
	closed = null; // the reason, as socket.io-client names it
	room = null;
	resume = null; // the token to resume with that came last

	/** Connected, and in no room. Rejects with the client's connect_error. */
	static async open(options = {}) {
		const client = new SocketClient();
		client.socket = io(ORIGIN, { forceNew: true, reconnection: false, ...options });
		client.socket.onAny((name, data) => {
			if (name === "session")
				client.resume = data.resume;
			else
				client.events.push([name, data]);
		});
		client.socket.on("disconnect", (reason) => { client.closed = reason; });
		await new Promise((resolve, reject) => {
			client.socket.once("connect", resolve);
			client.socket.once("connect_error", reject);
		}).catch((error) => {
			client.socket.disconnect();
			throw error;
		});
		return client;
	}

	/** One that is in a room. */
	static async join(room = "default", options = {}) {
		const client = await SocketClient.open(options);
		client.room = room;
		client.capabilities = (await client.ask("getRouterRtpCapabilities")).rtpCapabilities;
		return client;
	}

	get id() {
		return this.socket.id;
	}

	/** Without an acknowledgement. */
	emit(event, data = {}) {
		this.socket.emit(event, { roomId: this.room, ...data });
	}

	/** [name, data] of the answer, which must have come as an event and as the acknowledgement. */
	async request(event, data = {}) {
		const ack = await this.socket.timeout(WAIT_MS).emitWithAck(event, { roomId: this.room, ...data });
		const at = this.events.findIndex(([name, got]) =>
			[ANSWERS[event], "error"].includes(name) && isDeepStrictEqual(got, ack));
		if (at < 0)
			throw new Error(`${event}: acknowledged with ${JSON.stringify(ack)}, but as event came only ` +
				JSON.stringify(this.events));
		return this.events.splice(at, 1)[0];
	}

	/** The data of an answer that must be one. */
	async ask(event, data) {
		const [name, answer] = await this.request(event, data);
		if (name !== ANSWERS[event])
			throw new Error(`${event}: ${JSON.stringify(answer)}`);
		return answer;
	}

	/** The request must fail with that code and a message that has `part` in it. */
	async fails(words, event, data, code, part = "") {
		const [name, answer] = await this.request(event, data);
		const right = name === "error" && answer.code === code && answer.event === event &&
			answer.message.includes(part) && Object.keys(answer).length === 3;
		check(right, `${words}: ${code}${right ? "" : `, but came ${name} ${JSON.stringify(answer)}`}`);
	}

	/** Takes the first event of that name that came or comes. */
	async heard(name, ms = WAIT_MS) {
		for (const end = Date.now() + ms; ; await sleep(5)) {
			const at = this.events.findIndex(([n]) => n === name);
			if (at >= 0)
				return this.events.splice(at, 1)[0][1];
			if (Date.now() > end)
				throw new Error(`no ${name} came; there are ${JSON.stringify(this.events)}`);
		}
	}

	/** All that came since, in order. */
	take() {
		return this.events.splice(0);
	}

	transport(direction) {
		return this.ask("createTransport", { direction });
	}

	/** What it is called by the workflow that this dialect comes from. */
	named(direction) {
		return `${this.id}-${direction}`;
	}

	end() {
		this.socket.disconnect();
	}
}
