// SPDX-License-Identifier: Apache-2.0
// What an audience costs the server while there is nothing to watch, and when it comes back; and a
// room that has more to show than one page may receive.
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

const CONSUMERS_PER_PEER = 3;
const SMALL = { codec: "VP8", size: "320x180" };
const words = (page) => page.evaluate("spate.words");
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

async function tooMany(browser) {
	say("two hosts, and a page that may receive three of their four");
	const room = "crowded";
	const hosts = [];
	for (let i = 0; i < 2; i++) {
		hosts.push(await openHost(browser, { ...SMALL, room }));
		await reachState(hosts[i], "live", `host ${i + 1}`);
	}
	const viewer = await openViewer(browser, { room });
	await reachState(viewer, "playing", "viewer");
	await until("the viewer reads that one is left out", 5, async () => (await words(viewer)).includes("1 left out"));
	await sleep(3000);
	check(await joins(viewer) === 1, "it does not join again");
	check(roomNow(room).consumers === CONSUMERS_PER_PEER, "it receives what it may");
	await hosts[0].close();
	await until("with room again it receives all of the other host", 5, () => roomNow(room).consumers === 2);
	await until("and reads that nothing is left out", 5, async () => !(await words(viewer)).includes("left out"));
	await viewer.close();
	await hosts[1].close();
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer, { limits: { consumers_per_peer: CONSUMERS_PER_PEER } });
	for (const dialect of ["websocket", "socket"])
		await nothingToWatch(browser, dialect);
	await spreadOut(browser);
	await tooMany(browser);
});
