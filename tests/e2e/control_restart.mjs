// SPDX-License-Identifier: Apache-2.0
// The control plane is killed, and ended, while media flows: pictures keep coming, no packet is lost,
// and the pages of both dialects come back by themselves to what they had. No page makes a new
// transport, and the server makes no DTLS handshake.
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "./lib/metrics.mjs";
import { audioOf, firstFrame, hostAndViewer, openViewer, reachState, say, startWithBrowser, stats, videoOf } from "./lib/page.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, log, test, until } from "./lib/test.mjs";

/** What has to be the same afterwards. */
const KEPT = `JSON.stringify({ transport: spate.transportId, joins: spate.joins, notReloaded: window.notReloaded,
	consumers: spate.consumers.map((c) => c.id).sort(), producers: spate.producers.map((p) => p.id).sort() })`;

async function lost(page) {
	const { inbound } = await stats(page);
	return videoOf(inbound).packetsLost + audioOf(inbound).packetsLost;
}

/** How many pictures come depends on the machine, and sound comes in any case: what stops shows in both. */
async function goesOn(page, who, seconds) {
	const [before, begun] = [await stats(page), Date.now()];
	await sleep(seconds * 1000);
	await until(`${who} has new pictures`, 10, async () =>
		videoOf((await stats(page)).inbound).framesDecoded >= videoOf(before.inbound).framesDecoded + 5);
	const packets = audioOf((await stats(page)).inbound).packetsReceived - audioOf(before.inbound).packetsReceived;
	check(packets >= (Date.now() - begun) / 1000 * 25, `${who}: and ${packets} packets of sound`);
}

async function restart(signal, servers, pages) {
	say(signal);
	const before = await Promise.all(pages.map(({ page }) => page.evaluate(KEPT)));
	const viewers = pages.filter(({ state }) => state === "playing");
	const lostBefore = await Promise.all(viewers.map(({ page }) => lost(page)));
	await servers.controlplane.end(signal);
	await reachState(viewers[0].page, "reconnecting", viewers[0].who);
	await goesOn(viewers[0].page, `${viewers[0].who} without a control plane`, 2);

	await servers.startControlplane();
	const back = Date.now();
	await until("all have come back", 20, async () => await metric("resumes_total") === pages.length, { quiet: true });
	for (const { who, page, state } of pages)
		await reachState(page, state, who);
	log(`all were back ${((Date.now() - back) / 1000).toFixed(1)} s after the page was served again`);
	for (const [i, { who, page }] of pages.entries())
		check(await page.evaluate(KEPT) === before[i], `${who} goes on with what it had (${before[i]})`);
	check(await metric('dtls_handshakes_total{result="ok"}') === 0, "without a DTLS handshake");
	const { peers, transports } = roomNow("default");
	check(peers === pages.length && transports === pages.length, "nobody is there twice");
	for (const [i, { who, page }] of viewers.entries()) {
		await goesOn(page, who, 1);
		check(await lost(page) === lostBefore[i], `${who} has lost no packet`);
	}
}

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);

	const { host, viewer } = await hostAndViewer(browser);
	const socket = await openViewer(browser, { dialect: "socket" });
	await reachState(socket, "playing", "a viewer over Socket.IO");
	await firstFrame(socket, "a viewer over Socket.IO");
	await until("it has the sound too", 10, () => socket.evaluate("spate.consumers.length === 2"));
	const pages = [{ who: "the host", page: host, state: "live" }, { who: "the viewer", page: viewer, state: "playing" },
		{ who: "the viewer over Socket.IO", page: socket, state: "playing" }];
	for (const { page } of pages)
		await page.evaluate("void (window.notReloaded = true)");
	await restart("SIGKILL", servers, pages);
	await restart("SIGTERM", servers, pages);

	say("what is new after a restart works as before it");
	await host.click("#pause-video");
	for (const { who, page } of pages.slice(1))
		await until(`${who} reads that the host has paused`, 10, async () =>
			(await page.evaluate("spate.words")).includes("host has paused the picture"));
	const errors = pages.flatMap(({ page }) => page.errors).filter((e) => !/WebSocket|ERR_CONNECTION/.test(e));
	check(errors.length === 0, `no script errors ${errors.join("; ")}`);
});
