// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { Skip } from "./test.mjs";

const HOOKS = ["ingress", "egress"];

function nft(script, ...options) {
	return spawnSync("nft", [...options, "-f", "-"], { input: script, encoding: "utf8" });
}

// At the device, not in the output hook: there a program is told that its packet was dropped.
function rules(percent) {
	const some = percent < 100 ? `numgen random mod 100 < ${percent}` : "";
	return HOOKS.map((hook) => `table netdev drops-${hook} {
	chain drops {
		type filter hook ${hook} device "spate0" priority 0
		meta l4proto udp ${some} drop
	}
}
`).join("");
}

/** Skips the test where nftables cannot do what the two below need. */
export function needDrops() {
	const probe = nft(rules(1), "--check");
	if (probe.status !== 0)
		throw new Skip(`nftables cannot drop packets here: ${probe.stderr ?? probe.error}`);
}

/** From now on that many of 100 packets between browser and server are dropped, each way. */
export function startDrops(percent) {
	const done = nft(rules(percent));
	if (done.status !== 0)
		throw new Error(`nft: ${done.stderr}`);
}

export function endDrops() {
	const done = nft(HOOKS.map((hook) => `delete table netdev drops-${hook}\n`).join(""));
	if (done.status !== 0)
		throw new Error(`nft: ${done.stderr}`);
}
