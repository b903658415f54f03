// SPDX-License-Identifier: Apache-2.0
// tools/bench reports on a small scale: every report of the viewers is accepted, and what they request is
// retransmitted. What that costs is not judged here.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow, readLines } from "./lines.mjs";

const SKIPPED = 77;
const VIEWERS = 60;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "reports", "--viewers", `${VIEWERS}`, "--ms", "300"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const [, ...rows] = readLines(result.stdout, "reports");
check(rows.map((row) => row.case).join() === "media,reports,reports-nacks", "a row of each kind");
for (const row of rows) {
	checkRow(row, row.case);
	check(row.viewers === VIEWERS && row.workers === 1 && row.payload === 1100, `${row.case}: which`);
	check(row.verified === VIEWERS && row.right, `${row.case}: everything was accepted, and came`);
	check((row.reports > 0) === (row.case !== "media"), `${row.case}: reports`);
	check((row.retransmitted > 0) === (row.case === "reports-nacks"), `${row.case}: retransmissions`);
}
check(result.status === 0, "exit code 0");
