// SPDX-License-Identifier: Apache-2.0
// Waiting for a transport's media path leaves no listener behind, however it ends.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { connected, Superseded } from "../../../controlplane/web/src/transports.js";

function makeTransport() {
	const transport = new EventEmitter();
	transport.connectionState = "new";
	transport.observer = new EventEmitter();
	return transport;
}

function checkNoListeners(transport) {
	assert.equal(transport.listenerCount("connectionstatechange"), 0);
	assert.equal(transport.observer.listenerCount("close"), 0);
}

test("it connects", async () => {
	const transport = makeTransport();
	const waits = [connected(transport), connected(transport)];
	transport.emit("connectionstatechange", "connecting");
	transport.emit("connectionstatechange", "connected");
	await Promise.all(waits);
	checkNoListeners(transport);
});

test("it is closed", async () => {
	const transport = makeTransport();
	const wait = connected(transport);
	transport.observer.emit("close");
	await assert.rejects(wait, Superseded);
	checkNoListeners(transport);
});

test("nothing happens", async () => {
	const transport = makeTransport();
	await assert.rejects(connected(transport, 1), /do not get through/);
	checkNoListeners(transport);
});
