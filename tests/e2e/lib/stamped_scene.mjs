// SPDX-License-Identifier: Apache-2.0
// A publisher that ignores requests for key frames (lib/stamped.mjs), a viewer in Chromium who watches
// all the time, and others who join between two key frames, beside it or behind a wire.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { servePages } from "./bundle.mjs";
import { startChromium } from "./chromium.mjs";
import { metrics } from "./metrics.mjs";
import { startWithBrowser } from "./page.mjs";
import { StampedPublisher } from "./stamped.mjs";
import { until } from "./test.mjs";
import { programIn, Wire } from "./wire.mjs";

const PAGE = readFileSync(new URL("../pages/stamped.js", import.meta.url), "utf8");
const ROOM = "default";
const AROUND_MS = 250; // a time behind live is the median of so long before and after
const EVERY_MS = 10;
const FIRST_S = 10;

/** The namespace for test() if joins are behind a wire. */
export const NAMESPACES = ["viewer"];

/** A counter of the workers, of all of them. */
export async function total(name) {
	return Object.entries(await metrics()).filter(([key]) => key.startsWith(`spate_worker_${name}_total`))
		.reduce((sum, [, value]) => sum + value, 0);
}

function median(values) {
	return values.sort((a, b) => a - b)[values.length >> 1];
}

export class StampedScene {
	#steady;
	#joins;

	/** `media`: of the configuration; `publisher`: StampedPublisher's options; `set`: the wire's settings. */
	static async open(defer, { media = {}, publisher = {}, set, seed } = {}) {
		const scene = new StampedScene();
		const { browser } = await startWithBrowser(defer, { media });
		const pages = await servePages({ stamped: PAGE }, { address: "0.0.0.0" });
		defer(() => pages.close());
		scene.publisher = await StampedPublisher.start(ROOM, publisher);
		defer(() => scene.publisher.end());
		scene.#steady = await scene.#open(browser, pages.url("stamped"));
		await scene.#steady.play();
		scene.#joins = set ? await scene.#behindWire(defer, pages.url("stamped"), { set, seed })
			: await scene.#open(browser, pages.url("stamped"));
		return scene;
	}

	async #behindWire(defer, url, options) {
		this.wire = new Wire("viewer", 1, options);
		defer(() => this.wire.end());
		await this.wire.start();
		const browser = await startChromium({ path: programIn("viewer", "/usr/bin/chromium") });
		defer(() => browser.close());
		return this.#open(browser, url.replace("localhost", this.wire.here));
	}

	async #open(browser, url) {
		const page = await browser.open(url);
		let viewer;
		return {
			page,
			play: async () => { viewer = await page.evaluate(`stamped.play("${ROOM}")`); },
			notes: () => page.evaluate(`stamped.notes(${viewer})`),
			end: () => page.evaluate(`stamped.end(${viewer})`),
		};
	}

	/** Median of how old what is on a screen is, around `at`. */
	#behind({ pictures }, at) {
		const ages = [];
		for (let t = at - AROUND_MS; t <= at + AROUND_MS; t += EVERY_MS)
			ages.push(this.publisher.age(pictures, t));
		return median(ages.filter((age) => age !== undefined));
	}

	/** The longest time without a new picture of the one who watches all the time. */
	async steadyGap(from, to) {
		const { pictures } = await this.#steady.notes();
		const times = [from, ...pictures.map(([at]) => at).filter((at) => at > from && at < to), to];
		return Math.round(Math.max(...times.slice(1).map((at, i) => at - times[i])));
	}

	/**
	 * Somebody joins, watches for so long from the first picture on, and leaves. Times are in ms;
	 * `steady_`: of the one who watches all the time, at the same moments.
	 */
	async join(seconds) {
		const { group, times } = this.publisher, viewer = this.#joins;
		const phase = times.length % group;
		await viewer.play();
		const firstAt = await until("the first picture", FIRST_S, async () => (await viewer.notes()).pictures[0]?.[0],
			{ quiet: true });
		await sleep(Math.max(firstAt + seconds * 1000 + 2 * AROUND_MS - Date.now(), 0));
		const notes = await viewer.notes(), steady = await this.#steady.notes(), { stats } = notes;
		await viewer.end();
		const [[, number]] = notes.pictures, key = number - number % group, last = notes.pictures.findLast(([at]) => at <= stats.timestamp)[1];
		const behind = (of, at) => this.#behind(of, notes.firstAt + at);
		return {
			phase, ice_ms: Math.round(notes.connectedAt - notes.askedAt), first_ms: Math.round(notes.firstAt - notes.connectedAt),
			first_behind_ms: Math.round(notes.firstAt - times[number]),
			behind_ms: Object.fromEntries([500, 1000, seconds * 1000].map((at) => [at, behind(notes, at)])),
			steady_behind_ms: behind(steady, seconds * 1000),
			steady_gap_ms: await this.steadyGap(notes.connectedAt, notes.firstAt),
			missing: Math.max(last - key + 1 - stats.framesDecoded, 0), // pictures since the key frame that were not decoded
			freezes: stats.freezeCount, plis: stats.pliCount, lost: stats.packetsLost, rtx: stats.retransmittedPacketsReceived ?? 0,
			nacks: stats.nackCount, errors: viewer.page.errors,
		};
	}
}
