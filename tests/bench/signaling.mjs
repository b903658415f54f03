// SPDX-License-Identifier: Apache-2.0
// tools/bench signaling on a small scale: what it prints is JSON with figures that can be right,
// and nobody failed to join or lost a packet. What it measures depends on the machine: no test.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "signaling", "--quick"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

function ascending({ p50, p99, max }) {
	return p50 > 0 && p50 <= p99 && p99 <= max;
}

const lines = readLines(result.stdout, "signaling");
check(lines.every((line) => line.benchmark === "signaling"), "every line is one of this benchmark");
check(lines.map((line) => line.case).join() === "machine,sockets,joins,whep", "the machine, sockets, joins, whep");
const signaling = ["capabilities", "transport", "newProducer"];
for (const [line, asked, steps] of [[lines[1], 200, signaling], [lines[2], 50, signaling], [lines[3], 50, ["transport"]]]) {
	const { case: name, watchers, server, ms } = line;
	check(line.asked === asked && line.begun === asked && line.limit === "", `${name}: all that were asked for`);
	check(line.completed === asked && line.failed === 0 && line.failures.length === 0, `${name}: all of them complete`);
	check(steps.every((step) => ascending(ms[step])), `${name}: times of signaling`);
	check(watchers.count === 5 && watchers.packets > 0 && watchers.lost === 0, `${name}: the watchers lost nothing`);
	check(server.rss_before > 0 && server.cpu_s >= 0, `${name}: the server's CPU time and memory`);
}
for (const line of [lines[2], lines[3]])
	check(["check", "dtls", "media"].every((step) => ascending(line.ms[step])), `${line.case}: times of ICE, DTLS, media`);
check(result.status === 0, "exit code 0");
