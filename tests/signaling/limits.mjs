// SPDX-License-Identifier: Apache-2.0
// The limits, each at its edge, and a data plane that goes and comes back.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, videoParameters } from "./client.mjs";

/** The codes of /readyz; an empty list: clients can join. */
async function unready() {
	const response = await fetch(`${ORIGIN}/readyz`);
	const { status, reasons } = await response.json();
	check((response.status === 200) === (reasons.length === 0) && (status === "ready") === response.ok,
		`/readyz: ${response.status} ${reasons.map((r) => r.message)}`);
	return reasons.map((r) => r.code);
}

async function flood() {
	const client = await Client.join("flood");
	for (let i = 0; i < 30; i++)
		client.send({ type: "getProducers" });
	await sleep(300);
	const errors = client.messages.filter((m) => m.type === "error" && m.data.code === "too-many");
	check(errors.length >= 8 && errors.length <= 10 && client.closed === null,
		`a burst over the limit is told off (${errors.length} of 30)`);
	await sleep(1200);
	client.messages.length = 0;
	check((await client.ask("getProducers")).producers.length === 0, "and may go on afterwards");
	for (let i = 0; i < 200; i++)
		client.send({ type: "getProducers" });
	await client.closes("a flood that goes on", 1008);
	const deep = await Client.join("flood");
	for (let i = 0; i < 200; i++)
		deep.send("[".repeat(40));
	await deep.closes("one of messages that are nested too deep", 1008);
	const again = await Client.join("flood");
	for (let i = 0; i < 20; i++)
		again.send({ type: "getProducers" });
	check((await again.heard("error")).data.code === "too-many" && again.closed === null,
		"who comes back has no more than before");
	check(await metric('admission_refused_total{reason="messages"}') >= 30, "/metrics counts what was refused");
	await again.end();
	await sleep(1100);
}

async function connections() {
	const clients = [];
	for (let i = 0; i < 6; i++)
		clients.push(await Client.join("crowd"));
	const refused = await Client.open("?room=crowd");
	check((await refused.heard("error")).data.code === "too-many", "one connection too many from one address");
	await refused.closes("it", 1013);
	await clients.pop().end();
	await sleep(50);
	clients.push(await Client.join("crowd"));
	check(clients.every((c) => c.closed === null), "another may come when one has gone");
	for (const client of clients)
		await client.end();
	await sleep(50);
}

/* Whoever has one address of IPv6 has a network of them. */
async function networks() {
	const address = (network, i) => `2001:db8:0:${network}::${i + 1}`;
	const open = (network, i) => Client.open("?room=crowd", { host: "[::1]", localAddress: address(network, i) });
	for (const [network, i] of [1, 2].flatMap((network) => [0, 1, 2, 3, 4, 5, 6].map((i) => [network, i])))
		execFileSync("ip", ["-6", "addr", "add", `${address(network, i)}/128`, "dev", "lo"]);
	const clients = [];
	for (let i = 0; i < 6; i++)
		clients.push(await open(1, i));
	const refused = await open(1, 6);
	check((await refused.heard("error")).data.code === "too-many", "one connection too many from one network of IPv6");
	clients.push(await open(2, 0));
	await clients.at(-1).heard("rtpCapabilities");
	check(clients.every((c) => c.closed === null), "its neighbours may come");
	for (const client of clients)
		await client.end();
	await sleep(50);
}

async function roomsAndPeers() {
	const clients = [await Client.join("a"), await Client.join("b")];
	const third = await Client.open("?room=c");
	check((await third.heard("error")).data.code === "too-many", "a room too many");
	await third.closes("it", 1013);
	for (const client of clients)
		await client.end();
	await sleep(50);
}

async function possessions() {
	const host = await Client.join("p"), viewer = await Client.join("p");
	const send = await host.transport("send");
	await host.transport("send");
	await host.fails("a transport too many", "createWebRtcTransport", { purpose: "send" }, "too-many");
	const produce = () => ({ transportId: send.id, kind: "audio", rtpParameters: audioParameters() });
	const first = (await host.ask("produce", produce())).id, second = (await host.ask("produce", produce())).id;
	await host.fails("a producer too many", "produce", produce(), "too-many");
	await viewer.transport("recv");
	const consume = (producerId) => ({ producerId, rtpCapabilities: viewer.capabilities });
	await viewer.ask("consume", consume(first));
	await viewer.fails("a consumer too many", "consume", consume(second), "too-many");
	await host.end();
	await viewer.end();
}

/* Answers that nobody reads fill the kernel's buffers, then the server's queue, and no more. */
async function slowClient(servers) {
	const slow = await Client.join("slow"), other = await Client.join("slow");
	slow.socket.pause();
	for (let i = 0; i < 80000; i++)
		slow.socket.send(JSON.stringify({ type: "getProducers", id: "x".repeat(128) }));
	await until("a client that does not read is cut off", 15, async () => await metric("sockets") === 1);
	check(servers.controlplane.output.includes("the client is too slow"), "and the log says why");
	check(await metric('admission_refused_total{reason="queue"}') === 1, "and so does /metrics");
	check((await other.ask("getProducers")).producers.length === 0, "others are served");
	slow.socket.terminate();
	await other.end();
}

