// SPDX-License-Identifier: Apache-2.0
// A host and viewers in Chromium on Spate, each behind a wire of its own or beside the server, with
// the page that measures (pages/quality.js).
import { readFileSync } from "node:fs";
import { servePages } from "./bundle.mjs";
import { startChromium } from "./chromium.mjs";
import { startFirefox } from "./firefox.mjs";
import { loaderSettings, openLoaders } from "./loaders.mjs";
import { Servers } from "./servers.mjs";
import { until } from "./test.mjs";
import { programIn, Wire } from "./wire.mjs";

const PAGE = readFileSync(new URL("../pages/quality.js", import.meta.url), "utf8");
const CHROMIUM = "/usr/bin/chromium";
const BESIDE = "localhost";
const ROOM = "quality"; // as in the page
const ASIDE = "#aside";

/** Namespaces for test() where host and viewer are behind wires. */
export const NAMESPACES = ["host", "viewer"];

/** A picture and its encodings, smallest first. `scalabilityMode`: of the only encoding of SVC. */
export function layered({ codec = "VP8", scalabilityMode, fps = 15 } = {}) {
	const kbps = [150, 500, 1500], size = { width: 960, height: 540, fps, heights: [135, 270, 540], kbps };
	if (scalabilityMode)
		return { ...size, codec, encodings: [{ maxBitrate: 1_500_000, scalabilityMode }], rids: [undefined] };
	const encodings = kbps.map((rate, i) => ({ rid: `r${i}`, maxBitrate: rate * 1000, scaleResolutionDownBy: 4 >> i }));
	return { ...size, codec, encodings, rids: encodings.map(({ rid }) => rid) };
}

export function simple({ codec = "VP8", kbps = 800 } = {}) {
	return { codec, width: 640, height: 360, fps: 15, heights: [360], kbps: [kbps], rids: [undefined],
		encodings: [{ maxBitrate: kbps * 1000 }] };
}

/** Opens the page in a browser of its own, behind a wire if there are `set`tings for it. */
async function open(defer, pages, who, number, set, seed, firefox) {
	const wire = set && new Wire(who, number, { set, seed });
	if (wire) {
		defer(() => wire.end());
		await wire.start();
	}
	const url = pages.url("quality").replace(BESIDE, wire ? wire.here : BESIDE);
	// mediasoup-client finds out which browser it is in by what only secure contexts have.
	const flags = [`--unsafely-treat-insecure-origin-as-secure=${new URL(url).origin}`];
	const browser = firefox ? await startFirefox() : await startChromium(wire ? { path: programIn(who, CHROMIUM), flags } : {});
	defer(() => browser.close());
	return { wire, browser, url };
}

/** Opens a page with `count` viewers. */
async function openCrowd(browser, url, { count, ...options }) {
	const page = await browser.open(url);
	await page.evaluate(`quality.crowd(${count}, ${JSON.stringify(options)})`);
	await until(`${count} viewers of a crowd show frames`, 60, async () => await page.evaluate("quality.showing") === count);
	return page;
}

async function watch(browser, url, options) {
	const page = await browser.open(url);
	await page.evaluate(`quality.watch(${JSON.stringify(options)})`);
	return page;
}

/**
 * Publishes `stream` (above) and has it watched. `host`, `viewer`: the settings of their wires, none:
 * no wire; `others`: further viewers beside the server; `watching`: the options of the page's watch();
 * `crowd`: { count, ... } viewers in one page, beside the server or (`wired`) behind the viewer's wire;
 * `loaders`: so many viewers of tools/loadgen, beside the server; `aside`: the last of `others` watches
 * another host in a room where nobody else is; `firefox`: the host is Firefox, without a wire. Throws what
 * the server refuses.
 */
export async function openScene(defer, { stream, host, viewer, others = 0, crowd = null, loaders = 0, aside = false, seed = 1,
	watching = {}, firefox = false }) {
	const servers = new Servers(loaderSettings(loaders));
	defer((failed) => servers.end(failed));
	await servers.start();
	const pages = await servePages({ quality: PAGE }, { address: "0.0.0.0" });
	defer(() => pages.close());
	const from = await open(defer, pages, "host", 1, host, seed, firefox);
	const to = await open(defer, pages, "viewer", 2, viewer, seed);

	const hostPage = await from.browser.open(from.url);
	await hostPage.evaluate(`quality.publish(${JSON.stringify(stream)})`);
	if (aside)
		await (await from.browser.open(from.url + ASIDE)).evaluate(`quality.publish(${JSON.stringify(stream)})`);
	const beside = firefox ? to : from; // neither is behind a bad link of the viewer's
	const viewers = [await watch(to.browser, to.url, watching)];
	for (let i = 0; i < others; i++)
		viewers.push(await watch(beside.browser, beside.url, watching));
	if (aside)
		viewers.push(await watch(to.browser, to.url + ASIDE, watching));
	for (const page of viewers)
		await until("a viewer shows frames", 20, () => page.evaluate("quality.shown > 5"));
	if (loaders > 0)
		await openLoaders(defer, loaders, ROOM);
	const { wired, ...many } = crowd ?? {}, near = wired ? to : beside;
	const crowdPage = crowd && await openCrowd(near.browser, near.url, many);
	return {
		crowd: crowdPage, crowdNotes: () => crowdPage?.evaluate("quality.crowdNotes") ?? [],
		servers, host: hostPage, viewer: viewers[0], others: viewers.slice(1), hostWire: from.wire, viewerWire: to.wire,
		notes: (page) => page.evaluate("quality.notes"),
	};
}
