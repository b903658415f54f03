// SPDX-License-Identifier: Apache-2.0
// tools/bench fanout --layers on a small scale: every viewer gets exactly the layers that it wishes, and what it
// gets is right. Whether layers are cheap enough is not judged here.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow, readLines } from "./lines.mjs";

const SKIPPED = 77;
const ROUNDS = 7;
const VIEWERS = 60;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "fanout", "--layers", "--viewers", `${VIEWERS}`, "--ms", "60"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const [, ...rows] = readLines(result.stdout, "fanout");
check(rows.map((row) => row.case).join() === "simple,layered", "a row of each kind");
for (const row of rows) {
	checkRow(row, row.case);
	check(row.pps > 0 && row.cycles_per_packet > 0 && row.floor_cycles > 0 && row.ratio > 0, `${row.case}: figures`);
	check(row.dropped === 0 && row.verified === ROUNDS * VIEWERS && row.right, `${row.case}: every packet to every viewer`);
}
const [simple, layered] = rows;
check(layered.base_cycles === simple.cycles_per_packet && layered.base_ratio > 0, "the layered row is compared with the simple one");
check(result.status === 0, "exit code 0");
