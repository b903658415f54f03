// SPDX-License-Identifier: Apache-2.0
// A connection dies without a word: the page finds out, and replaces its old peer, which the server
// still has.
import { checkPlaying, openHost, openViewer, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { WATCH_SOCKETS } from "./lib/sockets.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { test, until } from "./lib/test.mjs";

const SMALL = { codec: "VP8", size: "320x180" };
const tiles = (page) => page.evaluate("document.querySelectorAll('#tiles video').length");

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);

	say("a host's connection dies without a word, and the network comes back");
	const host = await openHost(browser, SMALL, { before: WATCH_SOCKETS });
	await reachState(host, "live", "the host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "the viewer");
	const joins = await host.evaluate("spate.joins");
	await host.evaluate("networkGone.add(sockets.at(-1)); void window.dispatchEvent(new Event('online'))");
	await until("the host has joined again", 15, async () => await host.evaluate("spate.joins") > joins);
	await reachState(host, "live", "the host");
	await until("its old sound and picture are gone, its old connection is not", 5, () => {
		const now = roomNow();
		return now.producers === 2 && now.peers === 3;
	});
	await reachState(viewer, "playing", "the viewer");
	await until("the viewer sees one picture", 5, async () => await tiles(viewer) === 1);
	await checkPlaying(viewer, "the viewer", 2, { minimumFps: 4 });

	say("a page that waits finds out when it is looked at again");
	const waiting = await openViewer(browser, { room: "later" }, { before: WATCH_SOCKETS });
	await reachState(waiting, "waiting", "who waits");
	await waiting.evaluate(
		"networkGone.add(sockets.at(-1)); void document.dispatchEvent(new Event('visibilitychange'))");
	await until("it has another connection", 15, () => waiting.evaluate("sockets.length === 2 && spate.joins === 2"));
	await reachState(waiting, "waiting", "who waits");
});
