// SPDX-License-Identifier: Apache-2.0
// /readyz says why nobody can join: a full table, an event loop that lags, a data plane that is
// away or stands still. /healthz says 200 all the while.
import { setTimeout as sleep } from "node:timers/promises";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { metric } from "../e2e/lib/metrics.mjs";
import { Client } from "./client.mjs";

const TRANSPORTS = 16;

async function reasons() {
	const [ready, health] = await Promise.all(["/readyz", "/healthz"].map((path) => fetch(ORIGIN + path)));
	const body = await ready.json();
	const codes = body.reasons.map((r) => r.code).join();
	check(health.status === 200, "/healthz says 200");
	check(codes === "" ? ready.status === 200 && body.status === "ready"
		: ready.status === 503 && body.status === "unavailable" && body.reasons.every((r) => r.message !== ""),
	`/readyz says ${ready.status} ${JSON.stringify(body.reasons)}`);
	return codes;
}

async function unreadyFor(code, words, seconds = 5) {
	await until(words, seconds, async () => await reasons() === code);
	check(await metric("ready") === (code === "" ? 1 : 0), "so does the metric");
}

await test(async ({ defer }) => {
	// One address fills the whole table.
	const servers = new Servers({ limits: { transports: TRANSPORTS, transports_per_peer: TRANSPORTS,
		share_percent: 100, reserve_percent: 0 } });
	defer((failed) => servers.end(failed));
	await servers.startDataplane();
	await servers.startControlplane();
	await unreadyFor("", "clients can join");

	const client = await Client.join();
	for (let i = 0; i < TRANSPORTS; i++)
		await client.transport("recv");
	await unreadyFor("transports-full", "the table of transports is full");
	await client.end();
	await unreadyFor("", "there is room again");

	process.kill(servers.controlplane.pid, "SIGSTOP");
	await sleep(1600);
	process.kill(servers.controlplane.pid, "SIGCONT");
	await unreadyFor("loop-lagging", "the event loop stood still");
	await unreadyFor("", "it has recovered", 15);

	process.kill(servers.dataplane.pid, "SIGSTOP");
	await unreadyFor("dataplane-stalled", "the data plane stands still", 10);
	process.kill(servers.dataplane.pid, "SIGCONT");
	await unreadyFor("", "it goes on");

	await servers.dataplane.end("SIGKILL");
	await unreadyFor("no-dataplane", "the data plane is away");
	await servers.startDataplane();
	await unreadyFor("", "it is back", 10);
});
