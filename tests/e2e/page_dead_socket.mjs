// SPDX-License-Identifier: Apache-2.0
// A connection dies without a word: the page finds out, and takes its peer over, which the server
// still has on the old connection.
import { checkPlaying, openHost, openViewer, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { WATCH_SOCKETS } from "./lib/sockets.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

const SMALL = { codec: "VP8", size: "320x180" };
const tiles = (page) => page.evaluate("document.querySelectorAll('#tiles video').length");

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);

	say("a host's connection dies without a word, and the network comes back");
	const host = await openHost(browser, SMALL, { before: WATCH_SOCKETS });
	await reachState(host, "live", "the host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "the viewer");
	const had = await host.evaluate("[spate.joins, spate.transportId]");
	await host.evaluate("networkGone.add(sockets.at(-1)); void window.dispatchEvent(new Event('online'))");
	await until("the host has another connection", 15, () => host.evaluate("sockets.length === 2"));
	await reachState(host, "live", "the host");
	await until("it is there once, with one sound and one picture", 5, () => {
		const now = roomNow();
		return now.producers === 2 && now.peers === 2;
	});
	check(JSON.stringify(await host.evaluate("[spate.joins, spate.transportId]")) === JSON.stringify(had),
		"its media went on");
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
