// SPDX-License-Identifier: Apache-2.0
// A room that has more to show than one page may receive: two hosts, and a page that may receive three
// of their four producers.
import { setTimeout as sleep } from "node:timers/promises";
import { openHost, openViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

const CONSUMERS_PER_PEER = 3;
const SMALL = { codec: "VP8", size: "320x180" };
const words = (page) => page.evaluate("spate.words");
const joins = (page) => page.evaluate("spate.joins");

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer, { limits: { consumers_per_peer: CONSUMERS_PER_PEER } });
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
});
