// SPDX-License-Identifier: Apache-2.0
// tools/bench join on a small scale: each case has its line, nothing went wrong, and aims of time are
// judged. Whether they are met depends on the machine: no test.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

function run(...options) {
	const result = spawnSync(bench, ["--no-build", "join", ...options], { encoding: "utf8" });
	process.stdout.write(result.stdout + result.stderr);
	if (result.status === SKIPPED)
		process.exit(SKIPPED);
	return result;
}

check(run("no-such-case").status === 2, "exit code 2 for what it does not understand");

const { status, stdout, stderr } = run("--quick", "first", "resume", "key-frame");
const [, ...lines] = readLines(stdout, "join"), [first, cached, asked, key] = lines;
check(lines.map((line) => line.case).join() === "first,resume-500,resume-500-asked,key-frame", "every case");
for (const line of lines) {
	check(line.right === true, `${line.case}: nothing went wrong`);
	check(typeof line.noisy === "boolean" && line.aims.length > 0 &&
		line.aims.every(({ value, met }) => Number.isFinite(value) && typeof met === "boolean"), `${line.case}: its aims are judged`);
}
check(first.joins === 2 && first.catch_ups >= 2 && first.requests === 0, "Chromium began with key frames of the past");
// The first picture may be there some ms before the browser says that ICE is connected.
check(Number.isFinite(first.first_ms.p50) && first.ice_ms.p50 > 0 && first.behind_ms["3000"].max > 0, "and there are times");
const STARVED_PERCENT = 50; // the worker had no time: nothing can be said
for (const line of [cached, asked].filter(({ waited_percent: waited }) => waited <= STARVED_PERCENT)) {
	check(line.watchers_lost === 0 && line.dropped === 0, `${line.case}: who watches loses nothing`);
	check(line.verified === line.watchers + line.resumed, `${line.case}: each viewer began with a key frame`);
}
check(asked.requests >= 1, "without one the publisher is asked");
check(key.viewers === 2000 && key.verified === 2000 && key.pps > 0 && key.times_ideal.min > 0, "the key frame reached all");
check(/^\| case \| aim \|.*\n\| --- \|/m.test(stderr), "and a table on stderr");
check(status === 0, "exit code 0");
