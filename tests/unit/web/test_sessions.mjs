// SPDX-License-Identifier: Apache-2.0
// Whatever a person clicks while a permission prompt is open, at most one session runs afterwards,
// and no source stays open that nobody sends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Emitter } from "../../../controlplane/web/src/emitter.js";
import { Sessions } from "../../../controlplane/web/src/sessions.js";

class FakeSession extends Emitter {
	running = false;

	constructor(source) {
		super();
		this.source = source;
	}

	start() {
		this.running = true;
	}

	stop() {
		this.running = false;
		this.source?.stop();
		this.emit("state", "stopped", "Stopped.");
		this.emit("end");
	}
}

/** A page with prompts that the test answers: { sessions, prompts, sources, made, states }. */
function makePage() {
	const page = { prompts: [], sources: [], made: [], states: [], ends: 0 };
	const make = (source) => {
		page.made.push(new FakeSession(source));
		return page.made.at(-1);
	};
	page.sessions = new Sessions({
		choice: () => ({}),
		capture: () => new Promise((resolve, reject) => {
			page.prompts.push({
				async allow() {
					const source = { open: true, stream: {}, label: "Camera", stop() { this.open = false; } };
					page.sources.push(source);
					resolve(source);
					await settled();
				},
				async deny() {
					reject(Object.assign(new Error("no"), { name: "NotAllowedError" }));
					await settled();
				},
			});
		}),
		makeHost: (_, source) => make(source),
		makeViewer: () => make(),
	});
	page.sessions.on("state", (state) => page.states.push(state));
	page.sessions.on("end", () => page.ends++);
	page.running = () => page.made.filter((s) => s.running);
	page.open = () => page.sources.filter((s) => s.open);
	return page;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** All prompts are allowed, in an order that the test chooses. */
async function allow({ prompts }, order) {
	for (const i of order)
		await prompts[i].allow();
}

for (const order of [[0, 1], [1, 0]])
	test(`two clicks on Start as host, prompts allowed in the order ${order}`, async () => {
		const page = makePage();
		page.sessions.startHost();
		page.sessions.startHost();
		await allow(page, order);
		assert.equal(page.running().length, 1);
		assert.equal(page.open().length, 1);
		assert.equal(page.running()[0].source, page.open()[0]);
		page.sessions.stop();
		assert.equal(page.running().length, 0);
		assert.equal(page.open().length, 0);
		assert.equal(page.states.at(-1), "stopped");
	});

test("host, then watch while the prompt is open", async () => {
	const page = makePage();
	page.sessions.startHost();
	page.sessions.startViewer();
	await allow(page, [0]);
	assert.equal(page.running().length, 1);
	assert.equal(page.running()[0].source, undefined);
	assert.equal(page.open().length, 0);
	assert.equal(page.sessions.role, "watch");
});

test("stop while the prompt is open", async () => {
	const page = makePage();
	page.sessions.startHost();
	page.sessions.stop();
	assert.equal(page.ends, 1);
	await allow(page, [0]);
	assert.equal(page.made.length, 0);
	assert.equal(page.open().length, 0);
	assert.equal(page.states.at(-1), "stopped");
});

test("stop while the prompt is open, which is then denied", async () => {
	const page = makePage();
	page.sessions.startHost();
	page.sessions.stop();
	await page.prompts[0].deny();
	assert.equal(page.states.at(-1), "stopped");
});

test("try again after a refusal, and again while that prompt is open", async () => {
	const page = makePage();
	page.sessions.startHost();
	await page.prompts[0].deny();
	assert.equal(page.states.at(-1), "failed");
	page.sessions.retry();
	page.sessions.retry();
	assert.equal(page.prompts.length, 2);
	await page.prompts[1].allow();
	assert.equal(page.running().length, 1);
	page.sessions.stop();
	assert.equal(page.open().length, 0);
});

test("a start ends the session that runs, without its words", async () => {
	const page = makePage();
	page.sessions.startHost();
	await page.prompts[0].allow();
	page.sessions.startViewer();
	assert.equal(page.running().length, 1);
	assert.equal(page.open().length, 0);
	assert.ok(!page.states.includes("stopped"));
});

test("a session that has ended can be started again in its role", async () => {
	const page = makePage();
	page.sessions.startViewer();
	page.running()[0].stop();
	page.sessions.retry();
	assert.equal(page.running().length, 1);
	assert.equal(page.made.length, 2);
});
