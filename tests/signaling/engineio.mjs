// SPDX-License-Identifier: Apache-2.0
// Engine.IO and Socket.IO as a stock client speaks them, and as nobody should.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import WebSocket from "ws";
import { metric, metrics } from "../e2e/lib/metrics.mjs";
import { ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";

const PATH = "/socket.io/?EIO=4";
const SEPARATOR = "\x1e";
const PING = { interval: 1500, timeout: 1000 };
const CONNECT_MS = 2200, UPGRADE_MS = 1300;
const LOOK_MS = 1100; // the server looks once a second whether who polls is still there
const BODY_S = 20; // for a body to come whole
const PAGE = "https://tv.example";
const secrets = new Set(["a.token.in.the.url"]); // every sid, and what else must not be in a log

/* --- long-polling with nothing but fetch ------------------------------------------------ */

function request(query, options = {}) {
	return fetch(`${ORIGIN}/socket.io/?${query}`, { signal: AbortSignal.timeout(5000), ...options });
}

class Poller {
	static async open(query = "") {
		const poller = new Poller();
		const response = await request(`EIO=4&transport=polling${query}`);
		if (!response.ok)
			throw new Error(`${response.status}`);
		poller.handshake = JSON.parse((await response.text()).slice(1));
		poller.sid = poller.handshake.sid;
		secrets.add(poller.sid);
		return poller;
	}

	/** One that has joined the namespace. */
	static async connected(auth) {
		const poller = await Poller.open();
		await poller.post(auth === undefined ? "40" : `40${JSON.stringify(auth)}`);
		poller.id = JSON.parse((await (await poller.poll()).text()).slice(2)).sid;
		return poller;
	}

	get query() {
		return `EIO=4&transport=polling&sid=${this.sid}`;
	}

	poll(options = {}) {
		return request(this.query, options);
	}

	post(body, options = {}) {
		return request(this.query, { method: "POST", body, ...options });
	}

	async text() {
		return (await this.poll()).text();
	}

	async isGone() {
		const response = await this.poll();
		return response.status === 400 && (await response.json()).code === 1;
	}
}

/** The next message of a WebSocket; its close code where it ends instead. */
class Socket {
	#queue = [];
	#waiting = [];

	constructor(query, options = {}) {
		this.ws = new WebSocket(`ws://127.0.0.1:${PORT}/socket.io/?${query}`, options);
		this.ws.on("message", (data) => this.#push(`${data}`));
		this.ws.on("close", (code) => this.#push(code));
		this.ws.on("error", (error) => this.#push(error.message));
		this.opened = new Promise((resolve) => this.ws.once("open", resolve));
	}

	#push(what) {
		const waiting = this.#waiting.shift();
		if (waiting)
			waiting(what);
		else
			this.#queue.push(what);
	}

	next() {
		if (this.#queue.length > 0)
			return Promise.resolve(this.#queue.shift());
		return Promise.race([new Promise((resolve) => this.#waiting.push(resolve)),
			sleep(4000, "nothing", { ref: false })]);
	}

	/** The next that is no ping, which is answered. */
	async nextButPing() {
		for (;;) {
			const got = await this.next();
			if (got !== "2")
				return got;
			this.ws.send("3");
		}
	}

	send(text) {
		this.ws.send(text);
	}

	static async open() {
		const socket = new Socket("EIO=4&transport=websocket");
		socket.handshake = JSON.parse((await socket.next()).slice(1));
		secrets.add(socket.handshake.sid);
		return socket;
	}

	static async connected(auth = "") {
		const socket = await Socket.open();
		socket.send(`40${auth}`);
		socket.id = JSON.parse((await socket.next()).slice(2)).sid;
		return socket;
	}
}

function isError(response, status, code, text) {
	return response.status === status && text === JSON.stringify({ code,
		message: ["Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
			"Unsupported protocol version"][code] });
}

/* --- polling ------------------------------------------------------------------------------ */

async function handshakes() {
	const response = await request("EIO=4&transport=polling");
	const text = await response.text();
	check(response.status === 200 && response.headers.get("content-type") === "text/plain; charset=UTF-8" &&
		response.headers.get("cache-control") === "no-store", "the headers of a handshake");
	const { sid, ...rest } = JSON.parse(text.slice(1));
	check(text[0] === "0" && /^[\w-]{20}$/.test(sid) && JSON.stringify(rest) === JSON.stringify({
		upgrades: ["websocket"], pingInterval: PING.interval, pingTimeout: PING.timeout, maxPayload: 65536 }),
	`the handshake: ${JSON.stringify(rest)}`);
	const socket = await Socket.open();
	check(socket.handshake.upgrades.length === 0 && socket.handshake.maxPayload === 65536, "and over WebSocket");
	socket.ws.close();

	const cases = [
		["no transport", "EIO=4", {}, 0], ["an unknown one", "EIO=4&transport=abc", {}, 0],
		["one that needs HTTP/3", "EIO=4&transport=webtransport", {}, 0],
		["no EIO", "transport=polling", {}, 5], ["EIO 3", "EIO=3&transport=polling", {}, 5],
		["EIO abc", "EIO=abc&transport=polling", {}, 5],
		["an unknown sid", "EIO=4&transport=polling&sid=abcdefghijklmnopqrst", {}, 1],
		["a long sid", `EIO=4&transport=polling&sid=${"x".repeat(500)}`, {}, 1],
		["a POST without a sid", "EIO=4&transport=polling", { method: "POST", body: "4x" }, 2],
		["a POST with an unknown sid", "EIO=4&transport=polling&sid=x", { method: "POST", body: "4x" }, 1],
		["DELETE", "EIO=4&transport=polling", { method: "DELETE" }, 2],
		["WebSocket without an upgrade", "EIO=4&transport=websocket", {}, 3],
	];
	for (const [words, query, options, code] of cases) {
		const refusal = await request(query, options);
		const body = await refusal.text();
		check(isError(refusal, 400, code, body), `${words}: ${refusal.status} ${body}`);
	}
	const mixed = await Poller.open();
	const wrong = await request(`EIO=4&transport=websocket&sid=${mixed.sid}`);
	check(isError(wrong, 400, 3, await wrong.text()), "another transport without an upgrade");
	await mixed.post("1");
}

async function polling() {
	const poller = await Poller.connected({});
	check(/^[0-9a-f-]{36}$/.test(poller.id) && poller.id !== poller.sid, "a socket id that is not the sid");
	const held = poller.poll();
	await sleep(50);
	check(await metric("engineio_polls_held") === 1, "a poll is held");
	const posted = await poller.post("420[\"getProducers\",{\"roomId\":\"x\"}]");
	check(posted.status === 200 && await posted.text() === "ok", "a POST is answered ok");
	const text = await (await held).text();
	check(text === `42["error",${text.slice(11, text.indexOf(SEPARATOR) - 1)}]${SEPARATOR}` +
		`430[${text.slice(11, text.indexOf(SEPARATOR) - 1)}]` && text.includes("\"not-found\""),
	"event and acknowledgement come in one answer");
	await poller.post(`42["a"]${SEPARATOR}42["b"]${SEPARATOR}427["c",{}]`);
	check((await poller.text()).split(SEPARATOR).length === 4, "three events in one POST");
	check(await poller.text() === "2", "a ping");
	await poller.post("3");
	check(await poller.text() === "2", "another");
	await sleep(PING.timeout + 100);
	check(await poller.isGone(), "no pong: the session ends");
}

async function endings() {
	const closed = await Poller.connected();
	const held = closed.poll();
	await sleep(20);
	await closed.post("1");
	check(await (await held).text() === "6" && await closed.isGone(), "a close of the client lets the poll go");
	for (const [words, body] of [["no packet", "abc"], ["a binary packet", "bAQIDBA=="], ["nothing", ""],
		["nothing between two packets", `6${SEPARATOR}${SEPARATOR}6`], ["not UTF-8", Buffer.from([0x34, 0xff])],
		["a ping", "2"]]) {
		const poller = await Poller.connected();
		const status = (await poller.post(body)).status;
		check((status === 400 || words === "a ping") && await poller.isGone(), `${words} ends the session`);
	}
	const overlapping = await Poller.connected();
	const first = overlapping.poll();
	await sleep(20);
	const second = await overlapping.poll();
	check(second.status === 400 && await (await first).text() === "1" && await overlapping.isGone(),
		"two polls at once end the session");
	const aborted = await Poller.connected();
	const controller = new AbortController();
	const poll = aborted.poll({ signal: controller.signal }).catch(() => {});
	await sleep(20);
	controller.abort();
	await poll;
	await sleep(LOOK_MS);
	check(await aborted.isGone(), "a poll that is cancelled ends the session");
	const binary = await Poller.connected();
	check((await binary.post("4x", { headers: { "content-type": "application/octet-stream" } })).status === 400,
		"a binary body");
	const big = await Poller.connected();
	check((await big.post("4".repeat(65537)).catch(() => ({ status: 413 }))).status === 413, "a body over the limit");
	check((await big.post(`42["x"]${SEPARATOR}`.padEnd(65536, "6"))).status === 200, "one at the limit is taken");
	await big.post("1");
}

async function cors() {
	const headers = { origin: PAGE };
	const allowed = await request("EIO=4&transport=polling", { headers });
	check(allowed.headers.get("access-control-allow-origin") === PAGE &&
		allowed.headers.get("access-control-allow-credentials") === "true" &&
		allowed.headers.get("vary") === "Origin", "an allowed origin is named, with credentials");
	const error = await request("EIO=4&transport=x", { headers });
	check(error.headers.get("access-control-allow-origin") === PAGE, "in errors too");
	const preflight = await request("EIO=4&transport=polling", { method: "OPTIONS", headers: { ...headers,
		"access-control-request-method": "POST", "access-control-request-headers": "content-type,x-mine" } });
	check(preflight.ok && preflight.headers.get("access-control-allow-methods").includes("POST") &&
		preflight.headers.get("access-control-allow-headers") === "content-type,x-mine", "a preflight, with what it asks for");
	const other = await request("EIO=4&transport=polling", { headers: { origin: "https://other.example" } });
	check(isError(other, 403, 4, await other.text()) && !other.headers.has("access-control-allow-origin"),
		"another origin is refused");
	const socket = new Socket("EIO=4&transport=websocket", { origin: "https://other.example" });
	check(`${await socket.next()}`.includes("403"), "over WebSocket too");
	const none = await request("EIO=4&transport=polling&token=a.token.in.the.url");
	check(none.ok && !none.headers.has("access-control-allow-origin"), "who names none is no page");
}

/* --- Socket.IO --------------------------------------------------------------------------- */

async function namespaces() {
	const socket = await Socket.open();
	socket.send("40/admin,{}");
	check(await socket.next() === "44/admin,{\"message\":\"Invalid namespace\"}", "another namespace is refused");
	socket.send("42/admin,[\"x\"]");
	socket.send("40{\"userId\":\"a\\nb\"}");
	const refusal = JSON.parse((await socket.next()).slice(2));
	check(refusal.data.code === "bad-request" && refusal.message.includes("userId"), "a user that is no name");
	socket.send("40{\"token\":5}");
	check((await socket.next()).startsWith("44{\"message\":\"auth.token"), "a token that is no string");
	socket.send("40{\"userId\":\"ada\"}");
	const first = JSON.parse((await socket.next()).slice(2)).sid;
	socket.send("41");
	socket.send("40");
	const second = JSON.parse((await socket.nextButPing()).slice(2)).sid;
	check(first !== second, "who has left may come again, and is another");
	socket.ws.close();

	const cases = [
		["an event before the connect", ["42[\"a\"]"], 1002], ["a second connect", ["40", "40"], 1002],
		["no packet of Socket.IO", ["4x"], 1002], ["an empty message", ["4"], 1002],
		["a binary event", ["40", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]"], 1002],
		["no JSON", ["40", "42[\"a\""], 1007], ["an event that is an object", ["40", "42{}"], 1007],
		["an event without a name", ["40", "42[]"], 1007], ["a reserved name", ["40", "42[\"connect\"]"], 1007],
		["an id above 2^53", ["40", "429007199254740993[\"a\"]"], 1002], ["auth that is a list", ["40[]"], 1007],
		["a connect error", ["40", "44{}"], 1002], ["an unknown packet of Engine.IO", ["7"], 1002],
		["a message that is no packet", ["hello"], 1002], ["a ping", ["2"], 1002], ["a close", ["1"], 1000],
		["a message over the limit", ["4".repeat(65537)], 1009], ["not joining", Array(5).fill("40{\"userId\":\"\\t\"}"), 1008],
		["joining and leaving", Array(11).fill(["40", "41"]).flat(), 1008],
		["joining what there is not", Array(11).fill("40/x,"), 1008],
	];
	for (const [words, packets, code] of cases) {
		const wrong = await Socket.open();
		for (const packet of packets)
			wrong.send(packet);
		let got;
		do
			got = await wrong.next();
		while (typeof got === "string" && got !== "nothing");
		check(got === code, `${words}: ${got}`);
	}
	const binary = await Socket.open();
	binary.ws.send(Buffer.from([1, 2]), { binary: true });
	check(await binary.next() === 1003, "a binary frame: 1003");
	const deep = await Socket.connected();
	deep.send(`42["a",${"[".repeat(100)}${"]".repeat(100)}]`);
	check((await deep.nextButPing()).includes("\"bad-request\""), "deep nesting is told off");
	deep.send("31[]");
	deep.send("42[\"a\",{}]");
	check((await deep.nextButPing()).includes("no such request"), "an acknowledgement nobody asked for is nothing");
	deep.ws.close();
}

async function halfOpen() {
	const poller = await Poller.open(), socket = await Socket.open();
	await sleep(CONNECT_MS / 2);
	await poller.post("3");
	socket.send("3");
	await sleep(CONNECT_MS / 2 + 100);
	check(await socket.nextButPing() === 1008, "who does not join is cut off");
	check(await poller.text().then((text) => text.endsWith("1")).catch(() => false) || await poller.isGone(),
		"over polling too");
}

/* --- the upgrade ------------------------------------------------------------------------- */

async function upgrades() {
	const poller = await Poller.connected();
	const held = poller.poll();
	await sleep(20);
	const socket = new Socket(`EIO=4&transport=websocket&sid=${poller.sid}`);
	await socket.opened;
	socket.send("2probe");
	check(await socket.next() === "3probe" && await (await held).text() === "6", "probe, and noop to the poll");
	const again = new Socket(`EIO=4&transport=websocket&sid=${poller.sid}`);
	check(`${await again.next()}`.includes("400"), "a second upgrade meanwhile is refused");
	const posting = await poller.post("42[\"x\"]");
	check(posting.status === 200, "a POST meanwhile is taken");
	socket.send("5");
	check((await socket.nextButPing()).includes("no such request"), "its answer comes over the WebSocket");
	for (const late of [await poller.poll(), await poller.post("42[\"x\"]")])
		check(isError(late, 400, 3, await late.text()), "a late request over polling is refused");
	const third = new Socket(`EIO=4&transport=websocket&sid=${poller.sid}`);
	check(`${await third.next()}`.includes("400"), "and another upgrade");
	socket.send("420[\"y\"]");
	check((await socket.nextButPing()).startsWith("42[") && (await socket.nextButPing()).startsWith("430["),
		"the session goes on");
	socket.ws.close();

	const patient = await Poller.connected();
	const before = await metric("engineio_upgrades_failed_total");
	const never = new Socket(`EIO=4&transport=websocket&sid=${patient.sid}`);
	await never.opened;
	never.send("2probe");
	await never.next();
	const wait = patient.poll().then((r) => r.text());
	check(await wait === "6" || await wait === "2", "a poll during the upgrade is let go");
	await patient.post("3");
	check(await never.next() === 1008, "an upgrade that never finishes is given up");
	await patient.post("3");
	await patient.post("42[\"z\"]");
	check((await patient.text()).includes("no such request"), "and the polling session lives on");
	check(await metric("engineio_upgrades_failed_total") === before + 1, "it is counted");
	const odd = new Socket(`EIO=4&transport=websocket&sid=${patient.sid}`);
	await odd.opened;
	odd.send("4hello");
	check(await odd.next() === 1008, "a message that is no probe");
	await patient.post("1");
	const unknown = new Socket("EIO=4&transport=websocket&sid=abcdefghijklmnopqrst");
	check(`${await unknown.next()}`.includes("400"), "an upgrade of no session");
}

/* --- the stock client -------------------------------------------------------------------- */

function client(options = {}) {
	return io(ORIGIN, { forceNew: true, reconnectionDelay: 200, reconnectionDelayMax: 400, ...options });
}

function heard(socket, event) {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(() => reject(new Error(`not heard: ${event}`)), 8000);
		socket.once(event, (...args) => {
			clearTimeout(timer);
			resolve(args[0]);
		});
	});
}

async function works(socket, words) {
	const said = heard(socket, "routerRtpCapabilities");
	const ack = await socket.timeout(5000).emitWithAck("getRouterRtpCapabilities", { roomId: "stock" });
	check(JSON.stringify(ack) === JSON.stringify(await said) && ack.rtpCapabilities.codecs.length > 0,
		`${words}: an event and its acknowledgement`);
}

async function stockClient(servers) {
	const sockets = {
		"by default": client(), "over WebSocket": client({ transports: ["websocket"] }),
		"over polling": client({ transports: ["polling"], auth: { userId: "ada" } }),
	};
	await Promise.all(Object.values(sockets).map((s) => heard(s, "connect")));
	for (const [words, socket] of Object.entries(sockets))
		await works(socket, words);
	await until("the one that may has changed to WebSocket", 5,
		() => sockets["by default"].io.engine.transport.name === "websocket");
	await works(sockets["by default"], "after the upgrade");
	check(sockets["over polling"].io.engine.transport.name === "polling", "the other stays");
	await sleep(2 * (PING.interval + PING.timeout));
	check(Object.values(sockets).every((s) => s.connected), "all live through their pings");

	const ids = Object.values(sockets).map((s) => s.id);
	const gone = Object.values(sockets).map((s) => heard(s, "disconnect"));
	await servers.controlplane.end();
	check(servers.controlplane.status === 0, "the server stops");
	check((await Promise.all(gone)).every((reason) => reason.startsWith("transport")), "its clients notice");
	const back = Object.values(sockets).map((s) => heard(s, "connect"));
	await servers.startControlplane();
	await Promise.all(back);
	check(Object.values(sockets).every((s, i) => s.connected && s.id !== ids[i]), "and are back after a restart");
	await until("the data plane is back", 10, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	for (const [words, socket] of Object.entries(sockets))
		await works(socket, `${words}, again`);
	for (const socket of Object.values(sockets))
		socket.disconnect();
	const refused = client({ auth: { userId: "no\nname" } });
	const error = await heard(refused, "connect_error");
	check(error.data.code === "bad-request" && error.message.startsWith("userId"), "a refusal reaches the page");
	refused.disconnect();
}

/* --- pipelining ---------------------------------------------------------------------------- */

/** Writes the pieces over one connection, and returns what came. */
function raw(pieces, { wait = 300, pause = 0, read = true } = {}) {
	return new Promise((resolve) => {
		let got = "";
		const socket = connect(PORT, "127.0.0.1", async () => {
			for (const piece of pieces) {
				socket.write(piece);
				if (pause > 0)
					await sleep(pause);
			}
			setTimeout(() => socket.destroy(), wait);
		});
		if (read)
			socket.on("data", (data) => { got += data; });
		socket.on("error", () => {});
		socket.on("close", () => resolve(got));
	});
}

function post(query, body, length = body.length) {
	return `POST /socket.io/?${query} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

function get(path) {
	return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}

function ticks(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
	return Number(fields[11]) + Number(fields[12]);
}

async function isWell(servers, words) {
	await sleep(100);
	const before = ticks(servers.controlplane.pid);
	await sleep(1000);
	const used = ticks(servers.controlplane.pid) - before;
	const health = await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(2000) });
	check(health.ok && used <= 5, `${words}: the server is idle (${used} ticks in a second) and healthy`);
}

/** Whether the server ends the connection on its own account after the pieces, and what it said. */
async function ended(pieces, seconds) {
	const before = Date.now();
	const got = await raw(pieces, { pause: 100, wait: seconds * 1000 });
	return { got, byServer: Date.now() - before < seconds * 1000 };
}

/* The library knows of more protocols than we do, and goes on where it has refused one. */
async function otherProtocols(servers) {
	for (const to of ["foo", "websocket, h2c"]) {
		const upgrade = `GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${to}\r\n` +
			"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n";
		for (const pieces of [[upgrade], [get("/healthz"), upgrade, get("/healthz")]]) {
			const { got, byServer } = await ended(pieces, 3);
			check(byServer && !got.includes(" 101 ") && got.split("HTTP/1.1 200").length === pieces.length - (pieces.length >> 1),
				`an upgrade to "${to}" ends the connection`);
		}
	}
	check((await ended(["CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"], 3)).byServer, "so does a CONNECT");
	for (let i = 0; i < 20; i++)
		await raw([`GET / HTTP/1.1\r\nHost: x\r\nCookie: ${"x".repeat(20000)}\r\n\r\n`], { wait: 20 });
	check(servers.controlplane.output.split(" error control libwebsockets").length <= 4,
		"what any client can bring about does not fill the log");
}

/** A body that comes a byte at a time, for a session that is none: how long the server takes it, in seconds. */
function trickles() {
	return new Promise((resolve) => {
		const before = Date.now();
		const socket = connect(PORT, "127.0.0.1", () =>
			socket.write(`POST ${PATH}&transport=polling&sid=x HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n`));
		const timer = setInterval(() => socket.write("x"), 1000);
		socket.resume();
		socket.on("error", () => {});
		socket.on("close", () => {
			clearInterval(timer);
			resolve((Date.now() - before) / 1000);
		});
	});
}

async function pipelines(servers) {
	const fresh = async () => (await Poller.connected()).query;
	const headers = (query, more) => `POST /socket.io/?${query} HTTP/1.1\r\nHost: x\r\n${more}\r\n\r\n`;

	check(/^HTTP\/1.1 200 [^]*\r\n\r\nok$/.test(await raw([post(await fresh(), "42[\"x\"]")])), "a POST in one packet");
	const bytes = [...post(await fresh(), "42[\"x\"]")];
	check(/^HTTP\/1.1 200 [^]*\r\n\r\nok$/.test(await raw(bytes, { pause: 1 })), "a POST byte by byte");
	const query = await fresh();
	const twice = await raw([post(query, "3"), post(query, "3")], { pause: 100 });
	check(twice.split("HTTP/1.1 200").length === 3, "two POSTs over one connection, one after the other");
	const after = await raw([get("/"), post(query, "3"), get("/healthz")], { pause: 150 });
	check(after.split("HTTP/1.1 200").length === 4, "a page, a POST, a page, one after the other");

	const mixtures = {
		"page and POST": async () => get("/") + post(await fresh(), "3"),
		"page that is not there and POST": async () => get("/none") + post(await fresh(), "3"),
		"HEAD and POST": async () => `HEAD / HTTP/1.1\r\nHost: x\r\n\r\n${post(await fresh(), "3")}`,
		"list of rooms and POST": async () => get("/rooms") + post(await fresh(), "3"),
		"poll and POST": async () => { const q = await fresh(); return get(`/socket.io/?${q}`) + post(q, "3"); },
		"POST and POST": async () => { const q = await fresh(); return post(q, "3") + post(q, "3"); },
		"POST and page": async () => post(await fresh(), "3") + get("/"),
		"empty POST and POST": async () => { const q = await fresh(); return post(q, "") + post(q, "3"); },
		"handshake and POST": async () => get(`${PATH}&transport=polling`) + post(await fresh(), "3"),
		"page and a POST whose body is its own headers": async () => get("/") + post(await fresh(), "", 200),
		"page and a POST shorter than it says": async () => get("/") + post(await fresh(), "3", 5000),
		"page and a POST longer than it says": async () => get("/") + post(await fresh(), "3333", 1),
		"preflight and POST": async () => `OPTIONS ${PATH} HTTP/1.1\r\nHost: x\r\nOrigin: ${PAGE}\r\n\r\n` +
			post(await fresh(), "3"),
		"poll and half a request": async () => `${get(`/socket.io/?${await fresh()}`)}GET / HT`,
		"poll and an upgrade": async () => { const q = await fresh(); return `${get(`/socket.io/?${q}`)}GET ${PATH}` +
			"&transport=websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"; },
	};
	for (const [words, make] of Object.entries(mixtures)) {
		const text = await make();
		await raw([text]);
		await raw([text.slice(0, text.length / 2), text.slice(text.length / 2)], { pause: 20 });
		await raw([text + text + text], { read: false });
		check((await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(2000) })).ok, words);
	}
	await isWell(servers, "after all mixtures");
	/* The library would take the second request's headers for its body. */
	const behind = await Poller.connected();
	await raw([get("/") + post(behind.query, "42[\"x\"]")]);
	check(!await behind.isGone(), "a POST in one packet with a page is not read at all");

	const refusals = [
		["no Content-Length", headers(await fresh(), "Accept: *"), 411],
		["chunks", `${headers(await fresh(), "Transfer-Encoding: chunked")}1\r\n3\r\n0\r\n\r\n`, 411],
		["both", `${headers(await fresh(), "Transfer-Encoding: chunked\r\nContent-Length: 1")}3`, 411],
		["a length over the limit", headers(await fresh(), "Content-Length: 65537"), 413],
		["one far over it", headers(await fresh(), "Content-Length: 99999999999999999999"), 413],
		["one that is no number", headers(await fresh(), "Content-Length: 1x"), 400],
		["one below nothing", headers(await fresh(), "Content-Length: -1"), 400],
		["a poll with a body", `GET /socket.io/?${await fresh()} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3`, 400],
		["a body elsewhere", "POST /socket.io/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3", 405],
	];
	for (const [words, text, status] of refusals) {
		const got = await raw([text]);
		check(got.startsWith(`HTTP/1.1 ${status} `), `${words}: ${got.split("\r\n")[0]}`);
	}
	const short = await Poller.connected();
	await raw([post(short.query, "42", 100)]);
	check(await short.isGone(), "a body that does not come whole ends the session");
	const held = await Poller.connected();
	await raw([get(`/socket.io/?${held.query}`), get("/")], { pause: 50, wait: LOOK_MS });
	check(await held.isGone(), "a request behind a held poll ends the session");

	for (const path of ["/main.js", "/", "/rooms", `${PATH}&transport=polling`, "/socket.io/"])
		await raw([get(path).repeat(100), get(path).repeat(100)], { read: false, pause: 50 });
	const stuck = connect(PORT, "127.0.0.1", () => {
		for (let i = 0; i < 20; i++)
			stuck.write(get("/main.js").repeat(100));
	});
	stuck.on("error", () => {});
	stuck.pause();
	await isWell(servers, "while somebody asks and does not read");
	stuck.destroy();
	await isWell(servers, "after hundreds of requests that nobody reads");
}

/* --- limits ---------------------------------------------------------------------------------- */

/* Four for each connection of signaling that the address may have, and 64. */
async function silentConnections() {
	const most = 4 * 2 + 64;
	const open = new Set();
	const some = (n) => Promise.all(Array.from({ length: n }, () => new Promise((resolve) => {
		const socket = connect(PORT, "127.0.0.1", () => resolve(open.add(socket)));
		socket.resume();
		socket.on("error", () => {});
		socket.on("close", () => open.delete(socket));
	})));
	await some(100);
	await sleep(300);
	check(open.size > most / 2 && open.size <= most, `an address has ${open.size} TCP connections of 100 it asked for`);
	for (const socket of open)
		socket.destroy();
	await sleep(300);
	await some(20);
	await sleep(300);
	check(open.size === 20, "others may come when they have gone");
	for (const socket of open)
		socket.destroy();
}

async function limits() {
	const one = await Poller.connected(), two = await Socket.connected();
	const refused = await request("EIO=4&transport=polling");
	check(refused.status === 503 && (await refused.json()).message.startsWith("Too many"), "too many from an address");
	const third = new Socket("EIO=4&transport=websocket");
	check(await third.next() === 1013, "over WebSocket too");
	const upgrade = new Socket(`EIO=4&transport=websocket&sid=${one.sid}`);
	await upgrade.opened;
	check(true, "an upgrade is no connection more");
	await one.post("1");
	await sleep(50);
	const next = await Poller.connected();
	check(true, "another may come when one has gone");
	for (let i = 0; i < 300; i++)
		await next.post(Array(20).fill(`42["${"x".repeat(64)}"]`).join(SEPARATOR)).catch(() => {});
	check(await next.isGone(), "who does not poll is cut off");
	two.send("42[\"x\"]");
	check((await two.nextButPing()).includes("no such request"), "others are served");
	two.ws.close();
	await silentConnections();
}

await test(async ({ defer }) => {
	const socketio = { ping_interval_ms: PING.interval, ping_timeout_ms: PING.timeout,
		connect_timeout_ms: CONNECT_MS, upgrade_timeout_ms: UPGRADE_MS };
	const servers = new Servers({ socketio, http: { origins: PAGE }, log: { level: "debug" },
		limits: { connects_per_second: 1000 } });
	defer(() => servers.end());
	await servers.start();
	await handshakes();
	await polling();
	await endings();
	await cors();
	await namespaces();
	await halfOpen();
	await upgrades();
	await stockClient(servers);
	const trickled = trickles();
	await pipelines(servers);
	await otherProtocols(servers);
	check(await trickled < BODY_S + 3, "a body that trickles in is not waited for");

	await sleep(PING.interval + PING.timeout + CONNECT_MS + 500);
	const left = await metrics();
	const names = ['engineio_sessions{transport="polling"}', 'engineio_sessions{transport="websocket"}',
		"engineio_polls_held", "peers", "sockets"];
	check(names.every((name) => left[`spate_${name}`] === 0), "nothing was left behind");
	await servers.end();
	check(servers.controlplane.status === 0, "the server ends well");
	check(secrets.size > 50 && ![...secrets].some((secret) => servers.controlplane.output.includes(secret)),
		`none of ${secrets.size} secrets is in the log, down to debug`);

	const narrow = new Servers({ socketio, limits: { connections_per_address: 2, connects_per_second: 1000, send_queue_bytes: 65536,
		messages_per_second: 100000 } });
	defer(() => narrow.end());
	await narrow.start();
	await limits();
});
