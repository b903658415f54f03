// SPDX-License-Identifier: Apache-2.0
// A node and a real Redis: the node makes itself and its rooms known, believes only records that nodes have signed,
// gives way to the better claim to a room, and goes on as if nothing had happened while Redis is away.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHmac, createPrivateKey, randomBytes, sign, verify, X509Certificate } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, log, Skip, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";

/* The server under the name that redis-tools has it by; the package redis-server would start one on the machine. */
const REDIS = "/usr/bin/redis-check-rdb", PORT = 6399, PASSWORD = "the password of Redis";
const SECRET = "the secret of the operator's application";
const START = "00112233445566ff";
const work = workDir() ?? ".";
const file = (name) => join(work, name);

/* --- certificates ------------------------------------------------------------------------------ */

function openssl(...args) {
	execFileSync("openssl", args, { stdio: "ignore" });
}

function makeAuthority(name) {
	openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
		`/CN=${name}`, "-keyout", file(`${name}.key`), "-out", file(`${name}.pem`));
}

function makeNode(name, id, authority) {
	openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", `/CN=${id}`, "-keyout",
		file(`${name}.key`), "-out", file(`${name}.csr`));
	openssl("x509", "-req", "-in", file(`${name}.csr`), "-days", "2", "-CA", file(`${authority}.pem`), "-CAkey",
		file(`${authority}.key`), "-CAcreateserial", "-out", file(`${name}.pem`));
}

/** A record as docs/cluster.md describes it, made without the server's code. */
function record(name, key, content) {
	const certificate = new X509Certificate(readFileSync(file(`${name}.pem`)));
	const text = `spate1.${Buffer.from(JSON.stringify(content)).toString("base64")}.${certificate.raw.toString("base64")}`;
	const signature = sign("sha256", Buffer.from(`${text}\n${key}`), createPrivateKey(readFileSync(file(`${name}.key`))));
	return `${text}.${signature.toString("base64")}`;
}

/** The content of a record that node a has signed for this key; null: another one has. */
function contentOf(key, text) {
	const [version, content, certificate, signature] = text.split(".");
	const x509 = new X509Certificate(Buffer.from(certificate, "base64"));
	const signed = Buffer.from(`${version}.${content}.${certificate}\n${key}`);
	const good = version === "spate1" && verify("sha256", signed, x509.publicKey, Buffer.from(signature, "base64"));
	if (!good)
		throw new Error(`${key}: the signature is wrong`);
	return x509.subject === "CN=a" ? JSON.parse(Buffer.from(content, "base64").toString()) : null;
}

/* --- Redis --------------------------------------------------------------------------------------- */

let redis = null;

