// SPDX-License-Identifier: Apache-2.0
// tools/pktgen: the set-up for some viewers, the stream as a file, and that file replayed into
// the data plane. Every viewer gets every packet, also where the file begins again. The
// counts are exact: what the kernel loses before and behind the data plane, it says itself.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { histogram } from "./lib/metrics.mjs";
import { workDir } from "./lib/namespace.mjs";
import { buildDir, Servers } from "./lib/servers.mjs";
import { spatectl } from "./lib/spatectl.mjs";
import { check, Skip, test, until } from "./lib/test.mjs";

const REPLAY = "/usr/bin/tcpreplay";
const VIEWERS = 3;
const ALL = 65536; // in a file that loops
const pktgen = join(dirname(fileURLToPath(import.meta.url)), "../../tools/pktgen");

function workers() {
	return spatectl("stats").workers;
}

/** Sums of all workers' counters. */
function counters() {
	const sum = {}, drops = {};
	for (const { drops: d, ...w } of workers()) {
		for (const [name, n] of Object.entries(w))
			sum[name] = (sum[name] ?? 0) + n;
		for (const [name, n] of Object.entries(d))
			drops[name] = (drops[name] ?? 0) + n;
	}
	return { ...sum, drops };
}

/** The histograms of the time from RX to TX on /metrics, of all workers together. */
async function latency() {
	const each = await Promise.all(workers().map((w, i) => histogram("worker_rx_to_tx_seconds", `worker="${i}"`)));
	return each.reduce((a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }));
}

/** What comes at port 6000: numbers by where they come from. */
function receive(defer) {
	const from = new Map();
	const socket = createSocket({ type: "udp4", recvBufferSize: 16 << 20 });
	socket.on("message", (m, peer) => {
		if (m[1] >= 192 && m[1] <= 223)
			return;
		from.set(peer.port, (from.get(peer.port) ?? 0) + 1);
	});
	socket.bind(6000);
	defer(() => socket.close());
	return from;
}

/** Packets that the TAP device could not take. */
function tapLost() {
	return Number(readFileSync("/sys/class/net/spate0/statistics/tx_dropped", "utf8"));
}

/** Datagrams for which a socket here had no room. */
function socketLost() {
	const [names, values] = readFileSync("/proc/net/snmp", "utf8").split("\n").filter((l) => l.startsWith("Udp: "))
		.map((l) => l.split(" "));
	return Number(values[names.indexOf("RcvbufErrors")]);
}

/** A room with its viewers, and the file of its stream. */
function setup(room, payload, packets) {
	const file = join(workDir(), `${room}.pcap`);
	const command = execFileSync(join(pktgen, "setup"), ["--from", "10.99.0.1:5004", "--to", "10.99.0.1:6000", "--viewers",
		`${VIEWERS}`, "--run-dir", join(workDir(), "run"), "--room", room, "--payload", `${payload}`, "--out", file],
		{ encoding: "utf8", env: { ...process.env, SPATECTL: join(buildDir, "tools/spatectl") } });
	execFileSync("/bin/sh", ["-c", `${command.trim()} --packets ${packets}`]);
	return file;
}

function replay(file, ...words) {
	const child = spawn(REPLAY, ["--quiet", "--intf1=spate0", ...words, file], { stdio: "ignore" });
	return new Promise((resolve) => child.once("exit", resolve));
}

/** What the kernel of the namespace sends by itself is let go as well, and is no loss. */
function lost(before, after) {
	return Object.entries(after.drops).filter(([name, n]) => n !== before.drops[name] &&
		!["not_ours", "ip_proto", "eth_type"].includes(name));
}

/** Replays the file and returns how many packets have come. */
async function run(file, packets, ...words) {
	const before = counters(), tap = tapLost(), untimed = await latency();
	await replay(file, ...words);
	await until("the stream has come", 5, () => counters().rtp_in - before.rtp_in + tapLost() - tap >= packets, { quiet: true });
	await until(`all have gone out to each of ${VIEWERS}`, 10, () => {
		const now = counters();
		if (lost(before, now).length > 0)
			throw new Error(`dropped: ${JSON.stringify(lost(before, now))}`);
		return now.rtp_out - before.rtp_out === (now.rtp_in - before.rtp_in) * VIEWERS;
	});
	const after = counters(), came = after.rtp_in - before.rtp_in;
	check(came > packets * 0.9 && came <= packets, `${came} of ${packets} packets came through the device`);
	let timed;
	await until("each of them is in the histograms of /metrics", 5, async () => {
		timed = await latency();
		return timed.count - untimed.count === came * VIEWERS;
	});
	const took = (timed.sum - untimed.sum) / (came * VIEWERS);
	check(took > 1e-7 && took < 2, `where it took ${(took * 1e6).toFixed(0)} us on the average`);
	check(after.rtx_out === before.rtx_out, "nothing was sent twice");
	check(lost(before, after).length === 0, `nothing was dropped ${JSON.stringify(lost(before, after))}`);
	return came;
}

await test(async ({ defer }) => {
	if (!existsSync(REPLAY))
		throw new Skip("tcpreplay is not installed");
	const servers = new Servers({ dataplane: { tx_age_ms: 2000 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	/* 10,000 packets a second for two seconds in which the data plane may not get a core */
	execFileSync("ip", ["link", "set", "spate0", "txqueuelen", "20000"]);
	const received = receive(defer);

	const file = setup("some", 1100, 2048), none = socketLost();
	check(spatectl("plain", "list").plain.length === 1 + VIEWERS, `${VIEWERS} viewers and their stream`);
	const came = await run(file, 2048, "--pps=1000");
	await until("and have been received", 5, () => received.size === VIEWERS &&
		[...received.values()].reduce((a, b) => a + b) + socketLost() - none === came * VIEWERS);
	check([...received.values()].every((n) => n <= came), "by each once");
	spatectl("room", "close", "some");

	await run(setup("all", 40, ALL), 2 * ALL, "--loop=2", "--pps=10000");
});
