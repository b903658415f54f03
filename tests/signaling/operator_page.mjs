// SPDX-License-Identifier: Apache-2.0
// The operator's page on the administration port: its files are there alone, under a policy that lets
// nothing else in; commands need a token of their own in the header, are of a list, and end rooms and peers.
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_PORT, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { get, Raw } from "./raw.mjs";

const TOKEN = "the-token-of-the-operator", READS = "the-token-of-prometheus";
const NAMES = ["operator.html", "operator.js", "operator.css"];

async function send(text, port = ADMIN_PORT) {
	const raw = new Raw(connect(port, "127.0.0.1")).write(text);
	const answer = await raw.answer();
	raw.close();
	return answer;
}

const authorized = `Authorization: Bearer ${TOKEN}`, json = "Content-Type: application/json";

/** The answer to a POST of that text. */
function post(body, headers = [authorized, json], { length = body.length, host = "127.0.0.1" } = {}) {
	return send(["POST /operator/ask HTTP/1.1", `Host: ${host}`, ...headers, `Content-Length: ${length}`, "", body].join("\r\n"));
}

/** The answer to a command, as an object. */
async function ask(command) {
	const answer = await post(JSON.stringify(command));
	check(answer.status === 200 && answer.headers["content-type"] === "application/json" &&
		answer.headers["cache-control"] === "no-store", `${command.cmd} is answered`);
	return JSON.parse(answer.body);
}

async function files() {
	for (const [path, type, words] of [["/operator", "text/html", "<title>Spate, operator"],
		["/operator.svg", "image/svg+xml", "<svg"], ["/operator.js", "text/javascript", "operator/ask"], ["/operator.css", "text/css", "color-scheme"]]) {
		const answer = await send(get(path));
		check(answer.status === 200 && answer.headers["content-type"].startsWith(type) && answer.body.includes(words),
			`${path} is on the administration port, without a token`);
		const policy = answer.headers["content-security-policy"];
		check(policy.startsWith("default-src 'none';") && policy.includes("script-src 'self';") &&
			policy.includes("style-src 'self';") && policy.includes("connect-src 'self';") &&
			policy.includes("frame-ancestors 'none'") && !policy.includes("unsafe"), "its policy lets nothing else in");
		check(answer.headers["x-content-type-options"] === "nosniff" && answer.headers["referrer-policy"] === "no-referrer",
			"and its type is not guessed");
	}
	const page = (await send(get("/operator"))).body;
	check(!/ style=|<style|<script(?! type="module" src=)| on[a-z]+=/.test(page), "nothing in the page is inline");
	for (const path of ["/operator", ...NAMES.map((name) => `/${name}`), "/operator/ask"])
		check((await send(get(path), PORT)).status === 404, `${path} is not on the public port`);
	check((await send(get("/operator.html"))).status === 404 && (await send(get("/main.js"))).status === 404,
		"the administration port has no other files");
}

async function refusals() {
	const command = JSON.stringify({ cmd: "overview" });
	for (const headers of [[json], [json, "Authorization: Bearer wrong-token-of-nobody"], [json, `Cookie: token=${TOKEN}`],
		[json, `Authorization: Bearer ${READS}`]])
		check((await post(command, headers)).status === 401, "without the token for commands none is taken");
	check((await send(get(`/operator/ask?token=${TOKEN}`))).status === 405, "nor by GET");
	check((await post(command, [authorized, "Content-Type: text/plain"])).status === 415, "a form cannot send one");
	check((await post(command, [authorized, json, "Origin: https://evil.example"])).status === 403,
		"nor can a page of another origin");
	check((await post(command, [authorized, json, "Origin: null"])).status === 403, "or of none");
	check((await post(command, undefined, { host: "rebound.example" })).status === 421, "nor under a name that anybody may own");
	check((await post(command, [authorized, json, `Origin: http://127.0.0.1:${ADMIN_PORT}`],
		{ host: `127.0.0.1:${ADMIN_PORT}` })).status === 200, "its own page can");
	check((await post("x".repeat(4097))).status === 413, "a long one is refused");
	for (const body of ["", "x", "[]", "{}", '{"cmd":1}', '{"cmd":"transports"}', '{"cmd":"rooms"}', '{"cmd":"plain-list"}',
		'{"cmd":"plain-produce","room":"r","codec":"opus"}', '{"cmd":"none"}', `${"[".repeat(2000)}`])
		check((await post(body)).status === 400, `${body.slice(0, 40)} is none that the page may give`);
	for (const wrong of [{ cmd: "peers", room: "none" }, { cmd: "peers" }, { cmd: "room-close", room: "none" },
		{ cmd: "viewer", id: "none" }, { cmd: "undrain" }])
		check((await ask(wrong)).ok === false, "and is refused in words");
}

