// SPDX-License-Identifier: Apache-2.0
// tools/wire with real TAP devices in two namespaces: a sender's UDP packets are delayed, lost and
// held back as the wire was told, the receiver misses exactly those that the wire counted, and other
// traffic passes. The wire ends cleanly, and its devices with it.
import { execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { namespaceOf } from "../e2e/lib/namespace.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { Wire } from "../e2e/lib/wire.mjs";

const CLIENT = "client";
const PORT = 20000, OTHER_PORT = 20001;
const PAYLOAD = 958; // with the headers of UDP, IPv4 and Ethernet 1000 bytes
const LAST_MS = 600; // for what is still on its way
const RATE = 1_000_000;

// node -e SENDER ADDRESS PORT COUNT PER_SECOND: each packet has its number and when it was sent.
const SENDER = `
	const [address, port, count, perSecond] = process.argv.slice(1);
	const socket = require("node:dgram").createSocket("udp4");
	const begin = process.hrtime.bigint();
	let n = 0;
	const send = () => {
		const due = Math.min(count, Number(process.hrtime.bigint() - begin) / 1e9 * perSecond);
		for (; n < due; n++) {
			const data = Buffer.alloc(${PAYLOAD});
			data.writeUInt32BE(n);
			data.writeBigUInt64BE(process.hrtime.bigint(), 4);
			socket.send(data, port, address);
		}
		if (n < count)
			setTimeout(send, 1);
		else
			setTimeout(() => socket.close(), 100);
	};
	send();`;

/** What comes at a port: [{ number, delayMs, atMs }]. */
function listen(port) {
	const came = [];
	const socket = createSocket("udp4");
	socket.on("message", (data) => {
		const now = process.hrtime.bigint();
		came.push({ number: data.readUInt32BE(), atMs: Number(now) / 1e6,
			delayMs: Number(now - data.readBigUInt64BE(4)) / 1e6 });
	});
	return new Promise((resolve) => socket.bind(port, () => resolve({ came, socket })));
}

/** Sends from the client through the wire; resolves with what has come of it. */
async function send(wire, port, count, perSecond) {
	const { came, socket } = await listen(port);
	const child = spawn("ip", ["netns", "exec", namespaceOf(CLIENT), process.execPath, "-e", SENDER, wire.here,
		`${port}`, `${count}`, `${perSecond}`], { stdio: "inherit" });
	const code = await new Promise((resolve) => child.once("exit", resolve));
	check(code === 0, `${count} packets sent, ${perSecond} a second`);
	await sleep(LAST_MS);
	socket.close();
	return came;
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const total = (wire, member) => wire.seconds.reduce((sum, { up }) => sum + up[member], 0);

/** The sums of the seconds once they have all that was sent. */
async function settled(wire) {
	const before = wire.seconds.length;
	while (wire.seconds.length < before + 2)
		await sleep(100);
}

await test(async ({ defer }) => {
	const wire = new Wire(CLIENT, 1, { filter: `udp:${PORT}`, set: ["up.delay=30ms"], seed: 5 });
	defer(() => wire.end());
	await wire.start();

	let came = await send(wire, PORT, 200, 200);
	const delays = came.map(({ delayMs }) => delayMs);
	check(came.length === 200 && came.every(({ number }, i) => number === i), "all come, in their order");
	check(Math.min(...delays) >= 30, `none before 30 ms: ${Math.min(...delays).toFixed(2)} ms`);
	check(median(delays) < 40, `the median is ${median(delays).toFixed(2)} ms`);

	await wire.set("loss=20%", "up.delay=0ms");
	came = await send(wire, PORT, 1000, 500);
	await settled(wire);
	check(1000 - came.length === total(wire, "lost"), `the wire has counted what is missing, ${1000 - came.length}`);
	check(came.length >= 740 && came.length <= 860, `20 % are lost: ${came.length} of 1000 came`);
	came = await send(wire, OTHER_PORT, 200, 200);
	check(came.length === 200, "packets of another port are left alone");

	await wire.set("loss=0", `up.rate=${RATE}`, "up.queue=200ms");
	came = await send(wire, PORT, 750, 250);
	const seconds = (came.at(-1).atMs - came[0].atMs) / 1000;
	const rate = (came.length - 1) * 8000 / seconds;
	check(rate > RATE * 0.93 && rate < RATE * 1.03, `of 2 Mbit/s ${(rate / 1e6).toFixed(3)} come through`);
	const waits = came.slice(100).map(({ delayMs }) => delayMs);
	check(median(waits) > 185 && median(waits) < 230, `behind a queue of 200 ms: ${median(waits).toFixed(1)} ms`);
	await settled(wire);
	check(750 - came.length === total(wire, "queue_dropped"), `${750 - came.length} were dropped at the queue`);

	const summary = await wire.end();
	check(wire.status === 0 && summary.up.packets === 200 + 1000 + 750, "it ends by SIGTERM, with a summary");
	check(summary.up.refused === 0 && summary.up.overflowed === 0, "nothing was lost otherwise");
	const devices = JSON.parse(execFileSync("ip", ["-j", "link"], { encoding: "utf8" })).map((d) => d.ifname);
	check(devices.join() === "lo", "its devices are gone");
}, { namespaces: [CLIENT] });
