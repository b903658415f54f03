// SPDX-License-Identifier: Apache-2.0
// WHIP and WHEP over HTTP without media: what each request is answered with, and what it leaves behind.
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ADMIN_ORIGIN, ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { Transports } from "./transports.mjs";

const LIMIT_S = 10; // the least that limits.connect_s may be
const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";
const CREDENTIALS = (ufrag) => `a=ice-ufrag:${ufrag}\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n`;
const CANDIDATE = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n" +
	"a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n";

function offer(name) {
	return readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
}

function request(method, path, { type, body, headers = {} } = {}) {
	const url = path.startsWith("http") ? path : ORIGIN + path;
	return fetch(url, { method, body, headers: { ...(type && { "content-type": type }), ...headers } });
}

function post(body, { room = "show", type = SDP, headers } = {}) {
	return request("POST", `/whip/${room}`, { type, body, headers });
}

/** The problem's text, after its form was checked. */
async function problem(response, status, words) {
	const text = await response.text();
	check(response.status === status, `${words}: ${response.status}, ${text}`);
	const json = JSON.parse(text);
	check(response.headers.get("content-type") === "application/problem+json" && json.status === status &&
		json.detail.length > 0 && json.title.length > 0, "and the problem says why");
	return json.detail;
}

async function rooms() {
	return (await (await request("GET", "/rooms")).json()).rooms;
}

async function nothingIsLeft(words) {
	await until(`${words}: no room is left`, 5, async () => (await rooms()).length === 0, { quiet: true });
}

/** `sdp`: the offer, if it is not `name`'s as it stands. */
async function publishes(name, sdp = offer(name)) {
	const response = await post(sdp);
	const answer = await response.text();
	check(response.status === 201, `${name} is answered 201 (${response.status} ${response.status === 201 ? "" : answer})`);
	const location = response.headers.get("location");
	check(location.startsWith(`${ORIGIN}/whip/show/`) && location.length > `${ORIGIN}/whip/show/`.length + 30,
		`with an absolute URL: ${location}`);
	check(/^"\S+"$/.test(response.headers.get("etag")) && response.headers.get("accept-patch") === FRAGMENT &&
		response.headers.get("content-type") === SDP, "an ETag, Accept-Patch and the type of an SDP");
	check(answer.startsWith("v=0\r\n") && /\r\na=candidate:\S+ 1 udp \d+ \S+ 2\d{4} typ host\r\n/.test(answer) &&
		!answer.includes("a=sendrecv"), "and the answer has the server's candidate");
	return { location, etag: response.headers.get("etag"), answer };
}

async function ends({ location }) {
	const response = await request("DELETE", location);
	check(response.status === 200 && (await response.text()) === "", "DELETE is answered 200");
	await problem(await request("DELETE", location), 404, "a second one 404");
	await nothingIsLeft("after DELETE");
}

/** Everybody's offer, and a viewer of the other dialect hears of the producers. */
async function clients() {
	for (const name of ["obs-30.1", "obs-32-1", "obs-32-4", "ffmpeg-8", "gstreamer", "chromium-whip", "firefox-whip",
		"chromium-whip-simulcast", "firefox-whip-simulcast"]) {
		const session = await publishes(name);
		const setup = name === "ffmpeg-8" ? "a=setup:active" : "a=setup:passive";
		check(session.answer.includes(`\r\n${setup}\r\n`), `${name}: ${setup}`);
		const viewer = await Client.join("show");
		const { producers } = await viewer.ask("getProducers", {});
		check(producers.map((p) => p.kind).sort().join() === "audio,video", "a viewer sees audio and video");
		const gone = ends(session);
		await viewer.heard("producerClosed");
		await viewer.heard("producerClosed");
		await viewer.end();
		await gone;
	}
}

