// SPDX-License-Identifier: Apache-2.0
// An audience behind proxies: each client has its own limits, and nobody else can claim an address.
import { readFileSync } from "node:fs";
import { get, request } from "node:http";
import { text } from "node:stream/consumers";
import { ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";

const EACH = 3; // limits.connections_per_address
const TCP_EACH = 4 * EACH + 64;

/** By way of a proxy that has appended `forwarded`. `localAddress`: the proxy's. */
function join(forwarded, localAddress = "127.0.0.1") {
	return Client.open("?room=behind", { localAddress, headers: { "X-Forwarded-For": forwarded } });
}

async function joins(words, ...args) {
	const client = await join(...args);
	await client.heard("rtpCapabilities");
	check(client.closed === null, words);
	return client;
}

async function isRefused(words, ...args) {
	const client = await join(...args);
	check((await client.heard("error")).data.code === "too-many", words);
	await client.closes("it", 1013);
}

async function audience() {
	const clients = [];
	for (let i = 1; i <= TCP_EACH + 10; i++) {
		const client = await join(`198.51.${i % 3}.${i}`);
		await client.heard("rtpCapabilities");
		clients.push(client);
	}
	check(clients.every((c) => c.closed === null), `${clients.length} users come through one proxy`);
	return clients;
}

async function oneClient() {
	const clients = [];
	for (let i = 0; i < EACH; i++)
		clients.push(await join("203.0.113.9"));
	await isRefused("one connection too many of one client", "203.0.113.9");
	await isRefused("whatever the client has claimed", "192.0.2.77, 203.0.113.9");
	await isRefused("through a second proxy in a network that is trusted", "203.0.113.9, 10.1.2.3");
	await isRefused("with the proxies in two headers", ["192.0.2.78", "203.0.113.9"]);
	clients.push(await joins("a neighbour joins", "203.0.113.10"));
	clients.push(await joins("and one with IPv6 and a port", "[2001:db8::7]:4711"));
	return clients;
}

/* 127.0.0.9 is not trusted. */
async function strangers() {
	const clients = [];
	for (let i = 0; i < EACH; i++)
		clients.push(await join(`198.51.100.${100 + i}`, "127.0.0.9"));
	await isRefused("who is not trusted cannot claim an address", "198.51.100.200", "127.0.0.9");
	return clients;
}

function handshake(forwarded) {
	return new Promise((resolve, reject) => {
		get({ port: PORT, host: "127.0.0.1", agent: false, path: "/socket.io/?EIO=4&transport=polling",
			headers: { "X-Forwarded-For": forwarded } },
		async (response) => resolve({ status: response.statusCode, body: await text(response) })).on("error", reject);
	});
}

async function polling() {
	for (let i = 0; i < EACH; i++)
		check((await handshake("203.0.113.50")).status === 200, "Socket.IO: a session of a client behind the proxy");
	check((await handshake("203.0.113.50")).status === 503, "Socket.IO: one session too many");
	check((await handshake("203.0.113.51")).status === 200, "Socket.IO: a neighbour's");
}

/** The URL of a session has the scheme that the client used, if a trusted proxy says which. */
async function schemes() {
	const offer = readFileSync(new URL("../unit/sdp/data/obs-30.1.sdp", import.meta.url));
	for (const [proto, localAddress, begin] of [["https", "127.0.0.1", "https:"], ["http", "127.0.0.1", "http:"],
		["https", "127.0.0.10", "http:"]]) {
		const response = await new Promise((resolve, reject) => {
			request({ port: PORT, host: "127.0.0.1", localAddress, method: "POST", path: "/whip/secure", headers: {
				"content-type": "application/sdp", "content-length": offer.length, "x-forwarded-proto": proto,
				"x-forwarded-for": "203.0.113.20" } }, resolve).on("error", reject).end(offer);
		});
		const { location } = response.headers;
		check(response.statusCode === 201 && location.startsWith(`${begin}//127.0.0.1`),
			`X-Forwarded-Proto: ${proto} by ${localAddress}: ${location}`);
		response.resume();
		await fetch(location.replace("https:", "http:"), { method: "DELETE" });
	}
}

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { connections_per_address: EACH, share_percent: 100 },
		http: { trusted_proxies: ["127.0.0.1", "10.0.0.0/8"] } });
	defer(() => servers.end());
	await servers.start();
	const clients = [...await audience(), ...await oneClient(), ...await strangers()];
	await polling();
	await schemes();
	check(/peer-joined .*address=203\.0\.113\.10 /.test(servers.controlplane.output), "the log names the client's address");
	check((await fetch(`${ORIGIN}/readyz`)).ok, "the server is ready");
	for (const client of clients)
		await client.end();
});
