// SPDX-License-Identifier: Apache-2.0
import { get } from "node:http";
import { text } from "node:stream/consumers";
import { ADMIN_ORIGIN } from "./servers.mjs";

/** By a connection of its own: one that was kept may have been closed by the server while the test was busy. */
function fetchText(path) {
	return new Promise((resolve, reject) => {
		get(ADMIN_ORIGIN + path, { agent: false }, (response) => resolve(text(response))).on("error", reject);
	});
}

/** /metrics: {'name{label="value"}': number}. */
export async function metrics() {
	const told = await fetchText("/metrics");
	return Object.fromEntries(told.split("\n").map((line) => line.match(/^([a-z]\S*) (\S+)$/))
		.filter(Boolean).map((m) => [m[1], Number(m[2])]));
}

/** One of ours, NaN where there is none of that name. */
export async function metric(name) {
	return (await metrics())[`spate_${name}`] ?? NaN;
}

/**
 * { count, sum } of a histogram of ours with these labels, 'worker="0"' for example. Throws unless the ends
 * of its buckets rise, what is below them does not fall, and the last has all that was counted.
 */
export async function histogram(name, labels) {
	const all = await metrics(), start = `spate_${name}_bucket{${labels},le="`;
	const buckets = Object.entries(all).filter(([key]) => key.startsWith(start)).map(([key, below]) =>
		({ end: Number(key.slice(start.length, -2).replace("+Inf", "Infinity")), below }));
	const [count, sum] = ["count", "sum"].map((part) => all[`spate_${name}_${part}{${labels}}`]);
	const rises = buckets.every((b, i) => i === 0 || (b.end > buckets[i - 1].end && b.below >= buckets[i - 1].below));
	const last = buckets.at(-1);
	if (buckets.length < 2 || !rises || last.end !== Infinity || last.below !== count || !(sum >= 0))
		throw new Error(`/metrics: ${name} is no histogram: ${JSON.stringify({ buckets, count, sum })}`);
	return { count, sum };
}
