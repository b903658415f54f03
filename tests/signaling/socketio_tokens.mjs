// SPDX-License-Identifier: Apache-2.0
// Tokens in the handshake of the Socket.IO dialect: who gets in, and what each may do.
import { createHmac, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { Client, videoParameters } from "./client.mjs";
import { Counts } from "./counts.mjs";
import { SocketClient } from "./socket_client.mjs";

const secret = randomBytes(32);
const inAMinute = () => Math.floor(Date.now() / 1000) + 60;

function token(claims, key = secret) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256", typ: "JWT" })}.${part({ exp: inAMinute(), ...claims })}`;
	return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

function handshakes(value) {
	return [{ auth: { token: value } }, { query: { token: value } }, { auth: { token: value }, transports: ["websocket"] },
		{ auth: { token: value }, transports: ["polling"] }];
}

async function refused() {
	const good = token({ sub: "ann" });
	const cases = [
		["no token", [{}, { auth: { token: "" } }, { auth: { token: null } }]],
		["an expired one", handshakes(token({ exp: inAMinute() - 3600 }))],
		["a forged one", handshakes(token({ sub: "ann" }, randomBytes(32)))],
		["a changed one", handshakes(good.replace(/\.[^.]*\./, `.${Buffer.from(JSON.stringify({ exp: inAMinute(),
			sub: "bob" })).toString("base64url")}.`))],
		["one that is not signed", handshakes(`${Buffer.from("{\"alg\":\"none\"}").toString("base64url")}.` +
			`${good.split(".")[1]}.`)],
		["no token at all", handshakes("hello")],
	];
	for (const [words, options] of cases)
		for (const option of options) {
			const error = await SocketClient.open(option).catch((e) => e);
			check(error instanceof Error && error.data?.code === "forbidden" && error.data.message.startsWith("token"),
				`${words}: ${error.message ?? "it was let in"}`);
		}
	for (const auth of [{ token: 7 }, { token: good, userId: ["ann"] }, { token: good, userId: "a\tb" }]) {
		const error = await SocketClient.open({ auth }).catch((e) => e);
		check(error.data?.code === "bad-request", `${Object.keys(auth).pop()}: ${error.message}`);
	}
}

async function otherRoom() {
	const client = await SocketClient.open({ auth: { token: token({ room: "mine", publish: true }) } });
	client.room = "theirs";
	await client.fails("a token for another room", "getRouterRtpCapabilities", {}, "forbidden", "token");
	client.room = "mine";
	check((await client.ask("getRouterRtpCapabilities")).rtpCapabilities !== undefined, "it opens its own");
	client.end();
}

async function whatIsGranted() {
	const host = await SocketClient.join("grants", { auth: { token: token({ sub: "ann", publish: true, subscribe: false }) } });
	await host.fails("subscribe was not granted", "createTransport", { direction: "recv" }, "forbidden", "subscribe");
	const { transportId } = await host.transport("send");
	const { id: producerId } = await host.ask("produce", { transportId, kind: "video", rtpParameters: videoParameters() });
	const viewer = await SocketClient.join("grants", { auth: { token: token({ sub: "bob" }) } });
	await viewer.fails("publish was not granted", "createTransport", { direction: "send" }, "forbidden", "publish");
	await viewer.transport("recv");
	await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	const plain = await Client.open(`?room=grants&token=${token({ sub: "cy" })}`);
	await plain.heard("rtpCapabilities");
	check(plain.closed === null, "a token in the plain dialect");
	const again = await SocketClient.join("grants",
		{ auth: { token: token({ sub: "ann", publish: true }), userId: "bob" } });
	check((await viewer.heard("producerClosed")).producerId === producerId,
		"the user is the token's, whatever the handshake says");
	for (const client of [host, viewer, again, plain])
		await client.end();
}

await test(async ({ defer }) => {
	const key = join(workDir(), "secret");
	writeFileSync(key, secret);
	const servers = new Servers({ auth: { algorithm: "HS256", key_file: key } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const counts = await Counts.start();
	for (const phase of [refused, otherRoom, whatIsGranted]) {
		await phase();
		await counts.back(phase.name);
	}
});
