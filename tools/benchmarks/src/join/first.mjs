// SPDX-License-Identifier: Apache-2.0
// Cases of tools/bench join: Chromium joins a publisher with 4 s between key frames that ignores
// requests for them, at random moments, also behind a wire that loses packets.
import { setTimeout as sleep } from "node:timers/promises";
import { StampedScene, total } from "../../../../tests/e2e/lib/stamped_scene.mjs";
import { log } from "../../../../tests/e2e/lib/test.mjs";
import { most, spread } from "./figures.mjs";

const KEY_SECONDS = 4, WATCHED_S = 3;
const FIRST_MS = { p50: 150, p95: 300 }, BEHIND_MS = 300;
const LOSSY = ["delay=10ms", "down.loss=5%"];
const JOIN_SECONDS = 7; // at most, as a rule

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
function chances(seed) {
	return () => {
		seed = seed + 0x6d2b79f5 | 0;
		let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
		return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
	};
}

async function run(defer, { joins, seed, set }) {
	const scene = await StampedScene.open(defer, { publisher: { keySeconds: KEY_SECONDS }, set, seed });
	const chance = chances(seed), rows = [];
	await sleep(3000); // the rate of the stream is measured
	const asked = await total("pli_out"), begun = await total("catch_ups"), from = Date.now();
	for (let i = 0; i < joins; i++) {
		await sleep(chance() * KEY_SECONDS * 1000);
		const { errors, ...row } = await scene.join(WATCHED_S);
		rows.push(row);
		log(`join ${i + 1}: ${JSON.stringify(row)} ${errors.join("; ")}`);
	}
	const of = (member) => rows.map((row) => row[member]), sum = (member) => of(member).reduce((a, b) => a + b, 0);
	const figures = {
		joins, first_ms: spread(of("first_ms")), ice_ms: spread(of("ice_ms")),
		behind_ms: Object.fromEntries(Object.keys(rows[0].behind_ms).map((at) => [at, spread(rows.map((row) => row.behind_ms[at]))])),
		steady_behind_ms: spread(of("steady_behind_ms")), steady_gap_ms: await scene.steadyGap(from, Date.now()),
		catch_ups: await total("catch_ups") - begun, requests: await total("pli_out") - asked,
		missing: sum("missing"), freezes: sum("freezes"), viewer_plis: sum("plis"), lost: sum("lost"), rtx: sum("rtx"),
		server_rtx: await total("rtx_out"),
	};
	figures.noisy = figures.steady_gap_ms > 200;
	const aims = [most("first picture p50, ms", figures.first_ms.p50, FIRST_MS.p50),
		most("first picture p95, ms", figures.first_ms.p95, FIRST_MS.p95),
		most("behind live after 3 s, ms", figures.behind_ms[WATCHED_S * 1000].max, BEHIND_MS)];
	const wrong = [];
	if (figures.catch_ups < joins)
		wrong.push(`${figures.catch_ups} of ${joins} began with a key frame of the past`);
	if (figures.requests > 0)
		wrong.push(`the publisher was asked for ${figures.requests} key frames`);
	if (figures.missing > 0)
		wrong.push(`${figures.missing} pictures were not decoded`);
	return { ...figures, aims, wrong };
}

export const FIRST = {
	first: { words: "joins at random moments, 4 s between key frames", joins: 20, seconds: ({ joins }) => joins * JOIN_SECONDS,
		run: (defer, options) => run(defer, options) },
	"first-lossy": { words: "the same, 5 % lost on the way to the viewer, 20 ms round trip", joins: 20,
		seconds: ({ joins }) => joins * JOIN_SECONDS, run: (defer, options) => run(defer, { ...options, set: LOSSY }) },
};