async function commands(servers) {
	const empty = await ask({ cmd: "overview" });
	check(empty.viewers === 0 && empty.rooms === 0 && empty.largest_rooms.list.length === 0 && empty.largest_rooms.more === 0,
		"nobody is here");
	const clients = [];
	for (let i = 0; i < 103; i++)
		clients.push(await Client.open(`?room=room-${i}`));
	for (let i = 0; i < 60; i++)
		clients.push(await Client.open(`?room=large&user=user-${i}`));
	await until("all have joined", 5, async () => (await ask({ cmd: "overview" })).viewers === 163, { quiet: true });
	const now = await ask({ cmd: "overview" });
	check(now.rooms === 104 && now.largest_rooms.list.length === 100 && now.largest_rooms.more === 4 &&
		now.largest_rooms.list[0].name === "large" && now.largest_rooms.list[0].peers === 60, "the largest rooms are first");
	const first = await ask({ cmd: "peers", room: "large" }), second = await ask({ cmd: "peers", room: "large", offset: 50 });
	check(first.count === 60 && first.peers.length === 50 && second.peers.length === 10, "peers come in pages");
	const ids = new Set([...first.peers, ...second.peers].map(({ id }) => id));
	check(ids.size === 60 && first.peers[0].user === "user-0" && first.peers[0].host === false, "each once, with its user");
	check((await ask({ cmd: "peers", room: "large", offset: 1e9 })).peers.length === 0, "behind the last there are none");
	check((await ask({ cmd: "peer-close", peer: first.peers[0].id })).ok, "a peer is closed");
	await until("it has gone", 5, async () => (await ask({ cmd: "peers", room: "large" })).count === 59, { quiet: true });
	check((await ask({ cmd: "room-close", room: "large" })).ok, "a room is closed");
	await until("it has gone", 5, async () => (await ask({ cmd: "overview" })).viewers === 103, { quiet: true });
	const { drain } = await ask({ cmd: "drain", deadline_s: 60 });
	check(drain.state === "draining" && (await ask({ cmd: "overview" })).drain.state === "draining", "the node is drained");
	check((await ask({ cmd: "undrain" })).ok && !(await ask({ cmd: "overview" })).drain, "and takes clients again");
	const { samples, every_s } = await ask({ cmd: "history" });
	check(every_s === 10 && samples.length > 0 && samples.every((s) => s.length === 6), `the history has ${samples.length} samples`);
	for (const cmd of ["peer-close", "room-close", "drain", "undrain"])
		check(servers.controlplane.output.includes(`operator-command cmd=${cmd} address=127.0.0.1`), `${cmd} is in the log`);
	check(!servers.controlplane.output.includes(TOKEN), "the token is not");
	for (const client of clients)
		client.close?.();
}

/** The answer to a command where the file of tokens has that text. */
async function withToken(defer, tokens) {
	const file = join(workDir(), "tokens");
	writeFileSync(file, tokens, { mode: 0o600 });
	const servers = new Servers({ admin: { token_file: file } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	const answer = await post(JSON.stringify({ cmd: "overview" }), [json, `Authorization: Bearer ${READS}`]);
	await servers.end();
	return answer;
}

await test(async ({ defer }) => {
	const open = new Servers();
	defer((failed) => open.end(failed));
	await open.startControlplane();
	const answer = await post(JSON.stringify({ cmd: "overview" }));
	check(answer.status === 403 && answer.body.includes("admin.token_file"), "without admin.token_file there are no commands");
	await open.end();
	check((await withToken(defer, `${READS}\n`)).status === 403, "nor with a token to read with alone");

	const file = join(workDir(), "token");
	writeFileSync(file, `${READS}\n${TOKEN}\n`, { mode: 0o600 });
	const servers = new Servers({ admin: { token_file: file }, limits: { connects_per_second: 1000 } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	await files();
	for (const [token, words] of [[READS, "metrics are read with the first token"], [TOKEN, "and with the second"]])
		check((await send(get("/metrics", [`Authorization: Bearer ${token}`]))).status === 200, words);
	await refusals();
	await commands(servers);
});
