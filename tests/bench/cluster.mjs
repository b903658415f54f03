// SPDX-License-Identifier: Apache-2.0
// tools/bench cluster on a small scale: every node's records reach the others through a real Redis, each written
// once a cycle, and the plan for large clusters calculates the same traffic. What it costs is not judged.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../e2e/lib/test.mjs";
import { readLines } from "./lines.mjs";

const SKIPPED = 77;
const NODES = 20, ROOMS = 200, CYCLE_S = 3;
const tools = join(dirname(fileURLToPath(import.meta.url)), "../../tools");

const result = spawnSync(join(tools, "bench"), ["--no-build", "cluster", "--quick"], { encoding: "utf8" });
process.stdout.write(result.stdout + result.stderr);
if (result.status === SKIPPED)
	process.exit(SKIPPED);

const [, row, ...more] = readLines(result.stdout, "cluster");
check(row.case === "directory" && more.length === 0, "one row");
check(row.nodes === NODES && row.rooms === ROOMS && row.measured === 1, "which");
check(row.known === NODES - 1, "the node that is measured knows all others");
check(row.records === NODES + ROOMS, "a record of each node and of each room");
check(row.refused === 0 && row.right, "each record was believed, and no room was claimed twice");
// What a node finds of its own rooms it knows by the digest; answers to what it wrote may be lost with Redis.
check(row.checked > 0 && (row.losses > 0 || row.checked % (NODES - 1) === 0), "only records of others are checked");
// A cycle in which Redis may be empty is done in 0.6 s, and may be in these 3 s.
check(row.set_s > 0 && row.set_s < 3 * (NODES + ROOMS) / CYCLE_S, "each record is written once a cycle");
check(row.redis_core > 0 && row.node_core > 0 && row.redis_us_per_command > 0, "what it costs");

// The plan calculates the same number of commands.
const plan = spawnSync(join(tools, "capacity"), ["--cluster", "--nodes", `${NODES}`, "--rooms", `${ROOMS}`],
	{ encoding: "utf8" });
const commands = /^Redis +([\d,]+) /m.exec(plan.stdout);
check(commands && Number(commands[1].replaceAll(",", "")) === row.expected_s, "the plan expects as many commands");
check(result.status === 0, "exit code 0");
