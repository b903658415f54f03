// SPDX-License-Identifier: Apache-2.0
// The lines of JSON that tools/bench prints: what each of them has, whichever benchmark it is of.
import { check } from "../e2e/lib/test.mjs";

const TEXTS = ["case", "profile"];
const NUMBERS = ["viewers", "payload", "burst", "workers", "pps", "dropped", "verified"];
const NUMBERS_OR_NULL = ["cycles_per_packet", "floor_cycles", "ratio"]; // null: not what this benchmark measures

// All lines of an output, the machine's first.
export function readLines(stdout, benchmark) {
	const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
	check(lines.every((line) => typeof line.benchmark === "string" && typeof line.case === "string" && line.case !== ""),
		"every line names its benchmark and its case");
	check(lines[0].benchmark === benchmark && lines[0].case === "machine" && lines[0].cores > 0, "the machine comes first");
	return lines;
}

// A row of what was measured on a data plane: two runs are compared by these.
export function checkRow(row, name) {
	check(TEXTS.every((member) => typeof row[member] === "string") &&
		NUMBERS.every((member) => Number.isFinite(row[member])) &&
		NUMBERS_OR_NULL.every((member) => row[member] === null || row[member] > 0), `${name}: what every row carries`);
}