/** What an answer says of the transport, in the form of signaling. */
function transportOf(answer) {
	const [, ip, port] = answer.match(/\r\na=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n/);
	const value = (name) => answer.match(new RegExp(`\\r\\na=${name}:(.*)\\r\\n`))[1];
	return { iceParameters: { usernameFragment: value("ice-ufrag"), password: value("ice-pwd") },
		iceCandidates: [{ ip, port }],
		dtlsParameters: { fingerprints: [{ value: value("fingerprint").split(" ")[1] }] } };
}

/** FFmpeg is the DTLS server, has AES-CM alone, and its checks have no PRIORITY and no role. */
async function ffmpegConnects(transports) {
	const sdp = offer("ffmpeg-8").replace(/a=fingerprint:.*\r\n/g, `a=fingerprint:${transports.fingerprint}\r\n`);
	const session = await publishes("ffmpeg-8", sdp);
	const name = transports.open(transportOf(session.answer), "ffmpeg");
	await until("FFmpeg's transport connects", 5, () => transports.connected.has(name));
	check(transports.profiles.get(name) === "SRTP_AES128_CM_SHA1_80", `with ${transports.profiles.get(name)}`);
	await ends(session);
	await until("it gets close_notify", 5, () => transports.counts.closed === 1);
	check(transports.counts.failed === 0, "and nothing failed");
}

async function probes() {
	const session = await publishes("obs-30.1");
	for (const path of ["/whip/show", session.location])
		for (const method of ["GET", "HEAD"]) {
			const response = await request(method, path);
			check(response.status === 204 && (await response.text()) === "", `${method} is answered 204`);
		}
	for (const method of ["GET", "HEAD"]) {
		const response = await request(method, "/whep/show");
		check(response.status === 200 && response.headers.get("content-type") === SDP && (await response.text()) === "",
			`${method} of a player's endpoint: 200 with the type of an SDP, and nothing else`);
	}
	await problem(await request("GET", `/whip/${"x".repeat(300)}`), 404, "a name that is too long");
	for (const path of ["/whip/show", "/whep/show"]) {
		const options = await request("OPTIONS", path);
		check(options.status === 200 && options.headers.get("accept-post") === SDP, "OPTIONS: 200 with Accept-Post");
	}
	for (const [method, path, allow] of [["PATCH", "/whip/show", "OPTIONS, GET, HEAD, POST"],
		["DELETE", "/whep/show", "OPTIONS, GET, HEAD, POST"], ["PUT", "/whip/show", "OPTIONS, GET, HEAD, POST"],
		["POST", session.location, "OPTIONS, GET, HEAD, PATCH, DELETE"],
		["PUT", session.location, "OPTIONS, GET, HEAD, PATCH, DELETE"]]) {
		const response = await request(method, path, { type: SDP });
		check(response.headers.get("allow") === allow, `${method} ${path}: Allow: ${response.headers.get("allow")}`);
		await problem(response, 405, method);
	}
	const options = await request("OPTIONS", session.location);
	check(options.headers.get("accept-patch") === FRAGMENT && !options.headers.has("accept-post"),
		"OPTIONS of a session: Accept-Patch alone");
	await ends(session);
}

/** 406 for whoever cannot read the answer. */
async function accepts() {
	for (const accept of ["application/json", "text/html, application/xml", "application/sdp;q=0"])
		await problem(await post(offer("obs-30.1"), { headers: { accept } }), 406, `Accept: ${accept}`);
	for (const accept of ["*/*", "application/sdp", "text/html, application/sdp;q=0.1", "application/*;q=0.5"]) {
		const response = await post(offer("obs-30.1"), { headers: { accept } });
		check(response.status === 201, `Accept: ${accept}: ${response.status}`);
		await request("DELETE", response.headers.get("location"));
	}
	await nothingIsLeft("after that");
}

/** The value of one metric with the labels as they stand there. */
async function counted(series) {
	const text = await (await fetch(`${ADMIN_ORIGIN}/metrics`)).text();
	const line = text.split("\n").find((l) => l.startsWith(`spate_${series} `));
	check(line !== undefined, `/metrics has ${series}`);
	return Number(line.split(" ")[1]);
}

