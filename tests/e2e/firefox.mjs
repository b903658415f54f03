// SPDX-License-Identifier: Apache-2.0
// Firefox watches what Chromium publishes, and the other way round.
import { startChromium } from "./lib/chromium.mjs";
import { startFirefox } from "./lib/firefox.mjs";
import { checkFirstFrame, checkPlaying, openHost, openViewer, reachState, say } from "./lib/page.mjs";
import { artifact, Servers } from "./lib/servers.mjs";
import { test } from "./lib/test.mjs";

async function relay(from, to) {
	say(`${from.name} publishes, ${to.name} watches`);
	const host = await openHost(from, { codec: "VP8", room: from.name });
	await reachState(host, "live", "host");
	const viewer = await openViewer(to, { room: from.name });
	await reachState(viewer, "playing", "viewer");
	await checkFirstFrame(viewer, "viewer");
	await checkPlaying(viewer, "viewer", 5);
	await viewer.screenshot(artifact(`watched-in-${to.name.toLowerCase()}.png`));
	await viewer.close();
	await host.close();
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const firefox = await startFirefox();
	defer(() => firefox.close());
	const chromium = await startChromium();
	defer(() => chromium.close());
	await relay(chromium, firefox);
	await relay(firefox, chromium);
});
