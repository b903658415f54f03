// SPDX-License-Identifier: Apache-2.0
// Two thousand slow and stuck clients of every kind at once: heads and bodies that never end, pages
// that nobody reads, WebSockets and polls that say nothing more, from many addresses. One who is in
// is answered all the while, others may join, and when the clients have gone, so have their files.
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";

const ADDRESSES = 40, EACH = 10; // clients of each kind from one address
const REQUEST_S = 4; // limits.request_s
const UPGRADE = ["GET /?room=stuck HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
	"Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", ""].join("\r\n");
const KINDS = {
	head: { text: "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " },
	body: { text: "POST /whip/stuck HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/sdp\r\nContent-Length: 2000\r\n\r\nv=0\r\n" },
	page: { text: "GET /main.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", deaf: true },
	websocket: { text: UPGRADE },
	poll: { text: "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" },
};

function open({ text, deaf }, localAddress) {
	const one = { closed: false };
	one.socket = connect({ port: PORT, host: "127.0.0.1", localAddress }, () => one.socket.write(text));
	one.socket.on("error", () => {});
	one.socket.on("close", () => { one.closed = true; });
	if (deaf)
		one.socket.pause();
	else
		one.socket.resume();
	return one;
}

/** The longest of some questions' times, in milliseconds. */
async function slowest(client, questions) {
	let longest = 0;
	for (let i = 0; i < questions; i++) {
		const start = Date.now();
		await client.ask("getProducers");
		longest = Math.max(longest, Date.now() - start);
		await sleep(20);
	}
	return longest;
}

const files = (pid) => readdirSync(`/proc/${pid}/fd`).length;

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { request_s: REQUEST_S, connects_per_second: 1000, send_queue_s: REQUEST_S } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const inside = await Client.join("inside");
	const before = files(servers.controlplane.pid);

	const stuck = [];
	for (let i = 0; i < ADDRESSES; i++) {
		for (const kind of Object.values(KINDS))
			for (let n = 0; n < EACH; n++)
				stuck.push(open(kind, `127.0.1.${i + 1}`));
		await sleep(20);
	}
	const busy = await slowest(inside, 50);
	check(busy < 2000, `who is in is answered beside ${stuck.length} of them, at the latest after ${busy} ms`);
	const late = await Client.join("inside");
	check((await late.ask("getProducers")).producers.length === 0, "another may join");
	await late.end();

	// Heads and bodies that do not end, and who reads nothing: the server ends these by itself.
	const own = stuck.filter((_, i) => Math.floor(i / EACH) % 5 < 2);
	await until("requests that never end are ended", REQUEST_S + 20, () => own.every((one) => one.closed));
	check(await metric('admission_refused_total{reason="late"}') > 0, "/metrics counts them");
	check(inside.closed === null, "who is in stays");

	for (const one of stuck)
		one.socket.destroy();
	await until("their files are closed", 20, () => files(servers.controlplane.pid) <= before + 5);
	check((await inside.ask("getProducers")).producers.length === 0, "and who is in is still answered");
	await inside.end();
});
