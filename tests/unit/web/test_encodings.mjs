// SPDX-License-Identifier: Apache-2.0
// What a host asks its browser to send.
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodingsFor } from "../../../controlplane/web/src/encodings.js";

test("a plain host sends one encoding", () => {
	assert.deepEqual(encodingsFor("video/VP8", false), [{ maxBitrate: 4_000_000 }]);
});

test("VP8 and H264 are sent in three sizes, the smallest first", () => {
	for (const codec of ["video/VP8", "video/H264"])
		assert.deepEqual(encodingsFor(codec, true).map((e) => e.scaleResolutionDownBy), [4, 2, 1]);
	const [first] = encodingsFor("video/VP8", true); // mediasoup-client writes into them
	first.rid = "r0";
	assert.equal(encodingsFor("video/VP8", true)[0].rid, undefined);
});

test("VP9 and AV1 carry their layers in one encoding", () => {
	for (const codec of ["video/VP9", "video/AV1"])
		assert.deepEqual(encodingsFor(codec, true).map((e) => e.scalabilityMode), ["L3T3_KEY"]);
});
