// SPDX-License-Identifier: Apache-2.0
// tools/soak for half a minute: both processes are restarted, people come and go, no rule is broken,
// and the report and the plot say so.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";

const SKIPPED = 77, SECONDS = 30;
const soak = join(dirname(fileURLToPath(import.meta.url)), "../../tools/soak");
const out = mkdtempSync(join(tmpdir(), "spate-soak-"));

const result = spawnSync(soak, ["--no-build", "--duration", `${SECONDS}`, "--seed", "1", "--out", out], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);
const report = JSON.parse(readFileSync(join(out, "report.json"), "utf8"));
const [text, plot] = ["report.txt", "plot.svg"].map((name) => readFileSync(join(out, name), "utf8"));
rmSync(out, { recursive: true });

check(result.status === 0 && report.right && report.faults.length === 0, "no rule was broken");
const restarted = (what) => report.restarts.filter((r) => r.what === what).length;
check(restarted("control plane") >= 1 && restarted("data plane") >= 1, "both processes were restarted");
check(report.checks > 2 && report.guests > 5 && report.rooms > 0, `${report.guests} guests came, ${report.rooms} rooms opened`);
check(report.packets > 1000 && report.guest_packets > 100 && report.far > 100, "all of them heard something");
check(report.samples.length > SECONDS / 3, "it looked at the counters all the while");
check(text.includes("no rule was broken") && text.includes(`${report.restarts.length} restarts:`), "the report says it in words");
check(plot.startsWith("<svg ") && plot.trimEnd().endsWith("</svg>") && plot.match(/<path /g).length > 8, "and there is a plot");