/** A storm of PATCH requests is refused at a rate; the session and the other clients stay. */
async function storm() {
	const { location } = await publishes("obs-30.1");
	const patch = () => request("PATCH", location, { type: FRAGMENT, body: CANDIDATE, headers: { "if-match": "*" } });
	const before = await counted('whip_refused_total{protocol="whip",status="429"}');
	const statuses = new Map();
	let refused;
	for (let i = 0; i < 20; i++)
		for (const response of await Promise.all(Array.from({ length: 20 }, patch))) {
			statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
			if (response.status === 429 && !refused)
				refused = response;
			else
				await response.arrayBuffer();
		}
	check([...statuses.keys()].sort().join() === "204,429", `a storm is answered ${JSON.stringify([...statuses])}`);
	check(Number(refused.headers.get("retry-after")) > 0, "with Retry-After");
	await problem(refused, 429, "the excess");
	check(await counted('whip_refused_total{protocol="whip",status="429"}') - before === statuses.get(429),
		"each is counted");
	check(await counted('whip_sessions{protocol="whip"}') === 1, "the session is there");
	await sleep(1100);
	check((await patch()).status === 204, "and takes candidates again");
	await ends({ location });
	check(await counted('whip_sessions{protocol="whip"}') === 0, "no session is counted any more");
}

async function otherOrigins() {
	const headers = { origin: "https://studio.example" };
	const preflight = await request("OPTIONS", "/whip/show", { headers: { ...headers,
		"access-control-request-method": "PATCH", "access-control-request-headers": "if-match" } });
	const allowed = (name) => preflight.headers.get(`access-control-allow-${name}`);
	check(preflight.status === 200 && allowed("origin") === headers.origin, "a preflight needs no token");
	for (const method of ["GET", "POST", "PATCH", "DELETE", "OPTIONS"])
		check(allowed("methods").split(", ").includes(method), `it allows ${method}`);
	for (const name of ["authorization", "content-type", "if-match"])
		check(allowed("headers").split(", ").includes(name), `it allows ${name}`);
	const response = await post(offer("obs-30.1"), { headers });
	const exposed = response.headers.get("access-control-expose-headers").toLowerCase();
	for (const name of ["location", "etag", "link", "retry-after", "accept-patch"])
		check(exposed.split(", ").includes(name), `the page may read ${name}`);
	await request("DELETE", response.headers.get("location"), { headers });
	const refused = await post(offer("obs-30.1"), { headers: { origin: "https://evil.example" } });
	check((await problem(refused, 403, "another origin")).startsWith("origin:"), "the origin");
	check(!refused.headers.has("access-control-allow-origin"), "cannot read it");
	await nothingIsLeft("after that");
}

async function patches() {
	const { location, etag } = await publishes("obs-30.1");
	const patch = (body, match, type = FRAGMENT) =>
		request("PATCH", location, { type, body, headers: match ? { "if-match": match } : {} });
	const trickle = await patch(CREDENTIALS("nxcM") + CANDIDATE, etag);
	check(trickle.status === 204 && !trickle.headers.has("etag") && !trickle.headers.has("content-length"),
		"candidates: 204 without an ETag");
	await problem(await patch(CANDIDATE, null), 428, "without If-Match");
	await problem(await patch(CANDIDATE, '"other"'), 412, "with another ETag");
	await problem(await patch(CANDIDATE, `W/${etag}`), 412, "with a weak ETag");
	check((await patch(CANDIDATE, `"other", ${etag}`)).status === 204, "one of a list of ETags is enough");
	await problem(await patch(CANDIDATE, etag, "application/json"), 415, "with JSON");
	await problem(await patch("a=candidate:1\r\n", etag), 400, "with a candidate that is none");
	await problem(await patch("{}", etag), 400, "with a body that is no fragment");

	const restart = await patch(CREDENTIALS("other") + CANDIDATE, "*");
	const text = await restart.text();
	check(restart.status === 200 && restart.headers.get("content-type") === FRAGMENT, "other credentials restart ICE");
	const next = restart.headers.get("etag");
	check(next && next !== etag && /a=ice-ufrag:\S+/.test(text) && text.includes("a=candidate:"),
		"with a new ETag, credentials and candidates");
	await problem(await patch(CANDIDATE, etag), 412, "the old ETag is of no use then");
	check((await patch(CREDENTIALS("other") + CANDIDATE, next)).status === 204, "the new one is");
	await problem(await request("PATCH", location.replace(/.{4}$/, "0000"), { type: FRAGMENT, body: CANDIDATE,
		headers: { "if-match": "*" } }), 404, "a session that does not exist");
	await problem(await request("DELETE", location.replace("/show/", "/other/")), 404, "one of another room");
	await ends({ location });
}

