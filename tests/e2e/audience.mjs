// SPDX-License-Identifier: Apache-2.0
// Viewers before and after the host, two at once, pauses on both sides, the host leaving and
// coming back.
import { setTimeout as sleep } from "node:timers/promises";
import {
	checkFirstFrame, checkNoErrors, checkPlaying, decoded, openHost, openViewer, reachState, say, startWithBrowser,
} from "./lib/page.mjs";
import { check, test, until } from "./lib/test.mjs";

/** Several pages share the cores: a small picture, and what counts is that it keeps coming. */
const EASY = { minimumFps: 4 };
const SMALL = { codec: "VP8", size: "320x180" };

/** A paused stream has what was on its way decoded in no time; after that the count stands. */
async function checkStill(page, words) {
	await sleep(700);
	const before = await decoded(page);
	await sleep(1500);
	const after = await decoded(page);
	check(after - before <= 1, `${words}: ${after - before} frames in 1.5 s`);
}

async function checkGoesOn(page, words) {
	const before = await decoded(page);
	await until(words, 3, async () => await decoded(page) > before + 5);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);

	say("a viewer before the host");
	const early = await openViewer(browser);
	await reachState(early, "waiting", "early viewer");
	let host = await openHost(browser, SMALL);
	await reachState(host, "live", "host");
	await reachState(early, "playing", "early viewer");
	await checkFirstFrame(early, "early viewer");

	say("a second viewer, after the host");
	const late = await openViewer(browser);
	await reachState(late, "playing", "late viewer");
	await checkFirstFrame(late, "late viewer");
	await Promise.all([checkPlaying(early, "early viewer", 3, EASY), checkPlaying(late, "late viewer", 3, EASY)]);

	say("one viewer pauses and resumes");
	await early.click("#pause-video");
	await checkStill(early, "the paused viewer stands still");
	await checkGoesOn(late, "the other viewer plays on");
	await early.click("#pause-video");
	await checkGoesOn(early, "the viewer that resumed plays again");

	say("the host pauses and resumes");
	await host.click("#pause-video");
	await until("the viewers hear of it", 3,
		() => late.evaluate("spate.words.includes('paused the picture')"));
	await checkStill(late, "with the host paused the picture stands still");
	await host.click("#pause-video");
	await checkGoesOn(late, "the late viewer plays again");
	await checkGoesOn(early, "the early viewer plays again");

	say("another room sees nothing of it");
	const stranger = await openViewer(browser, { room: "elsewhere" });
	await reachState(stranger, "waiting", "viewer in another room");
	await stranger.close();

	say("the host leaves and returns");
	await host.close();
	for (const page of [early, late])
		await until("the viewer reads that the host left", 5,
			() => page.evaluate("spate.state === 'waiting' && spate.words.startsWith('The host left')"));
	host = await openHost(browser, SMALL);
	await reachState(host, "live", "the new host");
	for (const [page, who] of [[early, "early viewer"], [late, "late viewer"]]) {
		await reachState(page, "playing", who);
		await checkFirstFrame(page, who);
	}
	await checkPlaying(late, "late viewer", 2, EASY);

	say("a viewer leaves, the other stays");
	await late.close();
	await checkPlaying(early, "early viewer", 2, EASY);
	checkNoErrors(early, "early viewer");
	checkNoErrors(host, "host");
});
