// SPDX-License-Identifier: Apache-2.0
// What the player reads from Link headers, and the addresses that the page gives away.
import assert from "node:assert/strict";
import { test } from "node:test";
import { playerLink, publishLink } from "../../../controlplane/web/src/links.js";
import { iceServers } from "../../../controlplane/web/src/whep.js";

test("ICE servers are those of the Link headers, joined as fetch() does", () => {
	assert.deepEqual(iceServers(null), []);
	assert.deepEqual(iceServers('<http://h/whep/r/ID/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; ' +
		'events="active,inactive", <stun:s:3478>; rel="ice-server", <turn:t?transport=tcp>; rel="ice-server"; ' +
		'username="1700000000:peer"; credential="a+b/c="; credential-type="password"'),
	[{ urls: "stun:s:3478" }, { urls: "turn:t?transport=tcp", username: "1700000000:peer", credential: "a+b/c=" }]);
});

test("links are beside the page, below a proxy's path too, and have no token", () => {
	const page = "https://h/live/spate/?room=x&token=secret#y";
	assert.equal(publishLink(page, "a room"), "https://h/live/spate/whip/a%20room");
	assert.equal(playerLink(page, "ä/b"), "https://h/live/spate/player?room=%C3%A4%2Fb");
	assert.equal(playerLink("http://h:3000/index.html", "r"), "http://h:3000/player?room=r");
});
