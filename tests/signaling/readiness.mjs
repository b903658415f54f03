// SPDX-License-Identifier: Apache-2.0
// /readyz says why nobody can join: a full table, an event loop that lags, a data plane that is
// away, stands still or is of another version. /healthz says 200 as long as the event loop runs.
import { spawn, spawnSync } from "node:child_process";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
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

async function healthy(ms) {
	try {
		return (await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(ms) })).ok;
	} catch {
		return false;
	}
}

/* Answers HELLO as a data plane of version 1 would, in a record that is shorter. */
const OLD_DATAPLANE = `
import os, socket, struct, sys
path = sys.argv[1]
if os.path.exists(path):
    os.unlink(path)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen()
print("listening", flush=True)
while True:
    connection, _ = listener.accept()
    magic, = struct.unpack("<I", connection.recv(4096)[:4])
    connection.send(struct.pack("<IIi", magic, 1, 0) + bytes(52))
`;

/** A data plane of another version is refused, and whoever looks is told why; the process works all the same. */
async function anotherVersion(defer) {
	const path = join(workDir(), "run", "dataplane.sock");
	const old = spawn("python3", ["-c", OLD_DATAPLANE, path], { stdio: ["ignore", "pipe", "inherit"] });
	defer(() => old.kill());
	await new Promise((resolve, reject) => {
		old.stdout.once("data", resolve);
		old.once("exit", () => reject(new Error("the old data plane has ended")));
	});
	const why = /^no data plane is connected: the control plane speaks version \d+, the data plane 1: run both from one release$/;
	await until("/readyz says that the versions do not fit", 15, async () =>
		(await (await fetch(`${ORIGIN}/readyz`)).json()).reasons.some(({ code, message }) => code === "no-dataplane" && why.test(message)));
	const status = spawnSync(join(buildDir, "tools/spatectl"), ["--run-dir", join(workDir(), "run"), "status"], { encoding: "utf8" });
	check(/PROBLEM {2}the data plane cannot be asked: this program speaks version \d+, the data plane 1: run both from one release\n/.test(status.stdout),
		`so does spatectl: ${status.stdout.split("\n")[0]}`);
	check(await healthy(5000), "/healthz says 200: a restart would not help");
	const gone = new Promise((resolve) => old.once("exit", resolve));
	old.kill();
	await gone;
	unlinkSync(path);
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
	const [probed] = await Promise.all([healthy(1000), sleep(1600)]);
	check(!probed, "/healthz does not answer while the event loop stands still: that is when to restart it");
	process.kill(servers.controlplane.pid, "SIGCONT");
	await unreadyFor("loop-lagging", "the event loop stood still");
	check(await healthy(5000), "/healthz answers again: a restart would not help any more");
	await unreadyFor("", "it has recovered", 15);

	process.kill(servers.dataplane.pid, "SIGSTOP");
	await unreadyFor("dataplane-stalled", "the data plane stands still", 10);
	process.kill(servers.dataplane.pid, "SIGCONT");
	await unreadyFor("", "it goes on");

	await servers.dataplane.end("SIGKILL");
	await unreadyFor("no-dataplane", "the data plane is away");
	await anotherVersion(defer);
	await servers.startDataplane();
	await unreadyFor("", "it is back", 15);
});
