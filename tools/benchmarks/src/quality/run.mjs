// SPDX-License-Identifier: Apache-2.0
// One case of tools/bench quality: run.mjs CASE FILE [SECONDS [SEED]]. Writes a line of JSON to FILE;
// what happens goes to stdout. Ends with 1 if the case could not run, with 77 if something that it
// needs is missing; a missed aim is in the line ("right"). "list" prints the names of all cases, "list
// simple" of those without layers.
import { writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { loaderSeconds } from "../../../../tests/e2e/lib/loaders.mjs";
import { figures } from "../../../../tests/e2e/lib/quality_figures.mjs";
import { histogram, metrics } from "../../../../tests/e2e/lib/metrics.mjs";
import { NAMESPACES, openScene } from "../../../../tests/e2e/lib/quality_scene.mjs";
import { log, Skip, test } from "../../../../tests/e2e/lib/test.mjs";
import { CASES } from "./cases.mjs";

const SETTLE_SECONDS = 5; // for the host's encoder and the estimates
const BEGIN_AND_END_SECONDS = 60;

const [name, file, seconds, seed = "1"] = process.argv.slice(2);
if (name === "list") {
	const names = Object.keys(CASES).filter((each) => file !== "simple" || !CASES[each].needsLayers);
	console.log(names.join("\n"));
	process.exit(0);
}
const it = CASES[name];
if (!it) {
	console.log(`there is no case ${name}`);
	process.exit(2);
}
const duration = Number(seconds) || it.seconds;

/** The server's retransmissions to all viewers so far. */
async function serverRtx() {
	const all = await metrics();
	return Object.entries(all).filter(([key]) => /^spate_worker_rtx_out_total/.test(key))
		.reduce((sum, [, value]) => sum + value, 0);
}

/** How late the last viewer of each pass was, since the servers' start: { count, sum }. */
function latenesses() {
	return histogram("worker_pass_lateness_seconds", "worker=\"0\"");
}

/** The mean of what a histogram has counted in between, ms. */
function meanSince(before, after) {
	return after.count > before.count ? Number(((after.sum - before.sum) * 1000 / (after.count - before.count)).toFixed(2)) : null;
}

/** Sums over seconds of a wire. */
function wireFigures(rows) {
	const sum = (member) => rows.reduce((total, row) => total + row[member], 0);
	return { packets: sum("packets"), lost: sum("lost") + sum("burst_lost"), reordered: sum("reordered"),
		queue_dropped: sum("queue_dropped"), queue_ms_max: Math.max(...rows.map((row) => row.queue_ms_max)) };
}

async function measure(defer) {
	const scene = await openScene(defer, { ...it, seed });
	await sleep((it.settle ?? SETTLE_SECONDS) * 1000);
	const marks = {}, rtx = await serverRtx(), passes = await latenesses();
	const leg = (wire) => ({ wire, from: wire?.seconds.length });
	const legs = { down: leg(scene.viewerWire), up: leg(scene.hostWire) };
	const begin = Date.now();
	const mark = (words) => {
		marks[words] = Date.now();
		log(words);
	};
	await (it.run ?? (() => sleep(duration * 1000)))(scene, mark, duration);
	const end = Date.now(), server_rtx = await serverRtx() - rtx;
	const when = [begin, end], { stream } = it;
	await sleep(300); // for a last sample
	const [viewer, host] = [await scene.notes(scene.viewer), await scene.notes(scene.host)];
	const others = [...await Promise.all(scene.others.map(scene.notes)), ...await scene.crowdNotes()];
	const told = { ...figures(viewer, host, when, stream.heights), server_rtx };
	for (const [direction, { wire, from }] of Object.entries(legs))
		if (wire)
			told[direction] = wireFigures(wire.seconds.slice(from).map((row) => row[direction]));
	const pass_ms = meanSince(passes, await latenesses());
	const aims = it.judge(told, { viewer, host, others, marks, end, when, stream, pass_ms })
		.map(([words, value, met]) => ({ aim: words, value, met }));
	return { ...told, aims, right: aims.every(({ met }) => met) };
}

await test(async ({ defer }) => {
	const row = { benchmark: "quality", case: name, words: it.words, seed: Number(seed), mediasoup: it.mediasoup };
	let found;
	try {
		found = await measure(defer);
	} catch (error) {
		if (error instanceof Skip)
			throw error;
		// What a server refuses is no result: the line says why there is none.
		found = { error: error.message.split("\n")[0], right: false };
	}
	writeFileSync(file, `${JSON.stringify({ ...row, ...found })}\n`);
	for (const { aim, value, met } of found.aims ?? [])
		log(`${met ? "ok  " : "MISS"}  ${aim}: ${value}`);
	if (found.error)
		throw new Error(found.error);
}, {
	limit: duration + (it.settle ?? SETTLE_SECONDS) + BEGIN_AND_END_SECONDS + loaderSeconds(it.loaders ?? 0),
	namespaces: NAMESPACES,
});
