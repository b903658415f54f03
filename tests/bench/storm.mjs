// SPDX-License-Identifier: Apache-2.0
// tools/bench storm on a small scale: viewers who join and viewers who stop half way are told
// apart, watchers lose nothing, bare handshakes are measured.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "storm", "--quick"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const lines = readLines(result.stdout, "storm");
check(lines.map((line) => line.case).join() === "machine,bare,joins", "the machine, bare handshakes, joins");
const [, bare, storm] = lines;
check(bare.handshakes === 100 && bare.both_per_cpu_s > 0 && bare.both_per_cpu_s < bare.server_per_cpu_s,
	"bare handshakes, of one end and of both");
check(storm.completed === 90 && storm.failed === 0, "nine of ten join");
check(storm.half_open.count === 10 && storm.half_open.transports === 6, "one of ten stops half way, at three places");
check(storm.unsent === 0 && storm.loader_tick_gap_ms > 0, `the loader looked after its own at least each ${storm.loader_tick_gap_ms} ms`);
check(storm.watchers.packets > 0 && storm.watchers.lost === 0, "the watchers lost nothing");
check(storm.watchers.answers.p50 > 0, "and one of them asked and was answered meanwhile");
check(result.status === 0, "exit code 0");
