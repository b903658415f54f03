// SPDX-License-Identifier: Apache-2.0
// Tokens in the URL of the JSON dialect: who is let in where, and what they may do there.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";

const SECRET = "the secret of the operator's application";
const keyFile = join(workDir() ?? ".", "token.key");
const now = () => Math.floor(Date.now() / 1000);
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(claims, { alg = "HS256", typ = "JWT", kid, mac = (text) => hmac(text, SECRET) } = {}) {
	const text = `${encode({ alg, typ, kid })}.${encode({ exp: now() + 60, ...claims })}`;
	return `${text}.${mac(text)}`;
}

function hmac(text, secret) {
	return createHmac("sha256", secret).update(text).digest("base64url");
}

function enter(text, room = "show", more = "") {
	return Client.open(`?room=${room}${more}&token=${text}`);
}

async function letIn(text, room, more) {
	const client = await enter(text, room, more);
	client.capabilities = (await client.heard("rtpCapabilities")).data;
	return client;
}

/** An error with the reason, no capabilities, and the connection is closed. */
async function refused(words, part, text, room = "show") {
	const client = await enter(text, room);
	const { data } = await client.heard("error");
	check(data.code === "forbidden" && data.message.includes(part), `${words}: ${data.code}, ${data.message}`);
	await client.closes(words, 1008);
	check(client.messages.length === 0, "and nothing else was said");
}

async function whoIsRefused() {
	await refused("no token", "token: is missing", "");
	const nothing = await Client.open("?room=show&user=alice");
	check((await nothing.heard("error")).data.message === "token: is missing", "nor one without the parameter");
	await nothing.closes("it", 1008);
	await refused("garbage", "token:", "x");
	await refused("an expired token", "token: exp:", token({ exp: now() - 10 }));
	await refused("one that is not valid yet", "token: nbf:", token({ nbf: now() + 30 }));
	await refused("one that expires in 50,000 years", "token: exp: must be", token({ exp: Date.now() }));
	await refused("one for another service", "token: aud:", token({ aud: "billing.example" }));
	await refused("one that never expires", "token: exp: is missing", token({ exp: undefined }));
	await refused("one with an expiry in words", "token: exp: must be a number", token({ exp: "tomorrow" }));
	await refused("a forged token", "signature", token({}, { mac: (text) => hmac(text, "a guess") }));
	const [header, , signature] = token({ publish: false }).split(".");
	await refused("another payload under a good signature", "signature",
		`${header}.${encode({ exp: now() + 60, publish: true })}.${signature}`);
	await refused("an unsigned token", "token: alg:", token({}, { alg: "none", mac: () => "" }));
	await refused("another algorithm", "token: alg:", token({}, { alg: "HS512" }));
	await refused("a token for another room", "room", token({ room: "other" }));
	await refused("a user that is no name", "token: sub:", token({ sub: "a\tb" }));
	await refused("a long token", "token: is over 4096 bytes", token({ x: "x".repeat(4000) }));
}

async function whatIsGranted() {
	const viewer = await letIn(token({ room: "show" }));
	const denied = "publish: it was not granted";
	await viewer.fails("a viewer", "createWebRtcTransport", { purpose: "send" }, "forbidden", denied);
	const recv = await viewer.transport("recv");
	await viewer.fails("a viewer on its transport", "produce", { transportId: recv.id, kind: "audio",
		rtpParameters: audioParameters() }, "forbidden");

	const host = await letIn(token({ room: "show", publish: true, subscribe: false }));
	const send = await host.transport("send");
	const audio = await host.ask("produce", { transportId: send.id, kind: "audio", rtpParameters: audioParameters() });
	const told = (await viewer.heard("newProducer")).data;
	check(told.producerId === audio.id, "a host can produce, and a viewer hears of it");
	await host.fails("a host that may not watch", "createWebRtcTransport", { purpose: "recv" }, "forbidden",
		"subscribe: it was not granted");
	const guest = await letIn(token({ room: "show", publish: true, close: false }));
	const stage = await guest.transport("send");
	await guest.ask("produce", { transportId: stage.id, kind: "audio", rtpParameters: audioParameters() });
	await viewer.heard("newProducer");
	await guest.fails("a guest who publishes", "closeRoom", {}, "forbidden", "close: it was not granted");
	await guest.end();
	const consumer = await viewer.ask("consume", { producerId: audio.id, rtpCapabilities: viewer.capabilities });
	check(consumer.producerId === audio.id, "and can consume");
	await viewer.end();
	await host.end();
}

