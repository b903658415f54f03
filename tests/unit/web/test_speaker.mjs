// SPDX-License-Identifier: Apache-2.0
// When the page asks who speaks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Speaker } from "../../../controlplane/web/src/speaker.js";
import { Tiles } from "../../../controlplane/web/src/tiles.js";

function signalingOf(answer = () => Promise.resolve({})) {
	const asked = [];
	return { epoch: 1, connected: true, asked, request: (type, data) => {
		asked.push([type, data.intervalMs]);
		return answer();
	} };
}

test("a viewer of one host does not ask", () => {
	const signaling = signalingOf(), speaker = new Speaker(signaling);
	speaker.follow(0);
	speaker.follow(1);
	assert.deepEqual(signaling.asked, []);
});

test("a viewer of two hosts asks once, and ends it when one is left", () => {
	const signaling = signalingOf(), speaker = new Speaker(signaling);
	speaker.follow(2);
	speaker.follow(3);
	speaker.told({ producerId: "p" });
	assert.equal(speaker.producerId, "p");
	speaker.follow(1);
	assert.equal(speaker.producerId, null);
	speaker.told({ producerId: "p" }); // on its way when it was ended
	assert.equal(speaker.producerId, null);
	assert.deepEqual(signaling.asked, [["observeAudio", 400], ["observeAudio", 0]]);
});

test("a new socket is asked again, and a lost one is not", () => {
	const signaling = signalingOf(), speaker = new Speaker(signaling);
	speaker.follow(2);
	speaker.told({ producerId: "p" });
	signaling.connected = false;
	speaker.follow(2);
	assert.equal(speaker.producerId, null);
	signaling.epoch = 2;
	signaling.connected = true;
	speaker.follow(2);
	assert.equal(signaling.asked.length, 2);
});

test("a refusal changes nothing", async () => {
	const signaling = signalingOf(() => Promise.reject(new Error("forbidden")));
	new Speaker(signaling).follow(2);
	await new Promise((resolve) => setTimeout(resolve, 0));
	assert.equal(signaling.asked.length, 1);
});

/** As much of a document as Tiles needs. */
function fakeVideo() {
	const names = new Set(), attributes = {};
	return { dataset: {}, isConnected: true, paused: false, names, attributes,
		classList: { toggle: (name, on) => on ? names.add(name) : names.delete(name) },
		setAttribute: (name, value) => {
			attributes[name] = value;
		},
		addEventListener: () => {}, play: () => Promise.resolve() };
}

test("the tile of who speaks is marked, also after the tiles have moved", () => {
	const children = [];
	const list = { children, append: (video) => children.push(video), get lastChild() {
		return { remove: () => children.pop() };
	} };
	globalThis.document = { createElement: fakeVideo };
	const tiles = new Tiles(list, { addEventListener: () => {}, hidden: true });
	tiles.show(["a", "b"], false);
	tiles.setSpeaking("b");
	assert.deepEqual(children.map((v) => v.names.has("speaking")), [false, true]);
	assert.deepEqual(children.map((v) => v.attributes["aria-label"]),
		["Picture and sound of host 1", "Picture and sound of host 2, who speaks"]);
	tiles.show(["b"], false);
	assert.deepEqual(children.map((v) => v.names.has("speaking")), [true]);
	tiles.setSpeaking(null);
	assert.deepEqual(children.map((v) => v.names.has("speaking")), [false]);
	delete globalThis.document;
});
