// SPDX-License-Identifier: Apache-2.0
// How a viewer requests what a room has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reception } from "../../../controlplane/web/src/reception.js";

globalThis.MediaStream = class {
	addTrack() {}
	removeTrack() {}
	getTracks() { return []; }
};

const PLAYING = { audio: false, video: false };

/** `answers` are the server's, by producer id: functions that return a promise. */
function receptionOf(answers) {
	const made = [], told = [];
	const signaling = { epoch: 1, connected: true, request: (type, data) => {
		if (type === "consume")
			return answers[data.producerId]();
		told.push([type, data.consumerId]);
		return Promise.resolve({});
	} };
	const transport = { id: "t", closed: false, appData: { epoch: 1 }, made, async consume(options) {
		made.push([options.producerId, transport.task]);
		return { ...options, track: {}, closed: false, close() { this.closed = true; } };
	} };
	return { made, told, transport, reception: new Reception(transport, signaling, { recvRtpCapabilities: {} }) };
}

const answerOf = (producerId, more = {}) => ({ id: `c-${producerId}`, kind: producerId, type: "simple", paused: true,
	producerPaused: false, rtpParameters: { rtcp: { cname: "host" } }, ...more });
const later = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));
const refusal = (code) => Promise.reject(Object.assign(new Error(code), { code }));

test("answers that arrive apart are negotiated together", async () => {
	let arrived = 0;
	const slow = async () => {
		const answer = await later(20, answerOf("video"));
		arrived++;
		return answer;
	};
	const { made, told, transport, reception } = receptionOf({ audio: async () => answerOf("audio"), video: slow });
	Object.defineProperty(transport, "task", { get: () => arrived });
	const consumers = await reception.consume(["audio", "video"], PLAYING, () => {});
	assert.deepEqual(made, [["audio", 1], ["video", 1]]);
	assert.deepEqual(consumers.map((c) => c.producerId), ["audio", "video"]);
	assert.deepEqual(told, [["resumeConsumer", "c-audio"], ["resumeConsumer", "c-video"]]);
});

test("a producer that is refused or goes does not hold up the others", async () => {
	const { reception } = receptionOf({ audio: async () => answerOf("audio"), video: () => refusal("too-many"),
		gone: () => refusal("not-found") });
	const consumers = await reception.consume(["gone", "video", "audio"], PLAYING, () => {});
	assert.deepEqual(consumers.map((c) => c.producerId), ["audio"]);
	assert.deepEqual([...reception.leftOut], ["video"]);
	assert.deepEqual([...reception.asked], ["audio"]);
});

test("a producer is requested once", async () => {
	const { made, reception } = receptionOf({ audio: () => later(5, answerOf("audio")) });
	const first = reception.consume(["audio"], PLAYING, () => {});
	assert.deepEqual(await reception.consume(["audio"], PLAYING, () => {}), []);
	assert.equal((await first).length, 1);
	assert.equal(made.length, 1);
});

test("a producer that closes while others are awaited gets no consumer", async () => {
	const { made, reception } = receptionOf({ audio: async () => answerOf("audio"),
		video: () => later(20, answerOf("video")) });
	const both = reception.consume(["audio", "video"], PLAYING, () => {});
	setTimeout(() => reception.remove("audio"), 5);
	assert.deepEqual((await both).map((c) => c.producerId), ["video"]);
	assert.deepEqual(made.map(([id]) => id), ["video"]);
});

test("what the viewer has paused stays paused", async () => {
	const { told, transport, reception } = receptionOf({ video: async () => answerOf("video") });
	const { consume } = transport;
	transport.consume = async (options) => ({ ...await consume(options), pause() { this.paused = true; } });
	const [consumer] = await reception.consume(["video"], { audio: false, video: true }, () => {});
	assert.equal(consumer.paused, true);
	assert.deepEqual(told, [["pauseConsumer", "c-video"]]);
});
