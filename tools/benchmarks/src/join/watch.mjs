// SPDX-License-Identifier: Apache-2.0
// A case of tools/bench join: the time from pressing Watch on the page until the picture is visible,
// beside a running host, and what the browser alone needs for a connection between two of its own
// RTCPeerConnections with the same picture.
import { setTimeout as sleep } from "node:timers/promises";
import { readFileSync } from "node:fs";
import { servePages } from "../../../../tests/e2e/lib/bundle.mjs";
import { openHost, pageUrl, reachState, startWithBrowser } from "../../../../tests/e2e/lib/page.mjs";
import { log, until } from "../../../../tests/e2e/lib/test.mjs";
import { most, spread } from "./figures.mjs";

const VISIBLE_MS = 300;
const BETWEEN_MS = 500;
const CACHE = { cache_ms: 30000, cache_bytes: 4000000 }; // Chromium sends key frames on request only

async function watchOnce(browser) {
	const page = await browser.open(pageUrl({ room: "default" }));
	await until("Watch can be pressed", 10, () => page.evaluate("document.getElementById('watch').disabled === false"),
		{ quiet: true });
	await page.click("#watch");
	const ms = await until("a first frame", 10, () => page.evaluate("spate.timeToFirstFrameMs"), { quiet: true });
	await page.close();
	return ms;
}

async function run(defer, { joins }) {
	const { browser } = await startWithBrowser(defer, { media: CACHE });
	const pages = await servePages({ loopback: readFileSync(new URL("loopback.js", import.meta.url), "utf8") });
	defer(() => pages.close());
	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	const loopback = await browser.open(pages.url("loopback"));
	await sleep(2000);
	const page = [], alone = [];
	for (let i = 0; i < joins; i++) {
		page.push(await watchOnce(browser));
		await sleep(BETWEEN_MS);
		alone.push(Math.round(await loopback.evaluate("loopback()")));
		await sleep(BETWEEN_MS);
		log(`watch ${i + 1}: ${page.at(-1)} ms; two RTCPeerConnections of one page: ${alone.at(-1)} ms`);
	}
	const watch_ms = spread(page), browser_ms = spread(alone);
	return { joins, watch_ms, browser_ms, noisy: browser_ms.p50 > 200,
		aims: [most("Watch pressed until the picture is visible, p50, ms", watch_ms.p50, VISIBLE_MS)], wrong: [] };
}

export const WATCH = {
	watch: { words: "Watch pressed until the picture is visible, beside a running host", joins: 10,
		seconds: ({ joins }) => joins * 4, run },
};
