// SPDX-License-Identifier: Apache-2.0
// Clients that do not read: what is queued for all of them has a budget, the largest queue is cut
// first, and a queue of which nothing is taken ends by its age. Those that read notice nothing.
import { get } from "node:http";
import { metric } from "../e2e/lib/metrics.mjs";
import { PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";

const MIB = 1024 * 1024;
const QUEUE = 64 * MIB; // of one client: more than any gets here
const limits = { messages_per_second: 100000, messages_per_address: 1000000, send_queue_bytes: QUEUE };

const refused = (reason) => metric(`admission_refused_total{reason="${reason}"}`);

/** One whose answers nobody reads, and who has asked for some of `mib`. */
async function sleeper(mib) {
	const client = await Client.join("slow");
	client.socket.pause();
	const question = JSON.stringify({ type: "nothing", id: "x".repeat(128) });
	for (let i = 0; i < mib * MIB / 160; i++)
		client.socket.send(question);
	return client;
}

async function total() {
	const servers = new Servers({ limits: { ...limits, send_queue_total_bytes: MIB } });
	await servers.startControlplane();
	const reader = await Client.join("slow");
	const clients = [await sleeper(10), await sleeper(10)];
	await until("both that do not read are cut off", 15, async () => await metric("sockets") === 1);
	check(await refused("queue_total") === 2 && await refused("queue_age") === 0, "/metrics says why");
	check((await reader.ask("getProducers")).producers.length === 0, "who reads is served");
	for (const client of clients)
		client.socket.terminate();
	await servers.end();
}

function handshake() {
	return new Promise((resolve, reject) => {
		get({ port: PORT, host: "127.0.0.1", agent: false, path: "/socket.io/?EIO=4&transport=polling" }, (response) => {
			response.resume();
			response.on("end", resolve);
		}).on("error", reject);
	});
}

async function age() {
	const servers = new Servers({ limits: { ...limits, send_queue_s: 1 }, socketio: { ping_interval_ms: 500 } });
	await servers.startControlplane();
	const reader = await Client.join("slow"), client = await sleeper(10);
	await handshake(); // whose ping no poll fetches
	await until("who takes nothing is cut off", 15, async () => await metric("sockets") === 1);
	await until("a session that is not polled, too", 5, async () => await metric('engineio_sessions{transport="polling"}') === 0);
	check(await refused("queue_age") === 2 && await refused("queue_total") === 0, "/metrics says why");
	check((await reader.ask("getProducers")).producers.length === 0, "who reads is served");
	client.socket.terminate();
	await servers.end();
}

await test(async () => {
	await total();
	await age();
});
