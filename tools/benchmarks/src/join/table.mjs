// SPDX-License-Identifier: Apache-2.0
// The lines of JSON on stdin as a table: a row for each aim, and for what went wrong.
import { text } from "node:stream/consumers";

const line = (...cells) => console.log(`| ${cells.join(" | ")} |`);
line("case", "aim", "value", "met", "noisy");
line("---", "---", "---", "---", "---");
for (const row of (await text(process.stdin)).trim().split("\n").map((each) => JSON.parse(each))) {
	const noisy = row.noisy ? "**noisy**" : "";
	for (const { aim, value, met } of row.aims ?? [])
		line(row.case, aim, value, met ? "yes" : "**no**", noisy);
	if (row.requests !== undefined && row.watchers === undefined)
		line(row.case, "key frames asked of the publisher", row.requests, "", noisy);
	if (row.watchers_lost !== undefined)
		line(row.case, "packets that watchers lost", row.watchers_lost, row.watchers_lost === 0 ? "yes" : "**no**", noisy);
	if (row.aged !== undefined)
		line(row.case, "packets dropped for age", row.aged, row.aged === 0 ? "yes" : "**no**", noisy);
	if (row.lost !== undefined)
		line(row.case, "packets lost / retransmitted, pictures not decoded", `${row.lost} / ${row.rtx}, ${row.missing}`, "", noisy);
	if (row.browser_ms !== undefined)
		line(row.case, "the browser alone, p50 / p95, ms", `${row.browser_ms.p50} / ${row.browser_ms.p95}`, "", noisy);
	if (!row.right)
		line(row.case, "**wrong**", (row.wrong ?? []).join("; "), "", noisy);
}