async function startRedis() {
	redis = spawn(REDIS, ["--port", `${PORT}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", work,
		"--requirepass", PASSWORD], { stdio: "ignore", argv0: "redis-server" });
	await until("Redis answers", 10, () => new Promise((resolve) => {
		const socket = connect(PORT, "127.0.0.1", () => {
			socket.destroy();
			resolve(true);
		});
		socket.on("error", () => resolve(false));
	}), { quiet: true });
}

async function endRedis(signal = "SIGKILL") {
	const gone = new Promise((resolve) => redis.once("exit", resolve));
	redis.kill(signal);
	await gone;
}

function cli(...args) {
	return execFileSync("redis-cli", ["-p", `${PORT}`, ...args], { encoding: "utf8",
		env: { ...process.env, REDISCLI_AUTH: PASSWORD }, stdio: ["ignore", "pipe", "ignore"] }).trimEnd();
}

function put(key, text) {
	cli("SET", key, text, "EX", "10");
}

/* --- the node ------------------------------------------------------------------------------------ */

function ctl() {
	const { stdout } = spawnSync(join(buildDir, "tools/spatectl"), ["--run-dir", join(work, "run"), "cluster", "--json"],
		{ encoding: "utf8" });
	return JSON.parse(stdout);
}

const node = (id) => ctl().nodes.find((n) => n.id === id);

function token(claims) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
	return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

async function enter(room, claims) {
	const client = await Client.open(`?room=${room}&token=${token(claims)}`);
	await client.heard("rtpCapabilities");
	return client;
}

async function publish(room) {
	const host = await enter(room, { publish: true, close: true });
	const send = await host.transport("send");
	await host.ask("produce", { transportId: send.id, kind: "audio", rtpParameters: audioParameters() });
	return host;
}

const aNode = (sequence, more = {}) => ({ start: START, sequence, url: "https://b.example", region: "eu", viewers: 7,
	capacity: 40000, rooms: 2, draining: false, ...more });
const aRoom = (sequence, epoch) => ({ start: START, sequence, room: "show", epoch, viewers: 7, producers: [] });

/* --- what is tried ------------------------------------------------------------------------------- */

async function itself() {
	await until("node a is in the set of nodes", 5, () => cli("SMEMBERS", "spate:nodes") === "a");
	const text = cli("GET", "spate:node:a"), own = contentOf("spate:node:a", text);
	check(own.url === "https://a.example" && own.region === "eu" && own.capacity === 1000 && own.draining === false,
		`its record says what the others need: ${JSON.stringify(own)}`);
	const left = Number(cli("TTL", "spate:node:a"));
	check(left > 5 && left <= 10, `it expires in ${left} s`);
	await until("it is refreshed", 5, () => contentOf("spate:node:a", cli("GET", "spate:node:a")).sequence > own.sequence,
		{ quiet: true });
	check(!text.includes(SECRET) && !Buffer.from(text, "base64").includes("PRIVATE"), "and has no secret");
}

async function others() {
	put("spate:node:b", record("b", "spate:node:b", aNode(5)));
	put("spate:node:forged", record("stranger", "spate:node:forged", aNode(1)));
	put("spate:node:moved", record("b", "spate:node:b", aNode(9)));
	put("spate:node:other", record("b", "spate:node:other", aNode(9)));
	put("spate:node:half", record("b", "spate:node:half", aNode(9)).slice(0, 300));
	for (const id of ["b", "forged", "moved", "other", "half", "no id", "unknown"])
		cli("SADD", "spate:nodes", id);
	await until("node b is found", 15, () => node("b")?.state === "up");
	check(node("b").url === "https://b.example" && node("b").viewers === 7, "with what it says about itself");
	check(ctl().nodes.length === 1, "and nobody who is no node, or says what another has said");
	check(await metric('cluster_records_refused_total{reason="bad"}') >= 4, "which is counted");
	check(cli("SISMEMBER", "spate:nodes", "unknown") === "0", "a name without a record is removed");
	for (const id of ["forged", "moved", "other", "half", "no id"])
		cli("SREM", "spate:nodes", id);
	put("spate:node:b", record("b", "spate:node:b", aNode(4, { url: "https://old.example" })));
	await until("a record that is repeated is refused", 15,
		async () => await metric('cluster_records_refused_total{reason="old"}') > 0);
	check(node("b").url === "https://b.example", "and changes nothing");
}

const room = () => {
	const text = cli("GET", "spate:room:show");
	return text && contentOf("spate:room:show", text);
};

async function claims() {
	const host = await publish("show");
	await until("its room is in the directory", 2, () => room());
	const own = room();
	check(own.room === "show" && own.epoch === 1 && own.producers[0].kind === "audio", JSON.stringify(own));
	put("spate:room:show", record("b", "spate:room:show", aRoom(1, 1).start < own.start ? aRoom(1, 1) : aRoom(1, 0)));
	await until("a worse claim does not stay", 5, () => room()?.epoch === 1);
	await sleep(200);
	check(ctl().own_rooms === 1, "the room is still its own");

	const better = record("b", "spate:room:show", aRoom(2, 41));
	await until("a better claim wins", 8, () => {
		put("spate:room:show", better);
		return ctl().lost_rooms.length === 1;
	});
	check(ctl().lost_rooms[0].node === "b" && ctl().own_rooms === 0, "spatectl says whose the room is");
	put("spate:room:show", better);
	await sleep(3500);
	check(cli("GET", "spate:room:show") === better, "and its record is left alone");
	check(await metric('cluster_conflicts_total{outcome="left"}') >= 1, "it is counted");
	cli("DEL", "spate:room:show");
	await until("when the other has gone, the claim is one larger", 5, () => room()?.epoch === 42);
	await host.end();
	return host;
}

/* A ticket as docs/cluster.md describes it. */
const ticket = (more = {}, signer = "b") => record(signer, "spate:ticket", { node: "a", room: "mine", user: "anna",
	proven: true, publish: true, subscribe: true, close: false, expires: 0, issued: Math.floor(Date.now() / 1000),
	redirects: 1, nonce: randomBytes(17).toString("base64url").slice(0, 22), ...more });

const offer = (name) => readFileSync(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url), "utf8");

function post(path, { shown, bearer, method = "POST" } = {}) {
	return fetch(`${ORIGIN}${path}${shown ? `?ticket=${encodeURIComponent(shown)}` : ""}`, { method, redirect: "manual",
		headers: { ...(method === "POST" && { "content-type": "application/sdp" }),
			...(bearer && { authorization: `Bearer ${bearer}` }) },
		body: method === "POST" ? offer(path.startsWith("/whip/") ? "firefox-whip" : "firefox-whep") : undefined });
}

/* Whoever was let in with a ticket uses the session with the application's token. */
async function endSession(made, bearer) {
	const { status } = await fetch(made.headers.get("location"), { method: "DELETE",
		headers: { authorization: `Bearer ${bearer}` } });
	check(status === 200, `the session ends (${status})`);
}

async function redirects() {
	const bearer = token({ sub: "anna", publish: true, subscribe: true });
	const claim = { ...aRoom(3, 9), room: "their show" };
	put("spate:room:their show", record("b", "spate:room:their show", claim));
	put("spate:node:b", record("b", "spate:node:b", aNode(30)));
	for (const protocol of ["whip", "whep"]) {
		const path = `/${protocol}/their%20show`, answer = await post(path, { bearer });
		const location = new URL(answer.headers.get("location") ?? "none:");
		check(answer.status === 307 && location.origin === "https://b.example" && location.pathname === path,
			`${protocol}: ${answer.status} to the node that has the room`);
		const said = contentOf("spate:ticket", location.searchParams.get("ticket"));
		check(said.node === "b" && said.room === "their show" && said.user === "anna" && said.publish && said.redirects === 1,
			"with a ticket that this node has signed");
		check((await post(path, { method: "OPTIONS" })).status === 200, "OPTIONS is answered here");
		check((await post(path)).status === 401, "who has no token is sent nowhere");
		const again = ticket({ room: "their show", redirects: 2 });
		check((await post(path, { shown: again })).status === 503, "nobody is sent on three times in a row");
	}
	put("spate:room:their show", record("stranger", "spate:room:their show", claim));
	const made = await post("/whip/their%20show", { bearer });
	check(made.status === 201, "a claim of no node sends nobody away");
	await endSession(made, bearer);
	check(await metric("cluster_redirects_total") === 2, "redirects are counted");
}

async function tickets() {
	const good = ticket(), now = Math.floor(Date.now() / 1000);
	const refusals = [["for another node", { node: "c" }], ["for another room", { room: "else" }],
		["that is old", { issued: now - 60 }], ["of a wrong clock", { issued: now + 60 }],
		["for a token that has expired", { expires: now - 1 }], ["of a third redirect", { redirects: 3 }]];
	const made = await post("/whip/mine", { shown: good });
	check(made.status === 201, `who has a ticket needs no token (${made.status})`);
	check((await post("/whip/mine", { shown: good })).status === 401, "a ticket is good once");
	check((await post("/whip/mine", { shown: ticket({}, "stranger") })).status === 401, "one of a stranger is none");
	for (const [words, more] of refusals)
		check((await post("/whip/mine", { shown: ticket(more) })).status === 401, `one ${words} is refused`);
	check((await post("/whip/mine", { shown: ticket({ publish: false }) })).status === 403, "it gives no more than it says");
	check(await metric('cluster_tickets_total{outcome="refused"}') === 2 + refusals.length, "refusals are counted");
	await endSession(made, token({ sub: "anna", publish: true }));
	await until("no room is left", 5, () => ctl().own_rooms === 0);
}

async function released() {
	const host = await publish("short");
	await until("another room is there", 3, () => cli("EXISTS", "spate:room:short") === "1");
	await host.ask("closeRoom", {});
	await until("a room that closes is gone at once", 2, () => cli("EXISTS", "spate:room:short") === "0");
}

async function complete() {
	await until("the directory is complete", 5, () => cli("EXISTS", "spate:node:a", "spate:room:again") === "2");
}

async function away() {
	const host = await publish("again");
	await until("a room to lose", 3, () => cli("EXISTS", "spate:room:again") === "1");
	cli("FLUSHALL");
	log("Redis is emptied");
	await complete();
	put("spate:node:b", record("b", "spate:node:b", aNode(50)));
	cli("SADD", "spate:nodes", "b");
	await until("node b is heard again", 15, () => node("b")?.heard_s < 2 && node("b").state === "up");
	await endRedis();
	await until("the loss is seen", 4, () => ctl().redis.connected === false);
	const viewer = await enter("again", { subscribe: true });
	const { producers } = await viewer.ask("getProducers");
	check(producers.length === 1, "a room still takes viewers");
	await publish("new-one");
	check((await fetch(`${ORIGIN}/healthz`)).status === 200 && (await fetch(`${ORIGIN}/readyz`)).status === 200,
		"neither /healthz nor /readyz depends on Redis");
	await sleep(11000);
	check(node("b").state === "up", "a node is not taken for gone because nobody can be heard");
	await startRedis();
	await complete();
	await until("also what is new", 3, () => cli("EXISTS", "spate:room:new-one") === "1");
	await until("then a node that is not heard is gone", 15, () => node("b").state === "gone");
	await viewer.end();
	await host.end();
}

async function stuck() {
	redis.kill("SIGSTOP");
	await until("a Redis that does not answer is given up", 8, () => ctl().redis.connected === false);
	redis.kill("SIGCONT");
	await until("and used again when it does", 8, () => ctl().redis.connected === true);
}

await test(async ({ defer }) => {
	if (!existsSync(REDIS))
		throw new Skip("redis-tools is not installed");
	makeAuthority("ca");
	makeAuthority("strangers");
	makeNode("a", "a", "ca");
	makeNode("b", "b", "ca");
	makeNode("stranger", "forged", "strangers");
	writeFileSync(file("token.key"), SECRET);
	writeFileSync(file("redis.password"), `${PASSWORD}\n`);
	await startRedis();
	defer(() => redis.kill("SIGKILL"));
	const servers = new Servers({ node: { id: "a" }, auth: { algorithm: "HS256", key_file: file("token.key") },
		cluster: { redis: ["redis://127.0.0.1:6398", `redis://127.0.0.1:${PORT}`], redis_password_file: file("redis.password"),
			ca: file("ca.pem"), certificate: file("a.pem"), key: file("a.key"), url: "https://a.example", region: "eu",
			capacity: 1000 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await itself();
	await others();
	await redirects();
	await tickets();
	await claims();
	await released();
	await away();
	await stuck();
	check(!servers.controlplane.output.includes(PASSWORD), "the log has no password");
}, { limit: 110 });
