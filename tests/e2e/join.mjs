// SPDX-License-Identifier: Apache-2.0
// Players who join while a host publishes, at moments that have nothing to do with its key frames: the
// first picture comes from the server's ring, the host is asked for none, and a few seconds later the
// picture is as close to live as that of any other.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { servePages } from "./lib/bundle.mjs";
import { metrics } from "./lib/metrics.mjs";
import { checkNoErrors, openHost, reachState, startWithBrowser } from "./lib/page.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const PAUSES_MS = [700, 100]; // before each joins
const SETTLE_MS = 3000;
const CACHE = { cache_ms: 30000, cache_bytes: 4000000 }; // for a slow machine: its key frame stays the newest
const BEHIND_MS = 300; // of live, then
const FIRST_MS = 500;

async function total(name) {
	return Object.entries(await metrics()).filter(([key]) => key.startsWith(`spate_worker_${name}_total`))
		.reduce((sum, [, value]) => sum + value, 0);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer, { media: CACHE });
	const pages = await servePages({ whep: readFileSync(new URL("pages/whep.js", import.meta.url), "utf8") });
	defer(() => pages.close());
	const host = await openHost(browser, { codec: "VP8", size: "320x180" });
	await reachState(host, "live", "host");
	const asked = await total("pli_out"), begun = Date.now();
	let soon = 0; // on a busy machine not each one

	for (const [i, ms] of PAUSES_MS.entries()) {
		const page = await browser.open(pages.url("whep"));
		await sleep(ms);
		check(await page.evaluate("whep.play('default')") === 201, "a player is answered 201");
		await until("it shows a picture", 5, async () => await page.evaluate("whep.firstPicture() !== undefined"));
		const first = await page.evaluate("whep.firstPicture()");
		await sleep(SETTLE_MS);
		const behind = await page.evaluate("whep.behind()");
		log(`player ${i + 1}, ${Date.now() - begun} ms after the host began: first picture ${first} ms after ICE, ` +
			`then ${behind} ms behind live`);
		soon += first <= FIRST_MS && behind <= BEHIND_MS;
		checkNoErrors(page, "player");
		await page.close();
	}
	log(`${await total("catch_up_out")} packets were sent to catch up`);
	const began = await total("catch_ups"), requests = await total("pli_out") - asked;
	check(began >= 1, `${began} of ${PAUSES_MS.length} began with a key frame of the past`);
	check(requests <= PAUSES_MS.length - began, `the host was asked for ${requests} key frames`);
	check(soon >= 1, `${soon} had a picture within ${FIRST_MS} ms, and then at most ${BEHIND_MS} ms behind live`);
});
