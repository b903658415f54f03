// SPDX-License-Identifier: Apache-2.0
// tools/bench scale on a small scale: every row is there and carries what it should, and no packet was
// lost or wrong. What it measures depends on the machine: no test.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow, readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "scale", "--quick"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const [, ...rows] = readLines(result.stdout, "scale");
const want = ["one-stream 1", "viewers-elsewhere 2", "wrong-queue 2", "own-stream 2", "one-stream 2",
	"own-streams 1", "own-streams 2", "many-streams 2"];
check(rows.map((row) => `${row.case} ${row.workers}`).join() === want.join(), "every case, in order");
const handoffs = ["viewers-elsewhere", "wrong-queue"];
for (const row of rows) {
	const name = `${row.case} on ${row.workers}`;
	checkRow(row, name);
	check(row.profile === "gcm-128" && row.viewers === 100 && row.payload === 1100 && row.burst === 8, `${name}: which`);
	check(row.pps > 0 && row.cycles_per_packet > 0 && row.floor_cycles > 0 && row.ratio > 0, `${name}: figures`);
	// A hand-off is measured from both of its sides.
	const verified = handoffs.includes(row.case) ? 600 : 300;
	check(row.dropped === 0 && row.right && row.verified === verified, `${name}: every packet of every viewer`);
}
check(rows.filter((row) => row.base_cycles > 0).length === 6, "what is compared says with what");
check(result.status === 0, "exit code 0");
