// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { startChromium } from "./chromium.mjs";
import { ORIGIN, Servers } from "./servers.mjs";
import { check, log, until } from "./test.mjs";

/**
 * A picture small enough for software codecs on a shared machine, with enough to encode. In one
 * quality: page_quality.mjs and page_clicks.mjs have what the page does by itself.
 */
const PATTERN = { source: "pattern", size: "640x360", fps: "15", simulcast: "0" };

/** Both processes and a browser, which end with the test. */
export async function startWithBrowser(defer, settings) {
	const servers = new Servers(settings);
	defer((failed) => servers.end(failed));
	await servers.start();
	const browser = await startChromium();
	defer(() => browser.close());
	return { servers, browser };
}

export function pageUrl(wishes) {
	return `${ORIGIN}/?${new URLSearchParams(wishes)}`;
}

/** `options` here and below are those of the browser's open(). */
export function openHost(browser, { room = "default", codec = "auto", ...more } = {}, options = undefined) {
	return browser.open(pageUrl({ room, codec, role: "host", ...PATTERN, ...more }), options);
}

export function openViewer(browser, { room = "default", ...more } = {}, options = undefined) {
	return browser.open(pageUrl({ room, role: "watch", ...more }), options);
}

export function reachState(page, state, who, seconds = 15) {
	return until(`${who} is ${state}`, seconds, async () => {
		const now = await page.evaluate("({ state: spate.state, words: spate.words })");
		if (now.state === "failed" && state !== "failed")
			throw new Error(`${who} failed: ${now.words}`);
		return now.state === state;
	});
}

/** A page that publishes and one that plays its picture and its sound. */
export async function hostAndViewer(browser, wishes = {}) {
	const host = await openHost(browser, { codec: "VP8", ...wishes });
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "viewer");
	await firstFrame(viewer, "viewer");
	await until("viewer has the sound too", 10, () => viewer.evaluate("spate.consumers.length === 2"));
	return { host, viewer };
}

export function stats(page) {
	return page.evaluate("spate.getStats()");
}

export function videoOf(list) {
	return list.find((s) => s.kind === "video");
}

export function audioOf(list) {
	return list.find((s) => s.kind === "audio");
}

export async function decoded(page) {
	const now = await stats(page);
	return (now && videoOf(now.inbound)?.framesDecoded) ?? 0;
}

const WINDOWS = 3; // an encoder that lacks time gives fewer pictures for a while

/**
 * Watches `page` for some seconds and fails unless pictures and sound keep coming. Too few pictures
 * are counted again, at most WINDOWS times; freezes count in all of that time.
 */
export async function checkPlaying(page, who, seconds, { minimumFps = 8, audio = true } = {}) {
	const first = await stats(page), v0 = videoOf(first.inbound);
	let last = first, v1 = v0, frames = 0, windows = 0;
	for (; windows < WINDOWS && frames < seconds * minimumFps; windows++) {
		const before = v1?.framesDecoded ?? 0;
		await sleep(seconds * 1000);
		last = await stats(page);
		v1 = videoOf(last.inbound);
		frames = v1.framesDecoded - before;
	}
	check(frames >= seconds * minimumFps, `${who}: ${frames} frames decoded in ${seconds} s (${v1.codec}, ` +
		`${v1.frameWidth}x${v1.frameHeight})`);
	const frozen = (v1.totalFreezesDuration ?? 0) - (v0?.totalFreezesDuration ?? 0);
	check(frozen <= 1, `${who}: frozen for ${frozen.toFixed(2)} s`);
	if (audio) {
		const packets = audioOf(last.inbound).packetsReceived - (audioOf(first.inbound)?.packetsReceived ?? 0);
		check(packets >= windows * seconds * 25, `${who}: ${packets} audio packets in ${windows * seconds} s`);
	}
	return { first, last };
}

export function firstFrame(page, who) {
	return until(`${who} has a first frame`, 10, () => page.evaluate("spate.timeToFirstFrameMs"));
}

/** The limit is for pages that share two cores with several others; publish_watch.mjs is strict. */
export async function checkFirstFrame(page, who, limitMs = 4000) {
	const ms = await firstFrame(page, who);
	check(ms <= limitMs, `${who}: first frame after ${ms} ms`);
}

/** Fails when a page met an error that nothing handled. */
export function checkNoErrors(page, who) {
	check(page.errors.length === 0, `${who}: no script errors ${page.errors.join("; ")}`);
}

export function say(words) {
	log(`----  ${words}`);
}
