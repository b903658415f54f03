// SPDX-License-Identifier: Apache-2.0
// Webhooks and the admission hook against an application that answers, refuses, hangs, and is not there.
import { createHmac, timingSafeEqual } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_ORIGIN, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const SECRET = "the secret of the operator's hooks";
const HOOK_PORT = 8088, ADMISSION_PORT = 8443;
const WAIT_MS = 800;
const offer = readFileSync(new URL("../unit/sdp/data/obs-30.1.sdp", import.meta.url));

/** The application: what it was told and asked, and how it answers. */
const application = {
	events: [], // in the order in which they came
	wrong: [], // requests whose signatures are wrong
	posts: 0,
	status: 200, // of webhooks; 0: it never answers
	questions: [],
	decide: () => ({ allow: true }), // null: it never answers
};

function signed(request, body) {
	const [, t, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(request.headers["spate-signature"] ?? "") ?? [];
	const wanted = createHmac("sha256", SECRET).update(`${t}.${body}`).digest();
	return mac !== undefined && Math.abs(Date.now() / 1000 - t) < 30 && timingSafeEqual(Buffer.from(mac, "hex"), wanted);
}

async function text(request) {
	let body = "";
	for await (const piece of request)
		body += piece;
	return body;
}

async function toldOf(request, response) {
	const body = await text(request);
	application.posts++;
	if (!signed(request, body) || request.method !== "POST" || request.headers["content-type"] !== "application/json")
		application.wrong.push(body);
	if (application.status === 0)
		return;
	if (application.status === 200)
		application.events.push(...JSON.parse(body).events);
	response.writeHead(application.status).end();
}

async function asked(request, response) {
	const body = await text(request);
	if (!signed(request, body))
		application.wrong.push(body);
	const question = JSON.parse(body);
	application.questions.push(question);
	const decision = application.decide(question);
	if (decision !== null)
		response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(decision));
}

function event(name, part = {}) {
	return application.events.find((e) => e.event === name && Object.entries(part).every(([k, v]) => e[k] === v));
}

const comes = (name, part, seconds = 5) =>
	until(`the application is told ${name} ${JSON.stringify(part)}`, seconds, () => event(name, part));

async function metric(line) {
	const body = await (await fetch(`${ADMIN_ORIGIN}/metrics`)).text();
	return Number(body.split("\n").find((l) => l.startsWith(`${line} `))?.split(" ").at(-1));
}

async function whatHappensIsTold() {
	const host = await Client.join("a b");
	await comes("room-opened", { room: "a b" });
	const send = await host.transport("send");
	const { id } = await host.ask("produce", { transportId: send.id, kind: "audio", rtpParameters: audioParameters() });
	const came = await comes("producer-came", { producer: id });
	check(came.room === "a b" && came.kind === "audio" && came.codec === "opus" && came.peer.length === 36,
		"with the room, the kind, the codec and the peer");
	const viewer = await Client.join("a b");
	await until("and how many watch", 5, () => application.events.some((e) => e.event === "viewers" &&
		e.rooms.some((r) => r.room === "a b" && r.viewers === 1 && r.hosts === 1)));
	viewer.socket.close();
	host.socket.close();
	await comes("producer-went", { producer: id });
	await comes("room-closed", { room: "a b" });
	const bad = await Client.open("?room=");
	await bad.closes("a room without a name", 1008);
	await until("refusals are counted", 5, () => application.events.some((e) => e.event === "refused" &&
		e.answers["bad-request"] === 1));
	const numbers = application.events.map((e) => e.sequence);
	check(numbers.every((n, i) => n === i + 1), `nothing is left out, and all is in order: ${numbers}`);
	check(new Set(application.events.map((e) => e.id)).size === numbers.length, "each event has an id of its own");
}

async function anApplicationThatFails() {
	application.status = 503;
	const told = application.events.length, posts = application.posts;
	const host = await Client.join("retry");
	await until("a request fails", 5, () => application.posts > posts + 1);
	application.status = 200;
	await comes("room-opened", { room: "retry" }, 10);
	check(application.events[told].sequence === told + 1, "nothing is lost between");
	check(await metric("spate_hook_requests_failed_total") >= 2, "and what failed is counted");
	host.socket.close();
	await comes("room-closed", { room: "retry" });
}

async function anApplicationThatHangs() {
	application.status = 0;
	const began = Date.now();
	for (let i = 0; i < 20; i++)
		(await Client.join(`hang${i}`)).socket.close();
	check(Date.now() - began < 5000, `20 joins one after the other do not wait for it (${Date.now() - began} ms)`);
	await until("what does not fit is dropped and counted", 5, () => metric('spate_hook_events_total{result="full"}'));
	check(await metric("spate_hook_events_waiting") <= 30, "the queue is bounded");
	application.status = 200;
	await comes("room-opened", { room: "hang0" }, 10);
}

