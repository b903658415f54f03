// SPDX-License-Identifier: Apache-2.0
// What grants anything is in no line of either process's log, at the most talkative level: tokens of clients, the
// key behind them and the operator's token, passwords of ICE and TURN, SRTP keys, and ids that are secrets.
import { createHmac, randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_ORIGIN, ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { spatectl } from "../e2e/lib/spatectl.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, dtlsParameters } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const secret = (bytes = 32) => randomBytes(bytes).toString("base64url");
const KEY = secret(), ADMIN = secret(), TURN = secret(), CREDENTIAL = secret(18);
/** Each with the words for it. */
const secrets = new Map([[KEY, "the key of tokens"], [ADMIN, "the operator's token"], [TURN, "the secret of TURN"],
	[CREDENTIAL, "a credential of TURN"]]);

function keep(text, words) {
	if (typeof text !== "string" || text.length < 8)
		throw new Error(`${words}: ${text}`);
	secrets.set(text, words);
	return text;
}

function token(claims, key = KEY) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256" })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, jti: secret(6), ...claims })}`;
	return keep(`${text}.${createHmac("sha256", key).update(text).digest("base64url")}`, "a token");
}

function keepTransport({ iceParameters, iceServers }) {
	keep(iceParameters.password, "a password of ICE");
	for (const { credential } of iceServers ?? [])
		if (credential)
			keep(credential, "a password of TURN");
}

async function clients() {
	const all = { publish: true, subscribe: true };
	const client = await Client.open(`?room=show&token=${token({ ...all, sub: "anna" })}`);
	await client.heard("rtpCapabilities");
	const transport = await client.transport("send");
	keepTransport(transport);
	await client.ask("connectWebRtcTransport", { transportId: transport.id, dtlsParameters });
	await client.ask("produce", { transportId: transport.id, kind: "audio", rtpParameters: audioParameters() });
	keep((await client.ask("restartIce", { transportId: transport.id })).iceParameters.password, "a password of ICE");
	await client.fails("a request about nothing", "closeProducer", { producerId: keep(secret(), "what a client sent") }, "not-found");
	const refused = await Client.open(`?room=show&token=${token(all, "another key of at least 32 characters")}`);
	await refused.closes("a token that is signed by another key", 1008);

	const socket = await SocketClient.join("show", { auth: { token: token({ ...all, sub: "bob" }) } });
	keep(socket.socket.io.engine.id, "an id of Engine.IO");
	keepTransport(await socket.transport("recv"));
	const polling = await SocketClient.join("show", { query: { token: token({ ...all, sub: "carl" }) }, transports: ["polling"] });
	keep(polling.socket.io.engine.id, "an id of Engine.IO");
	return [client, socket, polling];
}

async function sessions() {
	const post = async (path, name, bearer) => {
		const body = readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
		const response = await fetch(ORIGIN + path, { method: "POST", body,
			headers: { "content-type": "application/sdp", authorization: `Bearer ${bearer}` } });
		check(response.status === 201, `${path} is answered ${response.status}`);
		for (const [, password] of (await response.text()).matchAll(/a=ice-pwd:(\S+)/g))
			keep(password, "a password of ICE");
		for (const [, password] of body.matchAll(/a=ice-pwd:(\S+)/g))
			keep(password, "a client's password of ICE");
		return keep(response.headers.get("location").split("/").pop(), "the id of a session");
	};
	const bearer = token({ publish: true, subscribe: true, sub: "dora" });
	await post("/whip/show", "obs-30.1", bearer);
	const id = await post("/whep/show", "chromium-whep", bearer);
	const made = await fetch(`${ORIGIN}/whep/show/${id}/events`, { method: "POST", headers: { authorization: `Bearer ${bearer}` } });
	keep(made.headers.get("location").split("/").pop(), "the id of an event stream");
	await fetch(`${ORIGIN}/whep/show/${id}`, { method: "DELETE", headers: { authorization: `Bearer ${bearer}` } });
}

function plain() {
	const { srtp } = spatectl("plain", "produce", "show", "opus", "srtp=AES_CM_128_HMAC_SHA1_80");
	keep(srtp.receive_key, "an SRTP key");
	keep(srtp.send_key, "an SRTP key");
}

await test(async ({ defer }) => {
	const keyFile = join(workDir(), "auth.key"), adminFile = join(workDir(), "admin.token");
	writeFileSync(keyFile, KEY, { mode: 0o600 });
	writeFileSync(adminFile, ADMIN, { mode: 0o600 });
	const servers = new Servers({
		log: { level: "debug" },
		auth: { algorithm: "HS256", key_file: keyFile },
		admin: { token_file: adminFile },
		ice_servers: [{ urls: ["turn:t.example"], secret: TURN }, { urls: ["turn:u.example"], username: "u", credential: CREDENTIAL }],
	});
	defer((failed) => servers.end(failed));
	await servers.start();

	const open = await clients();
	await sessions();
	plain();
	check((await fetch(`${ADMIN_ORIGIN}/metrics`, { headers: { authorization: `Bearer ${ADMIN}` } })).status === 200, "metrics");
	await fetch(`${ADMIN_ORIGIN}/metrics`, { headers: { authorization: `Bearer ${keep(secret(), "a wrong token")}` } });
	await fetch(`http://127.0.0.1:${PORT}/?token=${keep(secret(), "a token in a page's URL")}`);
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("keys are read again", 5, () => servers.controlplane.output.includes("reloaded what=auth"));
	for (const client of open)
		client.socket.close();
	await until("everybody has left", 5, () => servers.controlplane.output.split("peer-left").length > 3);
	await servers.end();

	const { output } = servers.controlplane;
	for (const line of ["debug control request-failed", "join-refused", "user=anna", "whip"])
		check(output.includes(line), `the log is talkative: ${line}`);
	check(secrets.size > 20, `${secrets.size} secrets were told`);
	for (const [text, words] of secrets)
		for (const server of [servers.controlplane, servers.dataplane])
			if (server.output.includes(text))
				check(false, `the log of the ${server.name} has ${words}: ${text}`);
	check(true, "none of them is in a log");
});
