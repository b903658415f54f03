// SPDX-License-Identifier: Apache-2.0
// The page's address: what it asks for, the token that leaves it, and where signaling is.
import assert from "node:assert/strict";
import { test } from "node:test";
import { signalingUrl } from "../../../controlplane/web/src/signaling.js";
import { takeToken, wishes } from "../../../controlplane/web/src/wishes.js";

const nobody = { token: "", user: "" };

test("signaling is beside the page, below a proxy's path too", () => {
	const url = (page, given = nobody) => signalingUrl(new URL(page), "a room", given);
	assert.equal(url("http://h:3000/?room=x"), "ws://h:3000/?room=a+room");
	assert.equal(url("https://h/live/spate/?room=x#y"), "wss://h/live/spate/?room=a+room");
	assert.equal(url("https://h/live/index.html"), "wss://h/live/?room=a+room");
	assert.equal(url("http://h/", { token: "t", user: "u" }), "ws://h/?room=a+room&user=u&token=t");
});

/** A tab: its address and its history entry. */
function makeTab(href) {
	const tab = { location: { href }, history: { state: null } };
	tab.history.replaceState = (state, _, url) => {
		tab.history.state = state;
		tab.location.href = String(url);
	};
	return tab;
}

test("the token leaves the address, and a reload still has it", () => {
	const tab = makeTab("https://h/?room=x&token=secret&role=host");
	assert.equal(takeToken(tab), "secret");
	assert.equal(tab.location.href, "https://h/?room=x&role=host");
	assert.equal(takeToken(tab), "secret");
	assert.equal(takeToken(makeTab("https://h/?room=x")), "");
});

test("an address that makes no sense asks for nothing odd", () => {
	const { room, codec, source, role, dialect, pattern, layered } =
		wishes("?codec=x&source=y&role=z&fps=900&size=1x1&simulcast=yes");
	assert.deepEqual([room, codec, source, role, dialect], ["default", "auto", "camera", null, "websocket"]);
	assert.deepEqual([layered, wishes("").layered, wishes("?simulcast=0").layered], [true, true, false]);
	assert.deepEqual(pattern, { width: 1280, height: 720, fps: 25 });
});
