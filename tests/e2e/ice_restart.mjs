// SPDX-License-Identifier: Apache-2.0
// The network goes away for a while: the page restarts ICE on the transports it has, and goes
// on over them, without joining again.
import { endDrops, needDrops, startDrops } from "./lib/drops.mjs";
import { checkPlaying, hostAndViewer, startWithBrowser } from "./lib/page.mjs";
import { check, test, until } from "./lib/test.mjs";

const RESTARTING = "Media interrupted: restarting ICE.";

function restarts(page) {
	return page.evaluate(`document.body.innerText.split(${JSON.stringify(RESTARTING)}).length - 1`);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	needDrops();

	const { host, viewer } = await hostAndViewer(browser, { size: "320x180" });
	await checkPlaying(viewer, "viewer", 2);
	const pages = { host, viewer }, before = {};
	for (const [who, page] of Object.entries(pages))
		before[who] = await page.evaluate("({ transportId: spate.transportId, joins: spate.joins })");

	startDrops(100);
	for (const [who, page] of Object.entries(pages))
		await until(`the ${who} restarts ICE`, 25, () => restarts(page));
	endDrops();
	await until("pictures come again", 15, async () => {
		const count = () => viewer.evaluate("spate.getStats().then((s) => " +
			"s.inbound.find((i) => i.kind === 'video').framesDecoded)");
		const first = await count();
		await new Promise((resolve) => setTimeout(resolve, 500));
		return await count() > first + 3;
	});
	await checkPlaying(viewer, "viewer", 3);
	for (const [who, page] of Object.entries(pages)) {
		const now = await page.evaluate("({ transportId: spate.transportId, joins: spate.joins })");
		check(now.transportId === before[who].transportId && now.joins === before[who].joins,
			`the ${who} is on the transport it had, and did not join again`);
	}
});
