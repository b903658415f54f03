// SPDX-License-Identifier: Apache-2.0
import { ORIGIN } from "./servers.mjs";

/** /metrics: {'name{label="value"}': number}. */
export async function metrics() {
	const text = await (await fetch(`${ORIGIN}/metrics`)).text();
	return Object.fromEntries(text.split("\n").map((line) => line.match(/^([a-z]\S*) (\S+)$/))
		.filter(Boolean).map((m) => [m[1], Number(m[2])]));
}

/** One of ours, NaN where there is none of that name. */
export async function metric(name) {
	return (await metrics())[`spate_${name}`] ?? NaN;
}
