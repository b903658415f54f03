// SPDX-License-Identifier: Apache-2.0
// What a host asks its browser to send.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodingsFor } from "../../../controlplane/web/src/encodings.js";

const ONE = [{ maxBitrate: 4_000_000 }];
const SEVERAL = { layered: true, svc: true };
const HD = { width: 1280, height: 720 };

test("who wants one quality sends one encoding", () => {
	for (const codec of ["video/VP8", "video/VP9"])
		assert.deepEqual(encodingsFor(codec, { layered: false, svc: true }, HD), ONE);
});

test("VP8 and H264 are sent in three sizes, the smallest first", () => {
	for (const codec of ["video/VP8", "video/H264"]) {
		const encodings = encodingsFor(codec, SEVERAL, HD);
		assert.deepEqual(encodings.map((e) => e.scaleResolutionDownBy), [4, 2, 1]);
		assert.deepEqual(encodings.map((e) => e.maxBitrate), [150_000, 500_000, 1_500_000]);
	}
	assert.deepEqual(encodingsFor("video/VP8", SEVERAL, {}), encodingsFor("video/VP8", SEVERAL, HD));
	for (const options of [SEVERAL, { layered: false }]) {
		const [first] = encodingsFor("video/VP8", options); // mediasoup-client writes into them
		first.rid = "r0";
		assert.equal(encodingsFor("video/VP8", options)[0].rid, undefined);
	}
});

test("how many there are, and their bitrates, follow from the size of the picture", () => {
	const of = (width, height) => encodingsFor("video/VP8", SEVERAL, { width, height }).map((e) => e.maxBitrate / 1000);
	assert.deepEqual(of(1920, 1080), [200, 700, 2500]);
	assert.deepEqual(of(720, 1280), [150, 500, 1500]);
	assert.deepEqual(of(640, 360), [150, 700]);
	assert.deepEqual(encodingsFor("video/VP8", SEVERAL, { width: 320, height: 180 }), ONE);
});

test("VP9 and AV1 carry their layers in one encoding, where the browser can", () => {
	for (const codec of ["video/VP9", "video/AV1"]) {
		assert.deepEqual(encodingsFor(codec, SEVERAL, HD).map((e) => e.scalabilityMode), ["L3T3_KEY"]);
		assert.deepEqual(encodingsFor(codec, { layered: true, svc: false }, HD), ONE);
	}
});
