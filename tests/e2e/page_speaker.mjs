// SPDX-License-Identifier: Apache-2.0
// Two hosts are in a room, one of them with its sound off: the viewer's page marks the other one's tile,
// and follows when they change places. When one leaves, no tile is marked.
import { checkNoErrors, openHost, openViewer, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const [dialect = "websocket"] = process.argv.slice(2);
const SMALL = { codec: "VP8", size: "160x90", fps: "5", dialect };

const idOf = (host, kind) => host.evaluate(`spate.producers.find((p) => p.kind === "${kind}").id`);
const tell = (host, request, producerId) =>
	host.evaluate(`spate.request("${request}", { producerId: "${producerId}" }).then(() => true)`);

/** For each tile, whether it is marked. */
const marks = (viewer) => viewer.evaluate("[...document.querySelectorAll('#tiles video')].map((v) => " +
	"v.classList.contains('speaking'))");

/** Which tile is marked alone; -1: none, or several. */
async function marked(viewer) {
	const all = await marks(viewer);
	return all.filter(Boolean).length === 1 ? all.indexOf(true) : -1;
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const hosts = [await openHost(browser, SMALL), await openHost(browser, SMALL)];
	for (const host of hosts)
		await reachState(host, "live", "host");
	const sounds = [await idOf(hosts[0], "audio"), await idOf(hosts[1], "audio")];
	await tell(hosts[1], "pauseProducer", sounds[1]);
	const viewer = await openViewer(browser, { dialect });
	await reachState(viewer, "playing", "viewer");
	await until("there are two tiles", 15, async () => (await marks(viewer)).length === 2);

	say("one speaks");
	await until("one tile is marked", 10, async () => await marked(viewer) >= 0);
	const first = await marked(viewer);
	check((await viewer.evaluate(`document.querySelectorAll('#tiles video')[${first}].ariaLabel`))
		.endsWith("who speaks"), "a screen reader says so");

	say("the other one speaks");
	await tell(hosts[0], "pauseProducer", sounds[0]);
	await tell(hosts[1], "resumeProducer", sounds[1]);
	await until("the other tile is marked", 10, async () => await marked(viewer) === 1 - first);

	say("one host is left");
	await hosts[0].close();
	await until("there is one tile", 10, async () => (await marks(viewer)).length === 1);
	log(`marks: ${await marks(viewer)}`);
	check(await marked(viewer) === -1, "it is not marked");

	checkNoErrors(hosts[1], "host");
	checkNoErrors(viewer, "viewer");
});
