// SPDX-License-Identifier: Apache-2.0
// The control plane without room on the disk of its log, and without memory in its cgroup: a viewer
// who is in misses no packet, and when there is room and memory again, the log says what it lacks, and
// others may come.
import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { Transports } from "./transports.mjs";

const SPARE_BYTES = 2 << 20; // what the control plane may still take
const CROWD = 600, AT_ONCE = 20;
const DISK = "64k";
const SOUND = 111; // audioParameters()' payload type

async function healthy() {
	return (await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(4000) })).ok;
}

async function transport(client, media, purpose) {
	const made = await client.transport(purpose);
	const name = media.open(made, "client");
	await client.ask("connectWebRtcTransport", { transportId: made.id, dtlsParameters: media.dtlsParameters("client") });
	return { id: made.id, name };
}

/** A host who sends sound, and a viewer: { client, hears, missing }. */
async function show(media) {
	const host = await Client.join("show"), viewer = await Client.join("show");
	const from = await transport(host, media, "send"), to = await transport(viewer, media, "recv");
	const rtpParameters = audioParameters();
	const { id: producerId } = await host.ask("produce", { transportId: from.id, kind: "audio", rtpParameters });
	await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	media.send(from.name, rtpParameters.encodings[0].ssrc, SOUND);
	return { client: viewer, media, name: to.name };
}

/** The viewer gets so many packets more, and none is missing. */
async function hears({ media, name }, words, packets = 10) {
	const before = (await media.received(name)).packets;
	await until(words, 10, async () => (await media.received(name)).packets >= before + packets);
	check((await media.received(name)).missing === 0, "no packet is missing");
}

/** Joins, opens a transport and stays. False: it could not. */
async function enter(media, inside) {
	try {
		const client = await Client.join("crowd");
		inside.push(client);
		await transport(client, media, "recv");
		return true;
	} catch {
		return false;
	}
}

/** Mounts cgroups, which the namespace lacks. The name of the file that limits a group's memory; null: there are none. */
function mountCgroups(folder, defer) {
	for (const [limit, ...type] of [["memory.limit_in_bytes", "cgroup", "-o", "memory"], ["memory.max", "cgroup2"]]) {
		if (spawnSync("mount", ["-t", ...type, "cgroup", folder]).status !== 0)
			continue;
		defer(() => spawnSync("umount", [folder]));
		return limit;
	}
	return null;
}

/** Puts a process into a cgroup that gives it little more than it has. False: none can be made. */
function limitMemory(pid, defer) {
	const folder = join(workDir(), "cgroup"), group = join(folder, `spate-exhausted-${process.pid}`);
	mkdirSync(folder);
	const limit = mountCgroups(folder, defer);
	try {
		mkdirSync(group);
		defer(() => rmdirSync(group));
		writeFileSync(join(group, limit), `${SPARE_BYTES}`); // what it has is charged to another group
		writeFileSync(join(group, "cgroup.procs"), `${pid}`);
		return true;
	} catch (error) {
		log(`not tested here, no cgroup can be made: ${error.message}`);
		return false;
	}
}

/* The kernel ends a process that needs more than its cgroup may have; a supervisor starts it again. */
async function withoutMemory(servers, media, viewer, defer) {
	const inside = [];
	if (!limitMemory(servers.controlplane.pid, defer))
		return;
	for (let n = 0; n < CROWD && servers.controlplane.running; n += AT_ONCE)
		await Promise.all(Array.from({ length: AT_ONCE }, () => enter(media, inside)));
	await until("its cgroup has no memory left for the control plane", 5, () => servers.controlplane.status === "SIGKILL");
	await hears(viewer, `${inside.length} came in, and who was in hears on`);
	for (const client of inside)
		client.socket.terminate();
	await servers.startControlplane();
	await until("others may come again", 10, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	check(await enter(media, []), "and they do");
	await hears(viewer, "who was in hears on");
}

async function withoutDisk(servers, file, viewer) {
	const before = await metric("log_lines_lost_total");
	await until("the disk is full", 20, async () => {
		for (let i = 0; i < 50; i++)
			await viewer.client.request("noSuchRequest", {});
		return await metric("log_lines_lost_total") > before;
	});
	check(statSync(file).size <= 65536 && await healthy(), `the log has ${statSync(file).size} bytes, and /healthz answers`);
	await hears(viewer, "who is in hears on");
	check((await viewer.client.ask("getProducers")).producers.length === 1, "and is answered");
	truncateSync(file);
	await until("there is room again, and the log says what it lacks", 10, async () => {
		await viewer.client.request("noSuchRequest", {});
		return / warn control log-lost lines=\d+ reason="No space left on device"/.test(readFileSync(file, "utf8"));
	});
	check(servers.dataplane.running && servers.controlplane.running, "both processes go on");
}

await test(async ({ defer }) => {
	const many = 100000, disk = join(workDir(), "disk"), file = join(disk, "log");
	mkdirSync(disk);
	// In the namespace's own list of mounts, which ends with it.
	execFileSync("mount", ["-t", "tmpfs", "-o", `size=${DISK}`, "tmpfs", disk]);
	defer(() => execFileSync("umount", [disk]));
	const servers = new Servers({ log: { level: "debug" }, resume: { grace_s: 1 }, limits: { connects_per_second: many,
		handshakes_per_second: many, messages_per_second: many, messages_per_address: many, peers_per_room: 2000, share_percent: 100 } });
	defer((failed) => servers.end(failed));
	const stderr = openSync(file, "a");
	await servers.start({ stderr });
	closeSync(stderr);
	const media = await Transports.start();
	defer(() => media.end());
	const viewer = await show(media);
	await hears(viewer, "a viewer hears");
	await withoutDisk(servers, file, viewer);
	await withoutMemory(servers, media, viewer, defer);
});
