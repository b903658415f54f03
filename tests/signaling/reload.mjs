// SPDX-License-Identifier: Apache-2.0
// The configuration is read again while the server runs: what changes at once, what needs a restart, and that a
// file that is wrong changes nothing.
import { spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client, videoParameters } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const path = (name) => join(workDir(), name);
const SECRET = "the secret of the operator's application", NEW_SECRET = "another secret of the same application";
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
let settings, servers;

function token(secret, claims = {}) {
	const text = `${encode({ alg: "HS256" })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
	return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

function write(changes) {
	settings = { ...settings, ...changes };
	new Servers(settings); // writes the file
}

/** Exit code, and what is printed. */
function spatectl(...args) {
	const { status, stdout, stderr } = spawnSync(join(buildDir, "tools/spatectl"), ["--run-dir", path("run"), ...args],
		{ encoding: "utf8" });
	return { status, text: stdout + stderr };
}

function reload(words, expected, status = 0) {
	const result = spatectl("reload");
	check(result.status === status && result.text === expected, `${words}: ${JSON.stringify(result)}`);
}

async function origin(name) {
	const response = await fetch(`${ORIGIN}/whip/show`, { method: "OPTIONS", headers: { origin: name } });
	return response.headers.get("access-control-allow-origin") !== null;
}

async function enter(secret) {
	const client = await Client.open(`?room=show&token=${token(secret)}`);
	const message = await Promise.race(["rtpCapabilities", "error"].map((type) => client.heard(type).catch(() => null)));
	client.socket.close();
	return message.type !== "error";
}

async function whatChanges() {
	reload("the same file", "nothing has changed\n");
	const stays = await Client.open(`?room=show&token=${token(SECRET)}`);
	await stays.heard("rtpCapabilities");
	check(await origin("https://a.example"), "every origin is allowed");
	write({ http: { origins: "https://b.example" }, limits: { peers_per_room: 1 }, log: { level: "debug" }, dtls: { threads: 2 },
		hooks: { url: "http://127.0.0.1:1/hidden", secret_file: path("secret"), queue: 5 } });
	reload("other values", "changed       log.level\nchanged       http.origins\nchanged       hooks.url\n" +
		"changed       hooks.secret_file\nchanged       hooks.queue\nchanged       limits.peers_per_room\nneeds restart dtls.threads\n");
	check(!await origin("https://a.example") && await origin("https://b.example"), "the origins are those of now");
	check(!await enter(SECRET), "and so is the limit of a room");
	const log = () => servers.controlplane.output;
	for (const line of ["reload-changed member=log.level old=info new=debug", "reload-changed member=limits.peers_per_room old=50000 new=1",
		'reload-changed member=http.origins old=* new=https://b.example', 'reload-changed member=hooks.url old="" new="(not shown)"',
		"reload-needs-restart member=dtls.threads now=1 file=2"])
		await until(`the log has: ${line}`, 3, () => log().includes(line));
	check(!log().includes("hidden"), "and no secret");
	check((await stays.ask("getProducers", {})).producers.length === 0, "who was there stays");
	await stays.fails("a request that does not exist", "nonsense", {}, "bad-request");
	await until("the log has the new level", 3, () => log().includes(" debug control request-failed"));
	stays.socket.close();
}

async function whatIsWrong() {
	const bad = (words, text, part) => {
		writeFileSync(path("spate.json"), text);
		const { status, text: said } = spatectl("reload");
		check(status === 5 && said.includes(part), `${words}: ${said.trim()}`);
	};
	bad("no JSON", '{"log":{"level":"error"}', "not JSON in line 1");
	bad("a value out of range", '{"log":{"level":"error"},"limits":{"rooms":0}}', "limits.rooms: 0 is under 1");
	bad("an unknown member", '{"log":{"level":"error"},"colour":"red"}', "colour");
	check(await origin("https://b.example"), "nothing has changed");
	write({});
	writeFileSync(path("token.key"), "short\n");
	write({ rooms: { grace_s: 3 } });
	const { status, text } = spatectl("reload");
	check(status === 5 && text.includes("changed       rooms.grace_s") && text.includes("failed        auth: auth.key_file:"),
		`keys that are wrong: ${text}`);
	write({ limits: {} });
	spatectl("reload");
	check(await enter(SECRET) && !await enter(NEW_SECRET), "the old key stays");
	writeFileSync(path("new.key"), `${NEW_SECRET}\n`, { mode: 0o600 });
	write({ auth: { algorithm: "HS256", key_file: path("new.key") } });
	reload("another file of keys, that only root may read", "changed       auth.key_file\nneeds restart dtls.threads\n");
	check(!await enter(SECRET) && await enter(NEW_SECRET), "its key counts from now on");
	write({ auth: { algorithm: "HS256", key_file: path("nowhere") } });
	check(spatectl("reload").status === 5 && await enter(NEW_SECRET), "and stays when the next file is not there");
}

/** Those codecs, each once; H264 comes in several profiles. */
function names({ codecs }) {
	const all = codecs.map((c) => c.mimeType.split("/")[1]).filter((name) => name !== "rtx");
	return [...new Set(all)].join(" ");
}

/** A client of that room that has got its capabilities, by either dialect. */
async function come(room, dialect) {
	if (dialect === "socket")
		return SocketClient.join(room, { auth: { token: token(SECRET, { publish: true }) } });
	const client = await Client.open(`?room=${room}&token=${token(SECRET, { publish: true })}`);
	client.capabilities = (await client.heard("rtpCapabilities")).data;
	return client;
}

/** It sends VP8. */
async function publish(client) {
	const { id } = await client.transport("send");
	return { transportId: id, kind: "video", rtpParameters: videoParameters() };
}

async function codecs() {
	const ALL = "opus VP8 VP9 H264 AV1", NEW = "opus H264";
	const first = await come("old", "json");
	check(names(first.capabilities) === ALL, `a room has the codecs of its time: ${names(first.capabilities)}`);
	write({ codecs: NEW.split(" ") });
	reload("other codecs", "changed       codecs\n");
	for (const [room, expected] of [["old", ALL], ["new", NEW]])
		for (const dialect of ["json", "socket"]) {
			const client = await come(room, dialect), got = names(client.capabilities);
			check(got === expected, `who comes into the ${room} room by ${dialect} is offered ${got}`);
			client.socket.close();
		}
	await first.ask("produce", await publish(first));
	const second = await come("new", "json");
	await second.fails("a codec that the new room has not", "produce", await publish(second), "unsupported");
	await first.end();
	await until("the old room ends with its last peer", 3, async () => {
		const again = await come("old", "json");
		await again.end();
		return names(again.capabilities) === NEW;
	});
	await second.end();
	delete settings.codecs;
	write({});
	reload("the codecs of before", "changed       codecs\n");
}

await test(async ({ defer }) => {
	writeFileSync(path("token.key"), `${SECRET}\n`, { mode: 0o600 });
	writeFileSync(path("secret"), "a secret of the hooks\n", { mode: 0o600 });
	settings = { auth: { algorithm: "HS256", key_file: path("token.key") } };
	servers = new Servers(settings);
	defer((failed) => servers.end(failed));
	await servers.startDataplane();
	await servers.startControlplane();
	await codecs();
	await whatChanges();
	await whatIsWrong();
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("a signal does the same", 3, () => servers.controlplane.output.trimEnd().endsWith("reload-done"));
	check(spatectl("reload", "now").status === 2, "the command takes nothing more");
});
