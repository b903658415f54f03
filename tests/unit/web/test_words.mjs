// SPDX-License-Identifier: Apache-2.0
// What a person reads while media flows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { comingWords, lackOf, saysSameUser, sendingWords } from "../../../controlplane/web/src/words.js";

const [audio, video] = [{ kind: "audio", muted: false }, { kind: "video", muted: false }];

test("a host reads what it sends, and why something is missing", () => {
	assert.equal(sendingWords([audio, video], {}), "Picture and sound are going out.");
	assert.equal(sendingWords([video], {}), "The picture is going out, without sound.");
	assert.equal(sendingWords([video], { audio: lackOf("audio", { name: "NotFoundError" }) }),
		"The picture is going out, without sound. The microphone was not found.");
	assert.equal(sendingWords([audio], { video: lackOf("video", { name: "NotReadableError" }) }),
		"The sound is going out, without a picture. The camera is in use by another program.");
});

test("a host reads that a track is muted", () => {
	assert.match(sendingWords([{ ...audio, muted: true }, video], {}), /muted the sound/);
	assert.match(sendingWords([audio, { ...video, muted: true }], {}), /stopped the picture/);
});

test("a viewer reads what it receives", () => {
	assert.equal(comingWords(new Set(["audio", "video"]), false, 0), "Picture and sound are coming in.");
	assert.equal(comingWords(new Set(["video"]), false, 0), "The picture is coming in, without sound.");
	assert.equal(comingWords(new Set(["video"]), true, 0), "The host has paused the picture.");
	assert.match(comingWords(new Set(["video"]), false, 2), /2 left out/);
});

test("the server's words about the same user are recognized", () => {
	assert.ok(saysSameUser("the same user joined again"));
	assert.ok(saysSameUser("transportId: the same user joined again"));
	assert.ok(!saysSameUser("ICE consent expired"));
	assert.ok(!saysSameUser(undefined));
});
