// SPDX-License-Identifier: Apache-2.0
// tools/bench fanout's row of what viewers send, on a small scale: every packet of theirs is accounted for and
// accepted while they watch. So few a second fit the device's queue even where nobody takes them for 0.2 s.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { checkRow, readLines } from "./lines.mjs";

const SKIPPED = 77;
const bench = join(dirname(fileURLToPath(import.meta.url)), "../../tools/bench");

const result = spawnSync(bench, ["--no-build", "fanout", "--device", "return", "--viewers", "100", "--burst", "1,8",
	"--return", "20", "--ms", "400"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const [, ...rows] = readLines(result.stdout, "fanout");
check(rows.map((row) => `${row.case} ${row.burst}`).join() === "return 1,return 8", "a row for each burst");
for (const row of rows) {
	const name = `bursts of ${row.burst}`;
	checkRow(row, name);
	check(row.profile === "gcm-128" && row.viewers === 100 && row.payload === 1100 && row.workers === 1, `${name}: which`);
	check(row.pps > 0 && row.cycles_per_packet > 0 && row.floor_cycles > 0 && row.ratio > 0 && row.return_pps > 0, `${name}: figures`);
	check(row.round_trip.before > 0 && row.round_trip.after > 0 && typeof row.far === "boolean", `${name}: distance of the cores`);
	check(row.dropped === 0 && row.verified === 100, `${name}: every packet to every viewer`);
	check(row.rtcp_in >= 100 && row.stun_answered > 0, `${name}: reports and checks of viewers were taken`);
	check(row.rtcp_in + row.stun_answered + row.missed === row.returned, `${name}: and every one is accounted for`);
	check(row.missed === 0 && row.refused === 0 && row.right, `${name}: none was lost or refused`);
}
check(result.status === 0, "exit code 0");
