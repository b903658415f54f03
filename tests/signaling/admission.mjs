// SPDX-License-Identifier: Apache-2.0
// Strangers who connect and ask nothing, connect too often or show bad tokens: each has a limit per
// address, which is refused by name in /metrics, and none of them meets a trusted proxy.
import { createHmac, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { get } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_PORT, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";

const PROXY = "127.0.0.50";
const REQUEST_S = 2, EACH = 8, ALL = 20;
const HALF = "GET /healthz HTTP/1.1\r\nHost: x\r\n";

const refused = (reason) => metric(`admission_refused_total{reason="${reason}"}`);

/** A connection that has sent `text`; `closed` says whether the server has ended it. */
async function open(localAddress, text = HALF) {
	const socket = connect({ port: PORT, host: "127.0.0.1", localAddress });
	const one = { socket, closed: false, heard: "", since: Date.now() };
	socket.on("data", (data) => { one.heard += data; });
	socket.on("error", () => {});
	socket.on("close", () => Object.assign(one, { closed: true, ms: Date.now() - one.since }));
	await once(socket, "connect");
	socket.write(text);
	return one;
}

async function several(n, localAddress) {
	const all = [];
	for (let i = 0; i < n; i++)
		all.push(await open(localAddress));
	return all;
}

const closed = (all) => all.filter((one) => one.closed).length;

function end(all) {
	for (const one of all)
		one.socket.destroy();
}

async function unfinished() {
	const first = await several(EACH + 2, "127.0.0.2");
	await sleep(500);
	check(closed(first) === 0, "who come at the same time may ask");
	await sleep(700);
	first.push(await open("127.0.0.2"));
	const proxied = await several(ALL + 5, PROXY);
	await until("one address too many without a request: the oldest are closed", 2, () => closed(first) === 3, { quiet: true });
	check(first[0].closed && first[1].closed && first[2].closed && closed(first) === 3, "the oldest three of one address are closed, no other");
	const second = await several(EACH, "127.0.0.3"), third = await several(EACH, "127.0.0.4");
	await until("over all addresses, too", 2, () => closed([...first, ...second, ...third]) === 3 + 3 * EACH - ALL);
	check(closed(second) === 0 && closed(third) === 0, "the oldest again");
	third[0].socket.write("\r\n");
	await until("who completes the request is answered", 2, () => third[0].heard.startsWith("HTTP/1.1 200"));
	check(closed(proxied) === 0, "a trusted proxy's connections do not count");
	check(await refused("unfinished") === 3 + 3 * EACH - ALL, "/metrics counts them");
	end([...first, ...second, ...third, ...proxied]);
}

async function late() {
	const half = await open("127.0.0.5"), silent = await open("127.0.0.5", ""), slow = await open("127.0.0.5", `${HALF}Accept: `);
	const idle = await open("127.0.0.5", `${HALF}\r\n`), proxied = await open(PROXY);
	const all = [half, silent, slow, idle, proxied];
	const drip = setInterval(() => slow.socket.writable && slow.socket.write("E"), 200);
	const next = await open("127.0.0.5", `${HALF}\r\n`);
	await sleep(1200);
	next.socket.write(`${HALF}\r\n`);
	await until("late requests end their connections", REQUEST_S + 2.5, () => closed(all) === all.length);
	clearInterval(drip);
	check(all.every((one) => one.ms >= REQUEST_S * 1000 - 50), `not before their time (${all.map((one) => one.ms)} ms)`);
	check(!next.closed || next.ms >= REQUEST_S * 1000 + 1100, "a request in time begins the time again");
	check(idle.heard.startsWith("HTTP/1.1 200"), "the one that asked was answered");
	check(await refused("late") >= all.length, "/metrics counts them");
	end([...all, next]);
}

async function connects() {
	const before = await refused("connects");
	const proxied = await several(100, PROXY), stormy = await several(100, "127.0.0.6");
	await until("an address that connects too often is refused", 2, () => closed(stormy) >= 40);
	await sleep(200);
	check(closed(stormy) <= 50 && closed(proxied) === 0, `its first 50 were accepted, and every one of the proxy (${closed(stormy)})`);
	check(await refused("connects") === before + closed(stormy), "/metrics counts them");
	end([...stormy, ...proxied]);
	await sleep(500);
	const later = await open("127.0.0.6", `${HALF}\r\n`);
	await until("it may come again later", 2, () => later.heard.startsWith("HTTP/1.1 200"));
	end([later]);
}

function page(path, localAddress, port = path === "/metrics" ? ADMIN_PORT : PORT) {
	return new Promise((resolve, reject) => {
		get({ port, host: "127.0.0.1", localAddress, agent: false, path }, async (response) =>
			resolve({ status: response.statusCode, headers: response.headers, body: await text(response) })).on("error", reject);
	});
}

async function pages(defer) {
	const servers = new Servers({ limits: { pages_per_second: 1, page_builds_per_second: 1 } });
	defer(() => servers.end());
	await servers.startControlplane();
	for (const [path, ip] of [["/metrics", "127.0.0.21"], ["/rooms", "127.0.0.22"]]) {
		const all = [], start = Date.now();
		for (let i = 0; i < 15; i++)
			all.push(await page(path, ip));
		const seconds = (Date.now() - start) / 1000;
		const served = all.filter((p) => p.status === 200), busy = all.find((p) => p.status === 429);
		check(served.length >= 10 && served.length <= 11 + seconds && busy?.headers["retry-after"] === "1",
			`${path}: ten at once, then 429 (${served.length} of 15 in ${seconds} s)`);
		check(new Set(served.map((p) => p.body)).size <= 2 + seconds, "what comes too often is not made again");
		check((await page(path, "127.0.0.23")).status === 200, "another address is served");
	}
	await sleep(1100);
	check(await refused("pages") >= 6, "/metrics counts what was refused, and is new after a second");
	await servers.end();
}

function token(secret) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256" })}.${part({ exp: Math.floor(Date.now() / 1000) + 600 })}`;
	return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** The code of the refusal; "rtpCapabilities": it is let in. */
async function shows(shown, localAddress) {
	const client = await Client.open(`?room=r&token=${shown}`, { localAddress });
	await until("an answer", 2, () => client.messages.length > 0, { quiet: true });
	const { type, data } = client.messages[0];
	await client.end();
	return type === "error" ? data.code : type;
}

async function tokens(defer) {
	const secret = randomBytes(32).toString("hex"), key_file = join(workDir(), "secret");
	writeFileSync(key_file, secret, { mode: 0o600 });
	const servers = new Servers({ auth: { algorithm: "HS256", key_file }, limits: { bad_tokens_per_second: 1 } });
	defer(() => servers.end());
	await servers.startControlplane();
	const good = token(secret), bad = token(randomBytes(32));
	for (let i = 0; i < 10; i++)
		check(await shows(bad, "127.0.0.7") === "forbidden", "a bad token");
	check(await shows(bad, "127.0.0.7") === "too-many", "one bad token too many");
	check(await shows(good, "127.0.0.8") === "rtpCapabilities", "another address may come");
	check(await shows("", "127.0.0.8") === "forbidden", "no token costs no check");
	check(await refused("bad_tokens") === 1, "/metrics counts it");
	await sleep(1100);
	for (let i = 0; i < 3; i++)
		check(await shows(good, "127.0.0.7") === "rtpCapabilities", "later good ones from there are let in");
	await servers.end();
}

await test(async ({ defer }) => {
	const servers = new Servers({ http: { trusted_proxies: [PROXY] }, limits: { connects_per_second: 5, request_s: REQUEST_S,
		unfinished_per_address: EACH, unfinished_connections: ALL } });
	defer(() => servers.end());
	await servers.startControlplane();
	await unfinished();
	await late();
	await servers.end();
	const storm = new Servers({ http: { trusted_proxies: [PROXY] }, limits: { connects_per_second: 5, unfinished_per_address: 200 } });
	defer(() => storm.end());
	await storm.startControlplane();
	await connects();
	await storm.end();
	await pages(defer);
	await tokens(defer);
});
