// SPDX-License-Identifier: Apache-2.0
// The lines of JSON on stdin as the table of docs/media-quality.md: a row for each case, with the
// median of its runs and in parentheses the smallest and the largest value.
import { text } from "node:stream/consumers";

const COLUMNS = [
	["decoded, %", (row) => row.decoded_percent],
	["longest stall, ms", (row) => row.longest_stall_ms],
	["frozen, ms", (row) => row.frozen_ms],
	["switches", (row) => row.switches?.length],
	["lost", (row) => row.lost],
	["RTX of the server", (row) => row.server_rtx],
	["PLI viewer", (row) => row.viewer_plis],
	["PLI host", (row) => row.host_plis],
	["A/V, ms", (row) => row.av_ms],
];

function spread(values) {
	const known = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
	if (known.length === 0)
		return "–";
	const [below, above] = [known[(known.length - 1) >> 1], known[known.length >> 1]];
	const median = Number(((below + above) / 2).toFixed(1));
	return known[0] === known.at(-1) ? `${median}` : `${median} (${known[0]} to ${known.at(-1)})`;
}

/** The median of the runs' values; null: none has one. */
function median(rows, name) {
	const values = rows.map((row) => row[name]).filter(Number.isFinite).sort((a, b) => a - b);
	return values.length > 0 ? (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2 : null;
}

/** Which of mediasoup's figures are better than ours: words for each. */
function worse(rows) {
	const compared = rows.filter((row) => row.mediasoup && !row.error)
		.map((row) => ({ ...row, missing_percent: Math.max(0, 100 - row.decoded_percent) }));
	return Object.entries(compared[0]?.mediasoup ?? {}).map(([name, theirs]) => [name, median(compared, name), theirs])
		.filter(([, ours, theirs]) => ours === null || ours > theirs)
		.map(([name, ours, theirs]) => `${name} ${ours} (mediasoup: ${theirs})`);
}

const cases = new Map();
for (const row of (await text(process.stdin)).trim().split("\n").map((each) => JSON.parse(each)))
	cases.set(row.case, [...cases.get(row.case) ?? [], row]);
const line = (cells) => console.log(`| ${cells.join(" | ")} |`);
line(["case", "runs", ...COLUMNS.map(([words]) => words), "aims"]);
line(Array(COLUMNS.length + 3).fill("---"));
for (const [name, rows] of cases) {
	const failed = rows.find((row) => row.error);
	const missed = [...new Set(rows.flatMap((row) => row.aims ?? []).filter(({ met }) => !met).map(({ aim }) => aim))];
	const behind = worse(rows);
	const aims = failed ? `error: ${failed.error}` : missed.length > 0 ? `missed: ${missed.join("; ")}` : "met";
	const verdict = behind.length > 0 ? `${aims}; worse than mediasoup: ${behind.join(", ")}` : aims;
	line([name, rows.length, ...COLUMNS.map(([, of]) => spread(rows.map(of))), verdict]);
}
