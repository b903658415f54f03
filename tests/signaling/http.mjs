// SPDX-License-Identifier: Apache-2.0
// HTTP as other people's clients write it. The control plane alone serves all of it.
import { metrics } from "../e2e/lib/metrics.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { ask, get, Raw } from "./raw.mjs";

/* For each connection of signaling that an address may have there are four of TCP, and 64 more. */
const CONNECTIONS = 60, MOST_CONNECTIONS = 4 * CONNECTIONS + 64;
const POLL = "/socket.io/?EIO=4&transport=polling";

/* --- how long a connection lives ------------------------------------------------------------ */

async function connections() {
	for (const path of ["/", "/healthz", POLL]) {
		const raw = new Raw().write(get(path));
		check((await raw.answer())?.headers.connection === "keep-alive", `${path}: the connection is kept, and says so`);
		check((await raw.write(get(path)).answer())?.status === 200, "and serves another request");
		raw.close();
		for (const value of ["close", "Close", "close, TE", "keep-alive, close"]) {
			const last = new Raw().write(get(path, [`Connection: ${value}`]));
			const answer = await last.answer();
			check(answer?.status === 200 && answer.headers.connection === "close" && await last.ends(),
				`Connection: ${value} is answered, and is the end`);
		}
	}
	const old = new Raw().write(get("/healthz", [], "1.0"));
	check((await old.answer())?.headers.connection === "close" && await old.ends(), "HTTP/1.0 is one request");
	const kept = new Raw();
	for (let i = 0; i < 3; i++) {
		const answer = await kept.write(get("/healthz", ["Connection: Keep-Alive"], "1.0")).answer();
		check(answer?.headers.connection === "keep-alive", "unless it asks for more");
	}
	kept.close();
}

async function dates() {
	for (const request of [get("/"), get("/none"), get("/healthz", ["Content-Length: 5"]), "DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"]) {
		const { status, headers } = await ask(request);
		check(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(headers.date) &&
			Math.abs(Date.parse(headers.date) - Date.now()) < 5000, `${status} has a Date: ${headers.date}`);
	}
}

/* --- bodies ----------------------------------------------------------------------------------- */

async function bodies() {
	for (const path of ["/", "/healthz", POLL]) {
		for (const zero of ["0", "000"])
			check((await ask(get(path, [`Content-Length: ${zero}`])))?.status === 200, `${path}: a body of no bytes is none`);
		const raw = new Raw();
		for (let i = 0; i < 2; i++)
			check((await raw.write(get(path, ["Content-Length: 0"])).answer())?.status === 200, "also over a kept connection");
		raw.close();
		for (const header of ["Content-Length: 5", "Content-Length: 0x", "Content-Length: -0", "Content-Length: 00000000000000",
			"Transfer-Encoding: chunked"]) {
			const answer = await ask(`${get(path, [header])}hello`);
			check(answer?.status === 400 && answer.headers.connection === "close", `${path}: ${header} is refused`);
		}
	}
	const sid = JSON.parse((await ask(get(POLL))).body.slice(1)).sid;
	const patient = new Raw().write(`POST ${POLL}&sid=${sid} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n` +
		"Content-Length: 2\r\n\r\n");
	check((await patient.answer())?.status === 100, "who asks before it sends a body is told to go on");
	check((await patient.write("40").answer())?.body === "ok", "and the body is taken");
	patient.close();
	const method = await ask("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n");
	check(method.status === 405 && method.headers.allow === "GET, HEAD", "a method that is not served");
}

/* --- upgrades ---------------------------------------------------------------------------------- */

async function upgrades() {
	const offer = ["Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"];
	for (const path of ["/", "/healthz", POLL]) {
		for (const to of ["h2c", "H2C"]) {
			const raw = new Raw().write(get(path, [...offer, `Upgrade: ${to}`]));
			check((await raw.answer())?.status === 200, `${path}: an offer of ${to} is ignored`);
			check((await raw.write(get(path)).answer())?.status === 200, "and the connection is kept");
			check((await raw.write(get(path, [...offer, `Upgrade: ${to}`])).answer())?.status === 200, "a second offer too");
			raw.close();
		}
	}
	const { sid } = JSON.parse((await ask(get(POLL))).body.slice(1));
	const post = get(`${POLL}&sid=${sid}`, [...offer, "Upgrade: h2c", "Content-Length: 2"]).replace("GET", "POST");
	check((await ask(`${post}40`))?.body === "ok", "with a body");
}

/* --- other origins ---------------------------------------------------------------------------- */

async function origins() {
	const preflight = get(POLL, ["Origin: https://anyone.example", "Access-Control-Request-Method: POST"]).replace("GET", "OPTIONS");
	for (const request of [get(POLL, ["Origin: https://anyone.example"]), preflight]) {
		const { status, headers } = await ask(request);
		check(status === 200 && headers["access-control-allow-origin"] === "https://anyone.example" &&
			headers["access-control-allow-credentials"] === undefined, "* admits any origin, without credentials");
	}
}

/* --- what is counted ----------------------------------------------------------------------------- */

async function counted() {
	const names = ["messages_received_total", "messages_sent_total", "connections_refused_total",
		'errors_total{code="too-many"}'];
	const before = await metrics();
	const grown = async () => {
		const after = await metrics();
		return names.map((name) => after[`spate_${name}`] - before[`spate_${name}`]).join();
	};
	const { sid } = JSON.parse((await ask(get(POLL))).body.slice(1));
	const post = (body) => ask(`POST ${POLL}&sid=${sid} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
	check((await post("40"))?.status === 200 && (await post("42[\"a\"]\x1e42[\"b\"]"))?.status === 200, "three packets go in");
	const packets = (await ask(get(`${POLL}&sid=${sid}`))).body.split("\x1e").length;
	check(packets === 3 && await grown() === "3,4,0,0", `packets of long-polling are messages: ${await grown()}`);
	const open = Array.from({ length: MOST_CONNECTIONS + 10 }, () => new Raw());
	await until("connections over the limit are closed", 3, () => open.filter((raw) => raw.closed).length >= 10);
	for (const raw of open)
		raw.close();
	await until("and counted as such, not as errors that were sent", 3, async () => /^3,4,1\d,0$/.test(await grown()));
}

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { connections_per_address: CONNECTIONS } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	await connections();
	await dates();
	await bodies();
	await upgrades();
	await origins();
	await counted();
});
