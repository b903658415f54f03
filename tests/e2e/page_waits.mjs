// SPDX-License-Identifier: Apache-2.0
// What an audience costs the server while there is nothing to watch, and when it comes back.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "./lib/namespace.mjs";
import {
	checkNoErrors, firstFrame, openHost, openViewer, reachState, say, startWithBrowser,
} from "./lib/page.mjs";
import { buildDir } from "./lib/servers.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

const SMALL = { codec: "VP8", size: "320x180" };
const joins = (page) => page.evaluate("spate.joins");

async function nothingToWatch(browser, dialect) {
	say(`viewers of an empty room, dialect ${dialect}`);
	const room = dialect;
	const viewer = await openViewer(browser, { room, dialect });
	await reachState(viewer, "waiting", "viewer");
	await sleep(1000);
	check(roomNow(room).peers === 1 && roomNow(room).transports === 0, "it waits without a transport");
	const host = await openHost(browser, { ...SMALL, room });
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await firstFrame(viewer, "viewer");
	check(roomNow(room).transports === 2, "and has one when there is something");

	say("the room is closed");
	execFileSync(join(buildDir, "tools/spatectl"), ["--run-dir", join(workDir(), "run"), "room", "close", room]);
	await reachState(viewer, "waiting", "viewer");
	await until("the viewer is in the new room", 5, () => roomNow(room).peers === 1);
	await sleep(1000);
	check(roomNow(room).transports === 0, "it waits without a transport again");
	check(await joins(viewer) === 2, "it has joined once more");
	await host.click("#retry");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	for (const page of [host, viewer]) {
		checkNoErrors(page, "a page");
		await page.close();
	}
}

/** Remembers the page's WebSocket, over which the test then speaks for the server. */
const KEEP_SOCKET = `{
	const Native = window.WebSocket;
	window.WebSocket = class extends Native {
		constructor(...given) {
			super(...given);
			window.socket = this;
		}
	};
	window.hear = (type, data) => socket.dispatchEvent(new MessageEvent("message",
		{ data: JSON.stringify({ type, data }) }));
}`;

async function spreadOut(browser) {
	say("the server says over how long the audience should come back");
	const host = await openHost(browser, { ...SMALL, room: "spread" });
	await reachState(host, "live", "host");
	for (const [random, soonest, latest] of [[1, 3500, 9000], [0, 0, 2500]]) {
		const viewer = await openViewer(browser, { room: "spread" }, { before: KEEP_SOCKET });
		await reachState(viewer, "playing", "viewer");
		const tookMs = await viewer.evaluate(`(async () => {
			Math.random = () => ${random};
			const began = performance.now();
			hear("transportClosed", { transportId: spate.transportId, reason: "a test", retryMs: 4000 });
			while (spate.joins < 2)
				await new Promise((resolve) => setTimeout(resolve, 20));
			return performance.now() - began;
		})()`);
		check(tookMs >= soonest && tookMs <= latest,
			`a page whose dice show ${random} joins again after ${Math.round(tookMs)} ms of 4000`);
		await reachState(viewer, "playing", "viewer");
		await viewer.close();
	}
	await host.close();
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	for (const dialect of ["websocket", "socket"])
		await nothingToWatch(browser, dialect);
	await spreadOut(browser);
});