async function dataPlaneGoes(servers) {
	const host = await Client.join("d"), viewer = await Client.join("d");
	const send = await host.transport("send"), recv = await viewer.transport("recv");
	const video = (await host.ask("produce", { transportId: send.id, kind: "video",
		rtpParameters: videoParameters() })).id;
	const consumer = (await viewer.ask("consume", { producerId: video, rtpCapabilities: viewer.capabilities })).id;

	await servers.dataplane.end("SIGKILL");
	check((await viewer.heard("consumerClosed")).data.consumerId === consumer, "consumerClosed");
	check((await viewer.heard("producerClosed")).data.producerId === video, "producerClosed");
	const error = (await viewer.heard("error")).data;
	check(error.code === "unavailable" && error.transportId === recv.id, "error unavailable");
	check((await viewer.heard("transportClosed")).data.transportId === recv.id, "transportClosed");
	check((await host.heard("producerClosed")).data.producerId === video &&
		(await host.heard("transportClosed")).data.transportId === send.id, "the host hears of its own");
	await host.fails("a transport without a data plane", "createWebRtcTransport", { purpose: "send" }, "unavailable");
	const health = await fetch(`${ORIGIN}/healthz`);
	check(health.status === 200 && (await health.json()).dataplane === "away", "/healthz says so");
	check((await unready()).join() === "no-dataplane", "/readyz says no");

	await servers.startDataplane();
	await until("the data plane is back", 10, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	check(host.closed === null && viewer.closed === null, "the sockets stayed");
	const again = await host.transport("send");
	await host.ask("produce", { transportId: again.id, kind: "video", rtpParameters: videoParameters() });
	await viewer.heard("newProducer");
	await host.end();
	await viewer.end();
}

/* Hundreds who load the page over and over, as fast as they can: the others' requests come in between. */
async function pageLoads() {
	const load = `const { connect } = require("node:net");
		for (let i = 0; i < 300; i++) {
			const ask = () => socket.write("GET /main.js HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n");
			const socket = connect(${PORT}, "127.0.0.1", ask);
			let left = 0; // of the answer
			socket.on("data", (data) => {
				if (left === 0)
					left = data.indexOf("\\r\\n\\r\\n") + 4 + Number(/content-length: (\\d+)/.exec(data)[1]);
				left -= data.length;
				if (left === 0)
					ask();
			});
			socket.on("error", () => {});
		}`;
	const client = await Client.join("loads");
	const worker = new Worker(load, { eval: true });
	let answers = 0;
	for (const end = Date.now() + 3000; Date.now() < end; await sleep(10), answers++)
		await client.ask("getProducers");
	await worker.terminate();
	await client.end();
	check(answers > 60, `while hundreds load the page, one who asks again and again is answered (${answers} times in 3 s)`);
}

/* As the user that the process has become: root may not where it lacks CAP_SYS_RESOURCE. */
function limitFiles(pid, most) {
	const status = readFileSync(`/proc/${pid}/status`, "utf8");
	const [uid, gid] = ["Uid", "Gid"].map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)[1]));
	execFileSync("prlimit", ["--pid", `${pid}`, `--nofile=${most}:`], { uid, gid });
}

/* Connections take all files but the last, so that the server does not go round in vain for one more. */
async function files(servers) {
	const { pid } = servers.controlplane;
	const ticks = () => {
		const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
		return Number(fields[11]) + Number(fields[12]);
	};
	limitFiles(pid, 400);
	const open = new Set();
	for (let i = 0; i < 500; i++) {
		const socket = connect(PORT, "127.0.0.1", () => open.add(socket));
		socket.resume();
		socket.on("error", () => {});
		socket.on("close", () => open.delete(socket));
	}
	await sleep(500);
	const before = ticks();
	await sleep(1000);
	const used = ticks() - before;
	check(used < 20 && open.size > 200 && open.size <= 350, `out of files: ${open.size} of 500 are in, ${used} ticks in a second`);
	for (const socket of open)
		socket.destroy();
	limitFiles(pid, 4000);
	await until("others may come when they have gone", 5, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	check(await metric('admission_refused_total{reason="sockets"}') > 0, "/metrics counts who was not accepted");
}

async function origins() {
	const ours = await Client.open("", { origin: "https://tv.example" });
	await ours.heard("rtpCapabilities");
	await ours.end();
	const refusal = await Client.open("", { origin: "https://other.example" }).catch((error) => error.message);
	check(/403/.test(refusal), `a page from elsewhere is refused (${refusal})`);
}

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { messages_per_second: 20, connections_per_address: 6, rooms: 2,
		transports_per_peer: 2, producers_per_peer: 2, consumers_per_peer: 1 } });
	defer(() => servers.end());
	await servers.start();
	await flood();
	await connections();
	await networks();
	await roomsAndPeers();
	await possessions();
	await dataPlaneGoes(servers);
	await servers.end();

	const roomy = new Servers({ limits: { messages_per_second: 100000, messages_per_address: 100000,
		send_queue_bytes: 65536, connects_per_second: 1000, unfinished_per_address: 1000 },
		http: { origins: "https://tv.example" } });
	defer(() => roomy.end());
	await roomy.start();
	await origins();
	await files(roomy);
	await pageLoads();
	await slowClient(roomy);
});
