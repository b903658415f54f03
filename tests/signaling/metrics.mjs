// SPDX-License-Identifier: Apache-2.0
import { ORIGIN } from "../e2e/lib/servers.mjs";

/** /metrics: {'name{label="value"}': number}. */
export async function metrics() {
	const text = await (await fetch(`${ORIGIN}/metrics`)).text();
	return Object.fromEntries(text.split("\n").map((line) => line.match(/^([a-z]\S*) (\S+)$/))
		.filter(Boolean).map((m) => [m[1], Number(m[2])]));
}
