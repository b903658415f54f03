// SPDX-License-Identifier: Apache-2.0
// Connections that the server ends: the operator removes a peer, and a token expires.
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { spatectl } from "../e2e/lib/spatectl.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const SECRET = "the secret of the operator's application";
const now = () => Math.floor(Date.now() / 1000);

function token(exp) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256" })}.${part({ exp, publish: true })}`;
	return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

async function enter(exp) {
	const client = await Client.open(`?room=show&token=${token(exp)}`);
	await client.heard("rtpCapabilities");
	return client;
}

async function sends(client) {
	const { id: transportId } = await client.transport("send");
	return (await client.ask("produce", { transportId, kind: "audio", rtpParameters: audioParameters() })).id;
}

/** The error that says why, and then the close. */
async function ended(words, client, reason) {
	const { data } = await client.heard("error");
	check(data.code === "forbidden" && data.message === reason, `${words} is told: ${data.message}`);
	await client.closes(words, 1008);
}

async function theOperatorRemovesPeers() {
	const viewer = await enter(now() + 60);
	await viewer.transport("recv");
	const host = await enter(now() + 60);
	const producerId = await sends(host);
	const { socketId } = (await viewer.heard("newProducer")).data;
	check(spatectl("transports").transports.some((t) => t.peer === socketId), "spatectl transports names the peer");
	host.socket.pause(); // a client that does not answer
	check(spatectl("peer", "close", socketId).closing === socketId, "spatectl peer close");
	check((await viewer.heard("producerClosed")).data.producerId === producerId, "its producer is gone at once");
	host.socket.resume();
	await ended("the host", host, "the operator closed this connection");
	const socket = await SocketClient.join("show", { auth: { token: token(now() + 60) }, reconnection: false });
	const gone = new Promise((resolve) => socket.socket.once("disconnect", resolve));
	spatectl("peer", "close", socket.socket.id);
	check((await gone).startsWith("transport"), "a Socket.IO client is disconnected");
	const again = await enter(now() + 60);
	check(again.closed === null, "who has a good token may come back");
	const failed = (() => { try { return spatectl("peer", "close", "nobody"); } catch (error) { return error; } })();
	check(failed instanceof Error && `${failed.stderr ?? failed.message}`.includes("there is none"), "no such peer");
	await again.end();
	await viewer.end();
}

async function tokensExpire() {
	const viewer = await enter(now() + 60);
	await viewer.transport("recv");
	const exp = now() - 2; // good for 3 s: clocks may differ by 5
	const host = await enter(exp);
	const producerId = await sends(host);
	await viewer.heard("newProducer");
	check((await viewer.heard("producerClosed", 8000)).data.producerId === producerId, "its producer ends");
	check(now() >= exp + 5, "and not before its time");
	await ended("a client whose token has expired", host, "token: it has expired");
	check(viewer.closed === null, "the others stay");
	await viewer.end();
}

await test(async ({ defer }) => {
	const key = join(workDir(), "secret");
	writeFileSync(key, SECRET);
	const servers = new Servers({ auth: { algorithm: "HS256", key_file: key, end_with_token: true } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await theOperatorRemovesPeers();
	await tokensExpire();
	await until("nobody is left", 5, () => spatectl("rooms").rooms.length === 0);
	check(/peer-removed room=show peer=\S+ reason="token: it has expired"/.test(servers.controlplane.output),
		"the log says why a peer was removed");
});
