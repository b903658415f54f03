// SPDX-License-Identifier: Apache-2.0
// What a session does when the server ends something, and when its socket is dead.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../../controlplane/web/src/emitter.js";
import { SignalingError } from "../../../controlplane/web/src/signaling.js";

let Session;
try {
	({ Session } = await import("../../../controlplane/web/src/session.js"));
} catch (error) {
	console.log(`SKIP: mediasoup-client is not installed (npm ci in controlplane/web): ${error.message}`);
	process.exit(77);
}

const SAME_USER = "the same user joined again";

class FakeSignaling extends Emitter {
	connected = true;
	epoch = 1;
	abandoned = 0;
	retried = 0;

	open() {}

	close() {
		this.connected = false;
	}

	abandon() {
		this.abandoned++;
	}

	retryNow() {
		this.retried++;
	}

	async request(type) {
		throw new SignalingError("timeout", "no answer", type);
	}
}

class FakeRole extends Session {
	closed = 0;
	rejoins = [];

	ownsTransport(id) {
		return id === "mine";
	}

	rejoin(why, wait) {
		this.rejoins.push(wait);
	}

	close() {
		this.closed++;
	}
}

function makeSession(t) {
	const session = new FakeRole(new FakeSignaling());
	session.ends = 0;
	session.on("end", () => session.ends++);
	session.start();
	t.after(() => session.stop());
	return session;
}

function checkYielded(session) {
	assert.equal(session.state, "ended");
	assert.match(session.words, /open in another tab/);
	assert.deepEqual([session.closed, session.ends, session.rejoins.length], [1, 1, 0]);
	assert.equal(session.signaling.connected, false);
}

test("the same user's other page makes it yield, once", (t) => {
	const session = makeSession(t);
	for (let i = 0; i < 2; i++)
		session.signaling.emit("notice", "transportClosed", { transportId: "mine", reason: SAME_USER });
	checkYielded(session);
	session.setState("reconnecting", "something that comes late");
	session.stop();
	checkYielded(session);
});

test("so does a request that the server refuses for that reason", (t) => {
	const session = makeSession(t);
	session.joinFailed(new SignalingError("conflict", SAME_USER, "createWebRtcTransport"));
	checkYielded(session);
});

test("another conflict is a failure like others", (t) => {
	const session = makeSession(t);
	session.joinFailed(new SignalingError("conflict", "direction: there is one", "createWebRtcTransport"));
	assert.equal(session.state, "reconnecting");
	assert.equal(session.rejoins.length, 1);
});

test("a lost transport is replaced, within the time that the server gives", (t) => {
	const session = makeSession(t);
	session.signaling.emit("notice", "transportClosed", { transportId: "another", reason: "x" });
	assert.deepEqual(session.rejoins, []);
	session.signaling.emit("notice", "transportClosed", { transportId: "mine", reason: "x" });
	session.signaling.emit("notice", "transportClosed", { transportId: "mine", reason: "x", retryMs: 0 });
	assert.deepEqual(session.rejoins, [undefined, 0]);
});

test("a socket that gives no answer is replaced, one that is being replaced is hurried", async (t) => {
	const session = makeSession(t);
	await session.probe();
	assert.deepEqual([session.signaling.abandoned, session.signaling.retried], [1, 0]);
	session.signaling.connected = false;
	await session.probe();
	assert.equal(session.signaling.retried, 0);
	session.signaling.emit("lost", 100, null);
	await session.probe();
	assert.equal(session.signaling.retried, 1);
});

test("what was refused for good is not tried again when a person looks", async (t) => {
	const session = makeSession(t);
	session.signaling.emit("lost", 100, new SignalingError("forbidden", "token: expired", "join"));
	assert.equal(session.state, "failed");
	await session.probe();
	assert.equal(session.signaling.retried, 0);
});

test("a server that is drained is told to people, and what is lost then is no fault", (t) => {
	const session = makeSession(t), told = [];
	session.on("draining", (words) => told.push(words));
	session.setState("playing", "Picture and sound are coming in.");
	session.signaling.emit("notice", "draining", { deadlineMs: 61000 });
	assert.match(told.at(-1), /stopped for maintenance within 2 minutes/);
	assert.equal(session.state, "playing");
	session.signaling.emit("notice", "drainingEnded", {});
	assert.equal(told.at(-1), "");
	session.signaling.emit("lost", 1000, null);
	assert.match(session.words, /does not answer/);
	session.signaling.emit("notice", "draining", { deadlineMs: 500 });
	assert.match(told.at(-1), /within a minute/);
	session.signaling.emit("lost", 1000, null);
	assert.match(session.words, /was stopped for maintenance\. Trying again in 1\.0 s/);
	assert.equal(told.at(-1), "");
	assert.equal(session.state, "reconnecting");
	session.signaling.emit("lost", 1000, null);
	assert.match(session.words, /does not answer/);
	assert.deepEqual(session.rejoins, []);
});

class ResumingRole extends FakeRole {
	transport = { id: "mine", connectionState: "connected", closed: false };
	begun = 0;
	given = [];
	described = 0;
	can = true;

	async join() {
		this.begun++;
	}

	resumes(data) {
		this.given.push(data);
		return this.can;
	}

	describeMedia() {
		this.described++;
	}
}

/** A session that has joined once. A device of mediasoup-client needs a browser. */
async function joined(t) {
	const session = new ResumingRole(new FakeSignaling());
	session.start();
	t.after(() => session.stop());
	session.makeDevice = async () => ({});
	session.signaling.emit("open", {}, 1);
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(session.begun, 1);
	return session;
}

test("what was joined goes on when the server gives it back", async (t) => {
	const session = await joined(t);
	for (let times = 1; times <= 3; times++) {
		session.signaling.emit("lost", 100, null);
		session.signaling.emit("lost", 100, null); // a second try, which failed
		assert.equal(session.state, "reconnecting");
		session.signaling.emit("resumed", { transports: [] });
		await new Promise((resolve) => setImmediate(resolve));
		assert.deepEqual([session.begun, session.given.length, session.described], [1, times, times]);
	}
});

test("what cannot go on is joined again, and so is a join that was under way", async (t) => {
	const session = await joined(t);
	session.can = false;
	session.signaling.emit("lost", 100, null);
	session.signaling.emit("resumed", { transports: [] });
	await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual([session.begun, session.given.length, session.described], [2, 1, 0]);
	session.can = true;
	session.join = () => new Promise(() => {}); // it waits for the server
	session.signaling.emit("open", {}, 2);
	await new Promise((resolve) => setImmediate(resolve));
	session.signaling.emit("lost", 100, null);
	session.signaling.emit("resumed", { transports: [] });
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(session.given.length, 1);
});

test("a server that knows nothing of us is joined as at first", async (t) => {
	const session = await joined(t);
	session.signaling.emit("lost", 100, null);
	session.signaling.emit("open", {}, 2);
	await new Promise((resolve) => setImmediate(resolve));
	assert.deepEqual([session.begun, session.given.length], [2, 0]);
});