/** The same user again takes over; a name in the URL counts for nothing. */
async function whoItIs() {
	const viewer = await letIn(token({}));
	await viewer.transport("recv");
	const host = await letIn(token({ sub: "alice", publish: true }), "show", "&user=bob");
	const send = await host.transport("send");
	const { id } = await host.ask("produce", { transportId: send.id, kind: "audio", rtpParameters: audioParameters() });
	await viewer.heard("newProducer");
	const bob = await letIn(token({ sub: "bob", publish: true }), "show", "&user=alice");
	await bob.transport("send");
	await sleep(100);
	check(viewer.messages.length === 0, "another user who says he is the host changes nothing");
	const again = await letIn(token({ sub: "alice", publish: true }));
	check((await viewer.heard("producerClosed")).data.producerId === id, "the host on a new socket closes the old one's");
	for (const client of [viewer, host, bob, again])
		await client.end();
}

async function newKey(servers) {
	const said = (text) => servers.controlplane.output.includes(text);
	const before = token({});
	const stays = await letIn(before);
	writeFileSync(keyFile, "short");
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("a key that cannot be used is logged", 5, () => said("reload-failed what=auth"));
	await (await letIn(before)).end();
	writeFileSync(keyFile, `${SECRET}, the next`);
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("a new key is logged", 5, () => said("reloaded what=auth"));
	await refused("a token of the old key", "signature", before);
	await (await letIn(token({}, { mac: (text) => hmac(text, `${SECRET}, the next`) }))).end();
	check((await stays.ask("getProducers", {})).producers.length === 0, "who was there before goes on");
	await stays.end();
	check(!said(SECRET) && !said(before.split(".")[2]), "the log has neither secrets nor tokens");
}

/** A key that signs for several services, and another one that takes its place. */
async function servicesAndKeys(defer) {
	const keys = join(workDir(), "keys");
	const later = `${SECRET}, the one after`;
	mkdirSync(keys);
	writeFileSync(join(keys, "first.key"), SECRET);
	const servers = new Servers({ auth: { algorithm: "HS256", key_dir: keys, audience: "spate.example",
		issuer: "https://id.example" } });
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	const ours = { aud: "spate.example", iss: "https://id.example" };
	const signed = (kid, secret, claims = ours) => token(claims, { kid, mac: (text) => hmac(text, secret) });
	await (await letIn(token(ours))).end();
	await (await letIn(token({ ...ours, aud: ["billing.example", "spate.example"] }))).end();
	await (await letIn(signed("first", SECRET))).end();
	await refused("a token for another service", "token: aud: it is for another service",
		token({ ...ours, aud: "billing.example" }));
	await refused("a token for nobody", "token: aud: is missing", token({ iss: ours.iss }));
	await refused("a token of another issuer", "token: iss:", token({ ...ours, iss: "https://other.example" }));
	await refused("a token of another type", "token: typ: must be JWT", token(ours, { typ: "password-reset+jwt" }));
	await refused("a key that is not there yet", "token: kid:", signed("second", later));
	const old = signed("first", SECRET);
	for (const [words, change, before, after] of [
		["a key comes", () => writeFileSync(join(keys, "second.key"), later), letIn, letIn],
		["a key goes", () => rmSync(join(keys, "first.key")), (text) => refused("an older token", "token: kid:", text), letIn],
	]) {
		const reloads = () => servers.controlplane.output.split("reloaded what=auth").length;
		const count = reloads();
		change();
		process.kill(servers.controlplane.pid, "SIGHUP");
		await until(words, 5, () => reloads() > count);
		await (await before(old))?.end();
		await (await after(signed("second", later))).end();
	}
	await servers.end();
}

/** The other two, by a control plane each on the same data plane. */
async function publicKeys(defer) {
	const kinds = [["RS256", "rsa", { modulusLength: 2048 }], ["ES256", "ec", { namedCurve: "P-256" }]];
	for (const [alg, kind, options] of kinds) {
		const { publicKey, privateKey } = generateKeyPairSync(kind, options);
		const pem = publicKey.export({ type: "spki", format: "pem" });
		const mac = (text) => sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" })
			.toString("base64url");
		writeFileSync(keyFile, pem);
		const servers = new Servers({ auth: { algorithm: alg, key_file: keyFile } });
		defer((failed) => servers.end(failed));
		await servers.startControlplane();
		await (await letIn(token({}, { alg, mac }))).end();
		await refused(`${alg}: a public key for a secret`, "token: alg:", token({}, { mac: (text) => hmac(text, pem) }));
		await refused(`${alg}: a MAC in its name`, "signature", token({}, { alg, mac: (text) => hmac(text, pem) }));
		await servers.end();
	}
}

await test(async ({ defer }) => {
	writeFileSync(keyFile, `${SECRET}\n`);
	const servers = new Servers({ auth: { algorithm: "HS256", key_file: keyFile } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await whoIsRefused();
	await whatIsGranted();
	await whoItIs();
	await newKey(servers);
	await servers.controlplane.end();
	await servicesAndKeys(defer);
	await publicKeys(defer);
});
