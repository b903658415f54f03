// SPDX-License-Identifier: Apache-2.0
// tools/bench latency on a small scale: what it prints is JSON with figures that can be right, every packet came
// and was right, and the worker counted as many as came. How long they took depends on the machine: no test.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow, readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "latency", "--quick"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

function ascending({ p50, p90, p99, p999, max }) {
	return p50 > 0 && max < 4e6 && p50 <= p90 && p90 <= p99 && p99 <= p999 && p999 <= max;
}

const [, ...lines] = readLines(result.stdout, "latency");
check(lines.map((line) => `${line.viewers} ${line.case}`).join() ===
	"1 one-idle,1 load-10,1 load-50,100 load-10,100 load-50", "every case");
for (const line of lines) {
	const name = `${line.viewers} ${line.case}`;
	check(line.dropped === 0 && line.verified === line.viewers && line.right, `${name}: every packet came and was right`);
	check([line.us, line.first_us, line.last_us, line.worker_us].every(ascending), `${name}: times in order`);
	check(line.first_us.p50 <= line.last_us.p50, `${name}: the first viewer is not behind the last`);
	checkRow(line, name);
	check(line.cycles_per_packet === null && line.ratio === null && line.pps > 0, `${name}: a rate, and no cycles`);
}
check(lines[0].goal_p99_us === 50 && typeof lines[0].goal_met === "boolean", "the goal, met or not");
check(result.status === 0, "exit code 0");
