// SPDX-License-Identifier: Apache-2.0
// Chromium plays over WHEP, from a page of another origin, what the web page publishes: first nobody
// does, then picture and sound come, with the payload types and extension ids that the browser's own
// offer had. DELETE ends one session, the room's end the other.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { documented, servePages } from "./lib/bundle.mjs";
import { metric } from "./lib/metrics.mjs";
import { checkNoErrors, openHost, reachState, startWithBrowser } from "./lib/page.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const SECONDS = 2;

async function plays(page, who) {
	check(await page.evaluate("whep.play('default')") === 201, `${who} is answered 201`);
	await until(`${who} decodes pictures`, 5, async () => (await page.evaluate("whep.received()")).frames > 5);
	const before = await page.evaluate("whep.received()");
	await sleep(SECONDS * 1000);
	const after = await page.evaluate("whep.received()");
	log(`${who}: ${JSON.stringify(after)}`);
	check(after.frames - before.frames >= SECONDS * 8, `${who}: ${after.frames - before.frames} frames in ${SECONDS} s`);
	const packets = after.audioPackets - before.audioPackets;
	check(packets >= SECONDS * 25, `${who}: ${packets} audio packets`);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer, { rooms: { grace_s: 1 } });
	const { whep: copied } = documented("whip.md");
	check(copied.trim().split("\n").length <= 30, "docs/whip.md has a client that is short enough to copy");
	const pages = await servePages({ whep: readFileSync(new URL("pages/whep.js", import.meta.url), "utf8"), copied });
	defer(() => pages.close());
	const [one, two] = [await browser.open(pages.url("whep")), await browser.open(pages.url("whep"))];
	check(await one.evaluate("whep.play('default')") === 409, "while nobody publishes, the answer is 409");
	one.errors.length = 0; // Chromium logs that status
	const copy = await browser.open(pages.url("copied"));

	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	await plays(one, "a player");
	await plays(two, "another one");
	await until("the client of docs/whip.md, which was there before the host, plays", 10, () =>
		copy.evaluate("document.querySelector('video').getVideoPlaybackQuality().totalVideoFrames > 20"));
	await copy.close();
	await until("a page that is closed ends its session", 5, async () => await metric("consumers") === 4);

	check(await one.evaluate("whep.end()") === 200, "DELETE is answered 200");
	await until("its player gets close_notify", 5, async () => await one.evaluate("whep.transportState()") === "closed");
	check(await metric("consumers") === 2, "the other one's consumers are there");
	await host.close();
	await until("the other one ends after the room's grace time", 10, async () => await two.evaluate("whep.transportState()") === "closed");
	check(await two.evaluate("whep.end()") === 404, "its session is gone");
	two.errors.length = 0;
	await until("no consumer is left in either process", 5, async () =>
		await metric("consumers") === 0 && await metric("dataplane_consumers") === 0);
	checkNoErrors(one, "a player");
});
