// SPDX-License-Identifier: Apache-2.0
// HTTP as other people's clients write it. The control plane alone serves all of it.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
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

const HANDSHAKE = ["Upgrade: websocket", "Connection: keep-alive, Upgrade", "Sec-WebSocket-Version: 13",
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
const EVENTS = "/socket.io/?EIO=4&transport=websocket";

/** The handshake with some headers replaced; "" for one that is left out. */
function handshake(changes = {}, more = []) {
	const kept = HANDSHAKE.map((line) => changes[line.split(":")[0]] ?? line).filter((line) => line !== "");
	return get(EVENTS, [...kept, ...more]);
}

async function handshakes() {
	const cases = [
		[426, { "Sec-WebSocket-Version": "Sec-WebSocket-Version: 8" }], [426, { "Sec-WebSocket-Version": "" }],
		[400, { "Sec-WebSocket-Key": "" }], [400, { "Sec-WebSocket-Key": "Sec-WebSocket-Key: short" }],
		[400, { Connection: "" }], [400, { Connection: "Connection: keep-alive" }],
		[400, {}, ["Sec-WebSocket-Protocol: chat, superchat"]],
	];
	for (const [status, changes, more = []] of cases) {
		const answer = await ask(handshake(changes, more));
		check(isRefused(status)(answer) && (status !== 426 || answer.headers["sec-websocket-version"] === "13"),
			`a handshake with ${JSON.stringify([changes, more])}: ${answer?.status} ${answer?.body}`);
	}
	const post = await ask(handshake({}, ["Content-Length: 0"]).replace("GET", "POST"));
	check(isRefused(405)(post), "a handshake by POST");
	check(isRefused(400, "behind")(await ask(`${handshake()}\x81\x80\0\0\0\0`)), "a frame that does not wait for the answer");
}

/** A frame of a short text, masked with a key of zeros or not at all. */
function frame(text, { masked = true } = {}) {
	return Buffer.concat([Buffer.from(masked ? [0x81, 0x80 | text.length, 0, 0, 0, 0] : [0x81, text.length]), Buffer.from(text)]);
}

/** The close code in the frames that came, which are short; undefined without a close frame. */
function closeCode(text) {
	const bytes = Buffer.from(text, "latin1");
	for (let at = 0; at + 2 <= bytes.length; at += 2 + bytes[at + 1])
		if (bytes[at] === 0x88)
			return bytes.readUInt16BE(at + 2);
	return undefined;
}

async function masks(socket = () => undefined) {
	for (const pieces of [(f) => [f], (f) => [f.subarray(0, 1), f.subarray(1)]]) {
		for (const masked of [true, false]) {
			const raw = new Raw(socket());
			raw.bodiless = true;
			check((await raw.write(handshake()).answer())?.status === 101, "a WebSocket opens");
			await until("the server speaks first", 3, () => raw.text.length > 60);
			raw.text = "";
			for (const piece of pieces(frame("40", { masked }))) {
				raw.write(piece);
				await sleep(20);
			}
			await until(masked ? "a masked frame is taken" : "one without a mask ends it with 1002", 3,
				() => (masked ? raw.text.includes("40{\"sid\"") : closeCode(raw.text) === 1002));
			raw.close();
		}
	}
	const gone = new Raw(socket());
	gone.bodiless = true;
	await gone.write(handshake()).answer();
	const sockets = (await metrics()).spate_sockets;
	gone.socket.end();
	await until("one that leaves without a frame is noticed", 3, async () => (await metrics()).spate_sockets < sockets);
}

/** Later frames without a mask are as if masked with zeros: what is checked in others is checked in them. */
async function laterMasks() {
	const unmasked = [
		["a ping is answered", [0x89, 1, 0x41], (text) => text.includes("\x8a\x01A")],
		["text of bad UTF-8 ends it with 1007", [0x81, 2, 0xff, 0xff], (text) => closeCode(text) === 1007],
		["binary ends it with 1003", [0x82, 1, 0], (text) => closeCode(text) === 1003],
		["too long a message, in two frames, ends it with 1009",
			[0x01, 126, 0xff, 0xff, ...Array(0xffff).fill(0x20), 0x80, 2, 0x20, 0x20], (text) => closeCode(text) === 1009],
	];
	for (const [what, bytes, seen] of unmasked) {
		const raw = new Raw();
		raw.bodiless = true;
		await raw.write(handshake()).answer();
		raw.write(frame("40"));
		await until("a session begins with a masked frame", 3, () => raw.text.includes("40{\"sid\""), { quiet: true });
		raw.text = "";
		raw.write(Buffer.from(bytes));
		await until(`without a mask, later: ${what}`, 3, () => seen(raw.text));
		raw.close();
	}
	check((await ask(get("/healthz"))).status === 200, "the server is well");
}

/* --- heads -------------------------------------------------------------------------------------- */

/** The request as one write, cut in two, and byte by byte. */
async function inPieces(text, words, isRight) {
	const cuts = [[text], [text.slice(0, text.length / 2), text.slice(text.length / 2)]];
	if (text.length < 200)
		cuts.push([...text]);
	for (const pieces of cuts) {
		const raw = new Raw();
		for (const piece of pieces) {
			raw.write(piece);
			if (pieces.length > 1)
				await sleep(1);
		}
		const answer = await raw.answer();
		check(isRight(answer), `${words} in ${pieces.length} pieces: ${answer?.status} ${JSON.stringify(answer?.body.slice(0, 60))}`);
		raw.close();
	}
}

const isRefused = (status, reason = "") => (answer) => answer?.status === status && answer.body.includes(reason) &&
	answer.headers.connection === "close";

async function longHeads() {
	for (const bytes of [9000, 16000])
		await inPieces(get("/", [`Cookie: ${"x".repeat(bytes)}`]), `${bytes} bytes of headers`, (answer) => answer?.status === 200);
	const many = Array.from({ length: 40 }, (_, i) => `X-Header-${i}: ${"y".repeat(300)}`);
	await inPieces(get("/", many), "40 unknown headers", (answer) => answer?.status === 200);
	await inPieces(get(`/?${"a&".repeat(40)}`), "a query of 40 parts", (answer) => answer?.status === 200);
	const head = get("/", ["Cookie: "]).length;
	await inPieces(get("/", [`Cookie: ${"x".repeat(16384 - head)}`]), "16 KB", (answer) => answer?.status === 200);
	await inPieces(get("/", [`Cookie: ${"x".repeat(16385 - head)}`]), "a byte more", isRefused(431));
	await inPieces(get("/", [`Cookie: ${"x".repeat(200000)}`]), "200 KB", isRefused(431));
	await inPieces(get(`/?${"x".repeat(20000)}`), "a URL of 20 KB", isRefused(414));
	await inPieces(get("/", Array.from({ length: 120 }, (_, i) => `X-${i}: 1`)), "120 headers", isRefused(431));
	await inPieces(get("/", Array(120).fill("Accept: a/b")), "120 known headers", isRefused(431));
	await inPieces(get(`/?${"a&".repeat(120)}`), "a query of 120 parts", isRefused(414));
}

/** Names that the library takes for the beginning of one that it knows. */
async function misreadHeaders() {
	for (const name of ["X-Auth", "X-Real", "X-Forwarded", "Proxy", "Content", "X", "a", "Sec-WebSocket-Key1", "Get", "Put",
		"Putty", "Delete-After", "Uri-Args", "Sec"]) {
		const isKnown = name === "Sec-WebSocket-Key1";
		for (const headers of [[`${name}: t`], [`${name}: t`, "Accept: */*"]])
			await inPieces(get("/healthz", headers), `${name} as header ${headers.length} from the end`,
				isKnown ? (answer) => answer?.status === 200 : isRefused(400, "a header has a name that"));
	}
	for (const name of ["X-Auth-Token", "X-Authorized", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "Proxy-Connection",
		"Content-Foo", "Xy", "Traceparent", "DNT", "Sec-Fetch-Site", "Upgrade-Insecure-Requests", "Priority", "Forwarded"])
		check((await ask(get("/healthz", [`${name}: t`])))?.status === 200, `${name} is read as it is`);
	const evil = ["Origin: https://evil.example", "Accept: */*"];
	for (const headers of [evil, ["X-Auth: t", ...evil]])
		check((await ask(get(POLL, headers)))?.status === (headers === evil ? 403 : 400), "an Origin behind it passes no check");
}

async function wrongHeads() {
	const cases = [
		[400, "GET /?room=a%0aOrigin:%20https://tv.example HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\n\r\n", "line end"],
		[400, get("/healthz?x=%0D"), "line end"], [400, get("/healthz?x=%00"), "zero"], [400, get("/healthz?x=a\x7f"), "control"],
		[400, get("/healthz?x=%2"), "%"], [400, get("/healthz?x=%zz"), "%"],
		[400, "GET http://127.0.0.1/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "only a path"],
		[501, "BREW / HTTP/1.1\r\nHost: x\r\n\r\n"], [501, "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n"],
		[505, get("/", [], "2.0")], [400, "\x16\x03\x01 hello"], [400, "GET / HTTP/1.1\r\n\r\n", "Host"],
		[400, "GET / HTTP/1.1\nHost: x\n\n", "CR and LF"], [400, get("/", ["Host: y"]), "twice"],
		[400, get("/", ["Content-Length: 0", "Content-Length: 0"]), "twice"], [400, get("/", ["X-B: 1", " folded"]), "no header"],
		[400, get("/", ["X-B : 1"]), "no header"], [400, get("/", [": 1"]), "no name"], [400, get("/", ["X-B: a\x00b"]), "control"],
	];
	const before = await metrics();
	for (const [status, text, reason = ""] of cases)
		await inPieces(text, JSON.stringify(text.slice(0, 40)), isRefused(status, reason));
	check((await ask("GET /healthz HTTP/1.0\r\n\r\n"))?.status === 200, "HTTP/1.0 needs no Host");
	check((await ask(get("/healthz?room=%C3%A4%20b")))?.status === 200, "what is escaped well is served");
	check((await metrics()).spate_requests_refused_total >= before.spate_requests_refused_total + 2 * cases.length, "each is counted");
	const kept = new Raw().write(get("/healthz"));
	await kept.answer();
	check(isRefused(400)(await kept.write(get("/healthz", ["X-Auth: t"])).answer()) && await kept.ends(),
		"the second request of a connection is looked at, too");
}

async function idle(servers) {
	const half = [new Raw().write("GET /hea"), new Raw().write(get("/healthz", ["X-B: b"]).slice(0, -2)), new Raw()];
	await sleep(100);
	const ticks = () => readFileSync(`/proc/${servers.controlplane.pid}/stat`, "utf8").split(") ")[1].split(" ")
		.slice(11, 13).map(Number).reduce((a, b) => a + b);
	const before = ticks();
	await sleep(1000);
	check(ticks() - before <= 3, "requests that do not go on cost nothing");
	check(half.every((raw) => !raw.closed) && (await half[1].write("\r\n").answer())?.status === 200, "and may go on");
	check(await half[0].ends(12000), "not for ever");
	for (const raw of half)
		raw.close();
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

/* --- files --------------------------------------------------------------------------------------- */

async function files() {
	for (const path of ["/", "/main.js"]) {
		const plain = await ask(get(path)), zipped = await ask(get(path, ["Accept-Encoding: br, gzip;q=0.5"]));
		check(zipped.headers["content-encoding"] === "gzip" && plain.headers["content-encoding"] === undefined &&
			gunzipSync(Buffer.from(zipped.body, "latin1")).toString("latin1") === plain.body, `${path} comes compressed`);
		check([plain, zipped].every((a) => a.headers.vary === "Accept-Encoding" && a.headers["cache-control"] === "no-cache") &&
			plain.headers["content-type"] === zipped.headers["content-type"] && plain.headers.etag !== zipped.headers.etag,
		"as another variant of the same");
		for (const refusal of ["gzip;q=0", "gzip; q=0.000", "identity", "xgzip", "gzipx"])
			check((await ask(get(path, [`Accept-Encoding: ${refusal}`]))).headers["content-encoding"] === undefined, refusal);
		const raw = new Raw();
		for (const value of [plain.headers.etag, `"other", W/${plain.headers.etag}`, "*"]) {
			const same = await raw.write(get(path, [`If-None-Match: ${value}`])).answer();
			check(same?.status === 304 && same.body === "" && same.headers.etag === plain.headers.etag, `If-None-Match: ${value}`);
		}
		check((await raw.write(get(path, [`If-None-Match: ${zipped.headers.etag}`])).answer())?.body === plain.body, "another is sent");
		check((await raw.write(get(path, [`If-None-Match: ${zipped.headers.etag}`, "Accept-Encoding: gzip"])).answer())?.status === 304,
			"the compressed one is known by its own");
		raw.close();
	}
	check((await ask(get("/main.js.gz")))?.status === 404, "not by its own name");
}

/* --- names ---------------------------------------------------------------------------------------- */

async function names() {
	const named = (text, host) => text.replace("Host: 127.0.0.1", `Host: ${host}`);
	for (const text of [get("/"), get("/rooms"), get(POLL), handshake()]) {
		check(isRefused(421, "http.hosts")(await ask(named(text, "attacker.example:3000"))),
			`${text.split(" ")[1]} is not served under a name that anybody may own`);
		for (const host of ["localhost:3000", "[::1]", "spate", "tv.example", "live.example:80"])
			check([101, 200].includes((await ask(named(text, host)))?.status), `but as ${host}`);
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
	await until("and counted as such, not as errors that were sent", 3, async () => /^3,4,\d{2,},0$/.test(await grown()));
}

await test(async ({ defer }) => {
	const limits = { connects_per_second: 1000, unfinished_per_address: 1000, connections_per_address: CONNECTIONS };
	const servers = new Servers({ limits, http: { origins: "https://tv.example", hosts: "live.example" } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	await connections();
	await dates();
	await bodies();
	await upgrades();
	await handshakes();
	await masks();
	await laterMasks();
	await longHeads();
	await misreadHeaders();
	await wrongHeads();
	await idle(servers);
	await files();
	await names();
	await counted();
	await servers.controlplane.end();
	const open = new Servers({ limits });
	defer((failed) => open.end(failed));
	await open.startControlplane();
	await origins();
});
