// SPDX-License-Identifier: Apache-2.0
// The reader of both processes' stderr stops reading: clients join, and /healthz answers. When it
// reads again, the log says how many lines were lost.
import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { metrics } from "../e2e/lib/metrics.mjs";
import { Client } from "./client.mjs";

const JOINS = 1200;
const AT_ONCE = 20;
const FAILURES = 4; // requests of each client that fail: a line each at the level debug

async function healthy() {
	const response = await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(4000) });
	return response.ok;
}

async function joinAndLeave() {
	const client = await Client.join();
	for (let i = 0; i < FAILURES; i++)
		await client.ask("noSuchRequest", {}).catch(() => null);
	await client.end();
}

async function joinMany() {
	for (let done = 0; done < JOINS; done += AT_ONCE)
		await Promise.all(Array.from({ length: AT_ONCE }, joinAndLeave));
}

/** Reads what is there, without waiting. */
function drain(fd) {
	const room = Buffer.alloc(65536);
	try {
		return room.toString("utf8", 0, readSync(fd, room));
	} catch (error) {
		if (error.code === "EAGAIN")
			return "";
		throw error;
	}
}

await test(async ({ defer }) => {
	const servers = new Servers({ log: { level: "debug" }, limits: { connects_per_second: 10000 } });
	const fifo = join(workDir(), "log");
	execFileSync("mkfifo", [fifo]);
	const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
	const stderr = openSync(fifo, constants.O_WRONLY);
	defer((failed) => servers.end(failed));
	await servers.start({ stderr });
	closeSync(stderr);
	drain(reader);

	await joinMany();
	check(await healthy(), `/healthz answers after ${JOINS} joins whose log nobody has read`);
	const lost = await until("lost lines are counted", 5, async () => (await metrics()).spate_log_lines_lost_total);

	let text = "";
	for (const end = Date.now() + 5000; Date.now() < end && !text.includes("log-lost"); await sleep(1))
		text += drain(reader);
	const said = [...text.matchAll(/ warn control log-lost lines=(\d+) /g)].map((m) => Number(m[1]));
	check(said.length > 0 && said[0] <= lost, `the log says so when it is read again (${said} of ${lost})`);
	check(await healthy() && servers.dataplane.running, "both processes go on");
});
