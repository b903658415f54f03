// SPDX-License-Identifier: Apache-2.0
// tools/bench quality with one case and little time: its line has the figures, each aim was judged, and
// the exit code follows from that. Whether an aim is met depends on the machine: no test.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { readLines } from "./lines.mjs";

const SKIPPED = 77;
const FIGURES = ["seconds", "frames_sent", "frames_decoded", "longest_stall_ms", "frozen_ms", "kbps", "viewer_plis",
	"host_plis", "nacks", "rtx", "lost", "server_rtx"];
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

function quality(...options) {
	return spawnSync(bench, ["--no-build", "quality", ...options], { encoding: "utf8" });
}

const wrong = quality("no-such-case");
if (wrong.status === SKIPPED) {
	process.stdout.write(wrong.stdout);
	process.exit(SKIPPED);
}
check(wrong.status === 2, "exit code 2 for what it does not understand");

const { status, stdout, stderr } = quality("--seconds", "5", "--seed", "3", "loss-5");
process.stdout.write(stdout + stderr);
if (status === SKIPPED)
	process.exit(SKIPPED);
const [, line, ...more] = readLines(stdout, "quality");
check(more.length === 0 && line.case === "loss-5" && line.seed === 3, "a line of that case and seed");
check(FIGURES.every((name) => Number.isFinite(line[name])), "with all figures");
check(line.seconds >= 5 && line.frames_sent > 10, `${line.frames_sent} frames were sent in ${line.seconds} s`);
check(line.down.lost > 0 && line.server_rtx > 0, "the wire has lost packets, and the server has repaired");
check(line.aims.length === 3 && line.right === line.aims.every(({ met }) => met), "its aims are judged");
check(status === (line.right ? 0 : 1), `exit code ${status}`);
check(/^\| case \|.*\n\| --- \|.*\n\| loss-5 \| 1 \|/m.test(stderr), "and a table on stderr");
