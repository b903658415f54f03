// SPDX-License-Identifier: Apache-2.0
// "spatectl upgrade dataplane" while media flows, twice: another data plane goes on. The pages keep
// their transports and learn nothing but a gap in the picture.
import { setTimeout as sleep } from "node:timers/promises";

import { checkNoErrors, checkPlaying, hostAndViewer, startWithBrowser } from "./lib/page.mjs";
import { spatectlLater } from "./lib/spatectl.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const HANDED_OVER = 0; // the exit status
const SLACK_MS = 1500; // beyond what the processes take, on a busy machine

const state = (page) => page.evaluate("[spate.transportId, spate.joins, spate.state].join()");

/** Notes the longest time between two pictures of the page's player, from now on. */
const watchGaps = (page) => page.evaluate(`(() => {
	const video = [...document.querySelectorAll("video")].find((v) => v.videoWidth);
	let last = performance.now();
	window.longestGap = window.pictures = 0;
	const next = () => {
		window.longestGap = Math.max(window.longestGap, performance.now() - last);
		last = performance.now();
		window.pictures++;
		video.requestVideoFrameCallback(next);
	};
	video.requestVideoFrameCallback(next);
})()`);

/** As a supervisor does: the next process follows the one that has ended. */
async function upgrade(servers) {
	const begun = Date.now(), told = spatectlLater("upgrade", "dataplane");

	while (servers.dataplane.running)
		await sleep(2);
	check(servers.dataplane.status === HANDED_OVER, "the data plane has handed over");
	const ended = Date.now();
	servers.dataplane.start();
	const result = await told;
	check(result.state === "done" && result.lost === 0, `spatectl: ${JSON.stringify(result)}`);
	log(`handed over after ${ended - begun} ms, taken over after ${Date.now() - begun} ms`);
	return Date.now() - begun;
}

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);
	const { host, viewer } = await hostAndViewer(browser);

	await checkPlaying(viewer, "viewer", 2);
	const before = [await state(host), await state(viewer)];
	for (let round = 0; round < 2; round++) {
		await watchGaps(viewer);
		const took = await upgrade(servers);
		await viewer.evaluate("void (window.pictures = 0)");
		await until("pictures come again", 5, async () => await viewer.evaluate("window.pictures") > 10);
		await checkPlaying(viewer, "viewer", 3);
		const gap = await viewer.evaluate("window.longestGap");
		check(gap < took + SLACK_MS, `the picture stood still for ${Math.round(gap)} ms`);
		check(await state(host) === before[0], "the host has its transport still");
		check(await state(viewer) === before[1], "the viewer has its transport still");
	}
	checkNoErrors(viewer, "viewer");
});
	log(listed.trim());
