// SPDX-License-Identifier: Apache-2.0
// Chromium publishes over WHIP, from a page of another origin, and a mediasoup-client plays its
// picture and its sound. DELETE ends the session: its connection, its producers, all that it had.
import { readFileSync } from "node:fs";
import { servePages } from "./lib/bundle.mjs";
import { metric } from "./lib/metrics.mjs";
import { checkFirstFrame, checkNoErrors, checkPlaying, openViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { check, test, until } from "./lib/test.mjs";

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const pages = await servePages({ whip: readFileSync(new URL("pages/whip.js", import.meta.url), "utf8") });
	defer(() => pages.close());

	const host = await browser.open(pages.url("whip"));
	const location = await host.evaluate("whip.publish('default')");
	check(location.includes("/whip/default/"), `the page may read the session's URL: ${location}`);
	await until("the publisher is connected", 5, async () => await host.evaluate("whip.transportState()") === "connected");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "viewer");
	await checkFirstFrame(viewer, "viewer");
	await until("viewer has the sound too", 5, () => viewer.evaluate("spate.consumers.length === 2"));
	await checkPlaying(viewer, "viewer", 2);

	check(await host.evaluate("whip.end()") === 200, "DELETE is answered 200");
	await until("the viewer's consumers have closed", 5, () => viewer.evaluate("spate.consumers.length === 0"));
	await until("the publisher gets close_notify", 5,
		async () => await host.evaluate("whip.transportState()") === "closed");
	const names = ["producers", "consumers", "dataplane_producers", "dataplane_consumers"];
	await until("neither process has a producer or a consumer", 5, async () =>
		(await Promise.all(names.map(metric))).every((n) => n === 0));
	checkNoErrors(host, "host");
	checkNoErrors(viewer, "viewer");
});