async function joins(words, decide) {
	application.decide = decide;
	application.questions.length = 0;
	const client = await Client.open("?room=show&user=anna");
	const first = client.heard("rtpCapabilities").catch(() => null);
	const error = client.heard("error").catch(() => null);
	const result = await Promise.race([first.then((m) => m && "in"), error.then((m) => m?.data)]);
	client.socket.close();
	check(application.questions.length === 1, `${words}: the application is asked once`);
	return result;
}

async function theAdmissionHook() {
	check(await joins("allowed", () => ({ allow: true })) === "in", "who is allowed is let in");
	const { room, user, client, publish, subscribe, address, action } = application.questions[0];
	check(room === "show" && user === "anna" && client === "websocket" && publish && subscribe &&
		address === "127.0.0.1" && action === "join", "it hears who wants what");
	const refused = await joins("refused", () => ({ allow: false, reason: "not paid" }));
	check(refused?.code === "forbidden" && refused.message === "admission: not paid", "who is refused hears why");
	const began = Date.now();
	const silent = await joins("no answer", () => null);
	check(silent?.code === "unavailable" && Date.now() - began >= WAIT_MS - 50, "without an answer it is to try again");
	application.decide = () => ({ allow: true, publish: false });
	const viewer = await Client.join("show");
	await viewer.fails("who may only watch", "createWebRtcTransport", { purpose: "send" }, "forbidden", "publish: ");
	await viewer.transport("recv");
	viewer.socket.close();
}

async function theOtherWaysIn() {
	application.decide = ({ client }) => ({ allow: client === "never" });
	const socket = await SocketClient.open();
	await socket.fails("Socket.IO: who is refused", "getRouterRtpCapabilities", { roomId: "show" }, "forbidden", "admission:");
	application.decide = () => ({ allow: true });
	check((await socket.ask("getRouterRtpCapabilities", { roomId: "show" })).rtpCapabilities !== undefined, "and is let in later");
	socket.end();
	const post = () => fetch(`${ORIGIN}/whip/show`, { method: "POST", headers: { "content-type": "application/sdp" }, body: offer });
	application.decide = () => ({ allow: true, publish: false });
	check((await post()).status === 403, "WHIP: who may not publish gets 403");
	application.decide = () => null;
	const late = await post();
	check(late.status === 503 && late.headers.get("retry-after") !== null, "without an answer 503 and Retry-After");
	application.decide = () => ({ allow: true });
	const created = await post();
	check(created.status === 201, "and who may gets 201");
	check((await fetch(created.headers.get("location"), { method: "DELETE" })).status === 200, "a session like any other");
}

async function whoWaitsHindersNobody() {
	application.decide = ({ room }) => room === "slow" ? null : { allow: true };
	const waiting = await Promise.all(Array.from({ length: 12 }, () => Client.open("?room=slow")));
	await until("as many wait as may", 2, async () => await metric("spate_admission_hook_waiting") === 10, { quiet: true });
	const more = await Client.open("?room=slow");
	check((await more.heard("error")).data.message.includes("too many clients wait"), "one more is refused at once");
	waiting.pop().socket.terminate();
	await Promise.all(waiting.slice(0, 9).map((client) => client.heard("error", 3000)));
	check(await metric("spate_admission_hook_waiting") === 0, "and nobody waits for ever");
}

await test(async ({ defer }) => {
	const path = (name) => join(workDir(), name);
	writeFileSync(path("secret"), `${SECRET}\n`, { mode: 0o600 });
	execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
		"-subj", "/CN=hook", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("ca.pem")],
		{ stdio: "ignore" });
	const hook = createServer(toldOf);
	const gate = createTlsServer({ key: readFileSync(path("key.pem")), cert: readFileSync(path("ca.pem")) }, asked);
	await new Promise((resolve) => hook.listen(HOOK_PORT, "127.0.0.1", resolve));
	await new Promise((resolve) => gate.listen(ADMISSION_PORT, "127.0.0.1", resolve));
	defer(() => [hook, gate].forEach((server) => { server.closeAllConnections(); server.close(); }));
	const servers = new Servers({ outgoing: { ca_file: path("ca.pem") }, limits: { connects_per_second: 1000 },
		rooms: { grace_s: 1 },
		hooks: { url: `http://127.0.0.1:${HOOK_PORT}/events?key=hidden`, secret_file: path("secret"), viewers_s: 1,
			refusals_s: 1, queue: 30, timeout_ms: 1500, admission_url: `https://127.0.0.1:${ADMISSION_PORT}/may`,
			admission_timeout_ms: WAIT_MS, admission_waiting: 10 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await whatHappensIsTold();
	await theAdmissionHook();
	await theOtherWaysIn();
	await whoWaitsHindersNobody();
	await anApplicationThatFails();
	await anApplicationThatHangs();
	check(application.wrong.length === 0, "each request was signed");
	check(!servers.controlplane.output.includes("hidden"), "the log has no query of a URL");
	application.status = 0;
	application.decide = () => null;
	const last = await Client.open("?room=slow");
	const stopped = Date.now();
	await servers.controlplane.end();
	check(servers.controlplane.status === 0 && Date.now() - stopped < 3000, "the server ends while requests hang");
	last.socket.terminate();
});