/** Nobody publishes; then two browsers play what a third publishes; their sessions outlive it for a while. */
async function players() {
	const play = (name) => request("POST", "/whep/show", { type: SDP, body: offer(name) });
	const early = await play("chromium-whep");
	check(Number(early.headers.get("retry-after")) > 0, "a player may come again");
	await problem(early, 409, "while nobody publishes");
	await nothingIsLeft("after that");

	const host = await publishes("firefox-whip"); // VP8, which both have
	const sessions = [];
	for (const name of ["chromium-whep", "firefox-whep"]) {
		const response = await play(name);
		const answer = await response.text();
		check(response.status === 201 && response.headers.get("location").startsWith(`${ORIGIN}/whep/show/`),
			`${name} is answered 201 (${response.status} ${response.status === 201 ? "" : answer})`);
		check(answer.includes("a=sendonly") && /a=ssrc-group:FID \d+ \d+\r\n/.test(answer) && answer.includes("a=candidate:"),
			"and the answer names the streams");
		check((answer.match(/^m=(audio|video) \d+ \S+ \d+/gm) ?? []).length === 2, "of both kinds");
		sessions.push(response.headers.get("location"));
	}
	await until("the room has a host and two viewers", 5, async () =>
		(await rooms()).every((room) => room.hosts === 1 && room.viewers === 2));
	await problem(await play("obs-30.1"), 422, "an offer to send");
	await problem(await request("DELETE", sessions[0].replace("/whep/", "/whip/")), 404, "a player is no publisher");
	const patch = (body) => request("PATCH", sessions[0], { type: FRAGMENT, body, headers: { "if-match": "*" } });
	check((await patch(CANDIDATE)).status === 204, "candidates: 204");
	const restart = await patch(CREDENTIALS("other"));
	check(restart.status === 200 && (await restart.text()).includes("a=ice-ufrag:"), "other credentials restart ICE");
	const gone = await request("DELETE", sessions[0]);
	check(gone.status === 200, "DELETE is answered 200");
	check((await request("GET", sessions[1])).status === 204, "the other session is there");
	await request("DELETE", host.location);
	check((await request("GET", sessions[1])).status === 204, "also when the publisher has gone, who may come back");
	await until("which ends after the room's grace time", 10, async () => (await request("GET", sessions[1])).status === 404);
	await nothingIsLeft("after that");
}

