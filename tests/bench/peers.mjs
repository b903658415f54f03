// SPDX-License-Identifier: Apache-2.0
// tools/bench peers: without a mediasoup it says so and is skipped. With one, whose directory
// SPATE_TEST_MEDIASOUP names, its lines on a small scale are right: nothing lost, all verified.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

function peers(...options) {
	return spawnSync(bench, ["--no-build", "peers", ...options], { encoding: "utf8" });
}

for (const options of [[], ["--mediasoup", "/dev/null"]]) {
	const { status, stdout } = peers(...options);
	check(status === SKIPPED && /^SKIP: .*(mediasoup|npm package)/.test(stdout), `skipped with a reason: ${stdout.trim()}`);
}
check(peers("--viewers", "many").status === 2, "exit code 2 for what it does not understand");

const directory = process.env.SPATE_TEST_MEDIASOUP;
if (directory) {
	const { status, stdout, stderr } = peers("--mediasoup", directory, "--viewers", "20", "--quick");
	process.stdout.write(stdout + stderr);
	if (status === SKIPPED)
		process.exit(SKIPPED);
	const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
	const [theirs, , ours, ratio] = lines;
	checkRow(theirs, "mediasoup");
	checkRow(ours, "Spate");
	check(/^mediasoup 3/.test(theirs.case) && theirs.right && theirs.verified === 20, "mediasoup's packets verified");
	check(theirs.dropped <= theirs.sent / 1000 && theirs.packets_per_core_second > 0, "and next to none of them lost");
	check(ours.case === "virtio-user" && ours.right && ours.dropped === 0, "Spate's packets verified, none lost");
	check(ratio.case === "ratio" && ratio.ratio > 1, "a ratio");
	check(status === 0, "exit code 0");
}
