// SPDX-License-Identifier: Apache-2.0
// A host and a viewer behind a router whose link has a smaller MTU than the media packets: the
// host's kernel sends fragments, and the router tells the data plane that its packets are too big.
// Both ways media arrives, by IPv4 and by IPv6. The router and the far side are Linux.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { namespaceOf, workDir } from "../e2e/lib/namespace.mjs";
import { metrics } from "../e2e/lib/metrics.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { spatectl } from "../e2e/lib/spatectl.mjs";
import { check, test } from "../e2e/lib/test.mjs";

const FAR = "far", MTU = 1300, LENGTH = 1330, COUNT = 260;
const FAMILIES = {
	4: { near: "10.88.0.1/24", far: "10.88.0.2", bits: 24, gateway: "10.88.0.1", spate: "10.99.0.2", at: (ip, port) => `${ip}:${port}` },
	6: { near: "fd88::1/64", far: "fd88::2", bits: 64, gateway: "fd88::1", spate: "fd99::2", at: (ip, port) => `[${ip}]:${port}` },
};

function ip(...words) {
	execFileSync("ip", words);
}

/** The far side is connected by a link of that MTU; this namespace routes. */
function connectFar() {
	const far = namespaceOf(FAR);
	ip("link", "add", "near0", "mtu", `${MTU}`, "type", "veth", "peer", "name", "far0", "mtu", `${MTU}`, "netns", far);
	ip("link", "set", "near0", "up");
	ip("-n", far, "link", "set", "far0", "up");
	for (const f of Object.values(FAMILIES)) {
		ip("address", "add", f.near, "dev", "near0");
		ip("-n", far, "address", "add", `${f.far}/${f.bits}`, "dev", "far0");
		ip("-n", far, "route", "add", "default", "via", f.gateway);
	}
	writeFileSync("/proc/sys/net/ipv4/ip_forward", "1");
	writeFileSync("/proc/sys/net/ipv6/conf/all/forwarding", "1");
}

/** Sends RTP from port 5004 and counts what comes to port 5006, in the far namespace. */
const program = `
	const [family, to, port, ssrc, type, length, count] = process.argv.slice(2);
	const { createSocket } = require("node:dgram");
	const host = createSocket("udp" + family), viewer = createSocket("udp" + family);
	let got = 0, longest = 0, sent = 0;
	viewer.on("message", (m) => {
		if (m[1] < 200)
			got++;
		longest = Math.max(longest, m.length);
	});
	viewer.bind(5006);
	host.bind(5004, () => {
		console.log("ready");
		process.stdin.once("data", () => {
			const timer = setInterval(() => {
				const m = Buffer.alloc(Number(length), sent);
				m.writeUInt16BE(0x8000 | Number(type), 0);
				m.writeUInt16BE(sent + 1, 2);
				m.writeUInt32BE(sent * 960, 4);
				m.writeUInt32BE(Number(ssrc), 8);
				host.send(m, Number(port), to);
				if (++sent < Number(count))
					return;
				clearInterval(timer);
				setTimeout(() => {
					console.log(JSON.stringify({ got, longest }));
					process.exit();
				}, 500);
			}, 5);
		});
	});`;

async function bothWays(family, mac) {
	const f = FAMILIES[family];
	const room = `family${family}`;
	const from = spatectl("plain", "produce", room, "opus", `from=${f.at(f.far, 5004)}`, `mac=${mac}`);
	spatectl("plain", "consume", room, "audio", `to=${f.at(f.far, 5006)}`, `mac=${mac}`);
	const before = await metrics();
	const child = spawn("ip", ["netns", "exec", namespaceOf(FAR), process.execPath, join(workDir(), "far.cjs"), family,
		f.spate, `${from.port}`, `${from.ssrc}`, `${from.payload_type}`, `${LENGTH}`, `${COUNT}`],
	{ stdio: ["pipe", "pipe", "inherit"] });
	const lines = createInterface(child.stdout);
	await once(lines, "line");
	child.stdin.write("go\n");
	const [line] = await once(lines, "line");
	const { got, longest } = JSON.parse(line);
	const after = await metrics();
	const accepted = after['spate_worker_rtp_in_total{worker="0"}'] - before['spate_worker_rtp_in_total{worker="0"}'];
	check(accepted === COUNT, `IPv${family}: all ${COUNT} of the host's packets in fragments arrive (${accepted})`);
	check(got > COUNT * 0.95 && longest >= LENGTH, `IPv${family}: the viewer gets them (${got}, up to ${longest} bytes)`);
}

/** Each counter of shared/stats_names.c is in /metrics, with the routers' messages in theirs. */
async function allCounters() {
	const names = [...readFileSync(new URL("../../shared/stats_names.c", import.meta.url), "utf8").matchAll(/\tCOUNTER\((\w+),/g)]
		.map(([, name]) => `spate_worker_${name}_total{worker="0"}`);
	const all = await metrics(), absent = names.filter((name) => !Number.isInteger(all[name]));
	check(names.length > 40 && absent.length === 0, `/metrics has all ${names.length} counters ${absent}`);
	check(all['spate_worker_neighbor_answers_total{worker="0"}'] >= 2, "and the router's messages are counted");
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	connectFar();
	writeFileSync(join(workDir(), "far.cjs"), program);
	const mac = readFileSync("/sys/class/net/spate0/address", "utf8").trim();
	await bothWays("4", mac);
	await bothWays("6", mac);
	await allCounters();
}, { namespaces: [FAR] });