async function badOffers() {
	const good = offer("obs-30.1");
	await problem(await post(good, { type: "text/plain" }), 415, "another type");
	await problem(await post("hello"), 400, "no SDP");
	await problem(await post("v=0\r\n".repeat(10000)), 400, "10,000 lines");
	await problem(await post(good.replace(/a=fingerprint.*\r\n/, "")), 400, "no fingerprint");
	await problem(await post(good.replace("sha-256", "sha-1")), 422, "SHA-1");
	await problem(await post(good.replace(/a=ice-ufrag.*\r\n/, "")), 400, "no ICE credentials");
	await problem(await post(good.replace("m=audio", "m=application")), 422, "unknown media");
	await problem(await post(good.replaceAll("a=rtcp-mux\r\n", "")), 422, "no rtcp-mux");
	await problem(await post(good.replace("H264/90000", "H265/90000")), 422, "no codec in common");
	await nothingIsLeft("after offers that were refused");
	const before = await counted('whip_refused_total{protocol="whip",status="413"}');
	await post("v=0\r\n" + "a=x\r\n".repeat(400000)).then((r) => problem(r, 413, "2 MB"),
		() => { /* Node saw the connection end before it read the answer */ });
	check(await counted('whip_refused_total{protocol="whip",status="413"}') === before + 1, "2 MB: 413 is counted");
	await problem(await raw(`POST /whip/show HTTP/1.1\r\nhost: x\r\ncontent-type: ${SDP}\r\n` +
		"content-length: 2000000\r\n\r\n"), 413, "2 MB announced");
	await problem(await raw(`POST /whip/show HTTP/1.1\r\nhost: x\r\ncontent-type: ${SDP}\r\n\r\n`), 411,
		"no length");
	const print = /a=fingerprint:.*\r\n/;
	const two = await post(good.replace(print, (line) => line + line.replace(/[0-9A-F]{2}\r/, "00\r")));
	check(two.status === 201, `two fingerprints, of which either may be the certificate's: ${two.status}`);
	await request("DELETE", two.headers.get("location"));
	await problem(await post(good.replace(print, (line) => line.repeat(9))), 400, "nine fingerprints");
	await nothingIsLeft("after all");
}

/** What the server answers to a request as it stands, in fetch's form. */
async function raw(text) {
	const socket = connect(PORT, "127.0.0.1");
	let answer = "";
	socket.on("data", (piece) => { answer += piece; });
	socket.write(text);
	await new Promise((resolve) => { socket.once("close", resolve); });
	const [head, body] = answer.split("\r\n\r\n");
	const headers = new Headers(head.split("\r\n").slice(1).map((line) => line.split(": ")));
	return new Response(body, { status: Number(head.split(" ")[1]), headers });
}

/** A client that closes its connection at each step leaves nothing behind. */
async function abandoned() {
	const good = offer("obs-30.1");
	const head = `POST /whip/show HTTP/1.1\r\nhost: x\r\ncontent-type: ${SDP}\r\ncontent-length: ${good.length}\r\n\r\n`;
	for (const [text, ms] of [[head, 5], [head + good.slice(0, 500), 5], [head + good, 0], [head + good, 200]]) {
		const socket = connect(PORT, "127.0.0.1");
		await new Promise((resolve) => socket.write(text, resolve));
		await sleep(ms);
		socket.destroy();
	}
	await sleep(300);
	check((await rooms()).length <= 1, "only the one that was complete may have become a session");
	await until("which ends, since its client never connects", LIMIT_S + 3, async () => (await rooms()).length === 0);
	check(await counted('whip_sessions_ended_total{protocol="whip",how="unconnected"}') >= 1, "and is counted");
	const [deleted, ended] = [await counted('whip_sessions_ended_total{protocol="whip",how="deleted"}'),
		await counted('whip_sessions_ended_total{protocol="whep",how="ended"}')];
	check(deleted > 10 && ended === 1, `as are the ends of the others: ${deleted} deleted, ${ended} ended`);
	for (const protocol of ["whip", "whep"])
		check(await counted(`whip_sessions{protocol="${protocol}"}`) === 0, `no session of ${protocol} is left`);
}

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { connect_s: LIMIT_S }, rooms: { grace_s: 1 }, http: { origins: "https://studio.example", room_list: true } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await clients();
	const transports = await Transports.start();
	defer(() => transports.end());
	await ffmpegConnects(transports);
	await probes();
	await accepts();
	await storm();
	await otherOrigins();
	await patches();
	await players();
	await badOffers();
	await abandoned();
});
