// SPDX-License-Identifier: Apache-2.0
// Many viewers of tools/loadgen beside the browsers: they join, receive and report, until the test ends.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { metric } from "./metrics.mjs";
import { buildDir } from "./servers.mjs";
import { Skip, until } from "./test.mjs";

const PROGRAM = join(buildDir, "tools/loadgen/loadgen");
const JOINS_PER_SECOND = 200;
const STREAMS = 2; // of the host
const HOUR_S = 3600;

/** The settings of servers that take so many viewers from one address. */
export function loaderSettings(count) {
	if (count === 0)
		return {};
	const all = 2 * count + 100, plenty = 262144;
	return { limits: { share_percent: 100, connections_per_address: all, messages_per_address: 1000000, connects_per_second: 1000000,
		handshakes_per_second: 1000000, unfinished_connections: plenty, unfinished_per_address: plenty,
		transports: all, consumers: STREAMS * all } };
}

/** The time in which they have joined, also on a machine that is busy with what they receive. */
export function loaderSeconds(count) {
	return count === 0 ? 0 : 20 + count / 10;
}

/** Opens them, and returns when all of them watch. */
export async function openLoaders(defer, count, room) {
	if (!existsSync(PROGRAM))
		throw new Skip(`not built: ${PROGRAM}`);
	const before = await metric("consumers");
	const child = spawn(PROGRAM, ["--joins", `${count}`, "--watch", "--room", room, "--rate", `${JOINS_PER_SECOND}`, "--settle", "0",
		"--hold", `${HOUR_S}`], { stdio: ["ignore", "ignore", "inherit"] });
	const gone = new Promise((resolve) => child.once("exit", resolve));
	defer(async () => {
		child.kill();
		await gone;
	});
	await until(`${count} viewers of the load generator watch`, loaderSeconds(count), async () => {
		if (child.exitCode !== null)
			throw new Error(`the load generator has ended (${child.exitCode})`);
		return await metric("consumers") >= before + STREAMS * count;
	});
}
