// SPDX-License-Identifier: Apache-2.0
// Clients come back after their connection was lost: with a token they find their peer and all that
// it owns as they left it, in both dialects; and two hundred behind one address come at once.
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { io } from "socket.io-client";
import { metric, metrics } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { roomNow, spatectl } from "../e2e/lib/spatectl.mjs";
import { check, log as say, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const GRACE_S = 5;
const MANY = 200;
const NODE = "here";
const SECRET = "the secret of the operator's application";
const tokens = [];

/** The two dialects, and the second one over both of its carriers. */
const DIALECTS = {
	"plain": {
		join: (room) => Client.join(room),
		resume: (resume, room) => Client.open(`?room=${room}&resume=${resume}`),
		answered: async (client) => (await client.heard("resumed")).data,
		create: (client, purpose) => client.ask("createWebRtcTransport", { purpose }),
		cut: (client) => client.socket.terminate(),
		heard: async (client, name) => (await client.heard(name)).data,
		silent: (client) => client.messages.length === 0,
	},
	...Object.fromEntries(["websocket", "polling"].map((transport) => [`Socket.IO over ${transport}`, {
		join: (room) => SocketClient.join(room, { transports: [transport], agent: new Agent() }),
		resume: async (resume, room) => {
			const client = await SocketClient.open({ transports: [transport], auth: { resume } });
			client.room = room;
			return client;
		},
		answered: (client) => client.heard("resumed"),
		create: (client, direction) => client.ask("createTransport", { direction }),
		cut: (client) => {
			if (transport === "polling")
				client.socket.io.opts.agent.destroy();
			else
				client.socket.io.engine.transport.ws.terminate();
		},
		heard: (client, name) => client.heard(name),
		silent: (client) => client.events.length === 0,
	}])),
};

async function host(room) {
	const client = await Client.join(room);
	const { id: transportId } = await client.transport("send");
	const produce = async () => (await client.ask("produce",
		{ transportId, kind: "audio", rtpParameters: audioParameters() })).id;
	return { client, produce, first: await produce() };
}

async function comesBack(name, dialect) {
	say(`${name}: a viewer whose connection is cut comes back`);
	const { client: sender, produce, first } = await host("show");
	const viewer = await dialect.join("show");
	const transport = await dialect.create(viewer, "recv");
	const consumer = await viewer.ask("consume", { producerId: first, rtpCapabilities: viewer.capabilities });
	await until("it has a token", 2, () => viewer.resume !== null, { quiet: true });
	tokens.push(viewer.resume);
	const before = roomNow("show");
	sender.messages.length = 0;
	dialect.cut(viewer);
	await until("the server has noticed", 5, async () => await metric("resume_lost") === 1);
	check(JSON.stringify(roomNow("show")) === JSON.stringify(before), "nothing has closed");
	await sender.ask("closeProducer", { producerId: first });
	const second = await produce();
	const again = await dialect.resume(viewer.resume, "show");
	const { transports, producers, consumers } = await dialect.answered(again);
	check(transports.length === 1 && transports[0].id === transport.id &&
		transports[0].transportId === transport.transportId, "it finds its transport");
	check(producers.length === 0 && consumers.every((c) => c.id !== consumer.id), "and not what has closed");
	check((await dialect.heard(again, "producerClosed")).producerId === first, "it hears what has closed");
	check((await dialect.heard(again, "newProducer")).producerId === second, "and what is new");
	await until("it has the next token", 2, () => again.resume !== null && again.resume !== viewer.resume, { quiet: true });
	tokens.push(again.resume);
	again.capabilities = viewer.capabilities;
	await again.ask("consume", { producerId: second, rtpCapabilities: again.capabilities });
	const { peers, transports: left, consumers: one } = roomNow("show");
	check(peers === 2 && left === 2 && one === 1, "and goes on as if nothing had happened");
	check(sender.messages.every((m) => m.type !== "producerClosed"), "nobody has heard of it");

	const late = await dialect.resume(viewer.resume, "show");
	await sleep(100);
	check(late.messages?.some((m) => m.type === "rtpCapabilities") ?? dialect.silent(late), "its first token is used up");
	await late.end();
	await again.end();
	await until("who leaves takes everything along at once", 2, () => roomNow("show").peers === 1);
	await sender.end();
	await until("the room is gone", 2, () => roomNow("show").peers === 0, { quiet: true });
}

async function oldConnectionLives() {
	say("a client comes back before the server has noticed the loss");
	const { client: sender, first } = await host("alive");
	const other = await Client.join("alive");
	await other.transport("recv");
	await other.heard("newProducer");
	sender.socket.pause();
	const again = await DIALECTS.plain.resume(sender.resume, "alive");
	const { producers } = await DIALECTS.plain.answered(again);
	check(producers.length === 1 && producers[0].id === first, "it has its producer");
	sender.socket.resume();
	await sender.closes("its old connection", 4001);
	await other.ask("getProducers", {});
	check(other.messages.length === 0, "nobody has heard of it");
	await again.end();
	check((await other.heard("producerClosed")).data.producerId === first, "it still owns it");
	await other.end();
}

async function goneForGood() {
	say("who does not come back in time is gone");
	const { client: sender } = await host("late");
	const viewer = await Client.join("late");
	await viewer.transport("recv");
	await viewer.heard("newProducer");
	const lost = Date.now();
	sender.socket.terminate();
	await viewer.heard("producerClosed", GRACE_S * 1000 + 5000);
	check(Date.now() - lost >= GRACE_S * 1000 - 100, "not before the grace time is over");
	const again = await DIALECTS.plain.resume(sender.resume, "late");
	await again.heard("rtpCapabilities");
	check(roomNow("late").peers === 2, "it joins as a new one");
	await again.end();
	await viewer.end();
}

async function badTokens() {
	say("tokens that are none");
	const { client, first } = await host("bad");
	const refused = async () => Object.fromEntries(Object.entries(await metrics())
		.filter(([name]) => name.startsWith("spate_resume_refused_total")).map(([name, n]) => [/"(.*)"/.exec(name)[1], n]));
	const before = await refused();
	const [node, random] = client.resume.split(".");
	for (const [words, token, room, reason] of [
		["a guess", `${node}.${"A".repeat(22)}`, "bad", "unknown"],
		["no token at all", "%22%27x", "bad", "unknown"],
		["one that is too long", `${client.resume}${"A".repeat(3000)}`, "bad", "unknown"],
		["another server's", `another.${random}`, "bad", "node"],
		["another room's", client.resume, "else", "room"],
	]) {
		const stranger = await Client.open(`?room=${room}&resume=${token}`);
		check((await stranger.heard("rtpCapabilities")).data.codecs.length > 0, `${words}: joins as anybody`);
		check((await refused())[reason] === before[reason] + 1, `and counts as ${reason}`);
		before[reason]++;
		await stranger.end();
	}
	check(client.closed === null && (await client.ask("getStats", { producerId: first })).stats.length > 0,
		"whose token was tried does not notice");
	await client.end();
}

/** All at once, when the address has used up its budget of connections. */
async function manyBehindOneAddress() {
	say(`${MANY} clients behind one address come back at once`);
	await sleep(3000); // for the connections of the tests before
	const clients = await Promise.all(Array.from({ length: MANY }, () => Client.join("crowd")));
	await Promise.all(clients.map((client) => client.transport("recv")));
	for (const client of clients)
		client.socket.terminate();
	await until("all are lost", 10, async () => await metric("resume_lost") === MANY);
	const resumes = await metric("resumes_total");
	const begun = Date.now();
	const back = await Promise.all(clients.map((client) => Client.open(`?resume=${client.resume}`)));
	const answers = await Promise.all(back.map((client) => client.heard("resumed", 10000)));
	check(answers.every(({ data }) => data.transports.length === 1), `all have their transports after ${Date.now() - begun} ms`);
	check(await metric("resumes_total") === resumes + MANY, "and the server counts them");
	const { peers, transports } = roomNow("crowd");
	check(peers === MANY && transports === MANY, "nobody is there twice");
	await Promise.all(back.map((client) => client.end()));
}

async function budget() {
	say("attempts have a budget of their own");
	const guesses = await Promise.all(Array.from({ length: 11 }, () => Client.open("?resume=x.AAAAAAAAAAAAAAAAAAAAAA")));
	await until("one is too many", 5, () => guesses.some((g) => g.closed !== null));
	const refused = guesses.find((g) => g.closed !== null);
	const { data } = await refused.heard("error");
	check(data.code === "too-many" && data.message.startsWith("resume:"), `it is told: ${data.message}`);
	await refused.closes("the one", 1013);
	check(guesses.filter((g) => g.closed !== null).length === 1, "the others have joined");
	const socket = await SocketClient.open({ auth: { resume: "x.AAAAAAAAAAAAAAAAAAAAAA" } }).catch((error) => error);
	check(socket.data?.code === "too-many", "Socket.IO: the same");
	const wrong = await SocketClient.open({ auth: { resume: 7 } }).catch((error) => error);
	check(wrong.data?.code === "bad-request" && wrong.message.startsWith("auth.resume:"), "what is no string is refused");
	check(await metric('admission_refused_total{reason="resumes"}') === 2, "/metrics says why");
	await Promise.all(guesses.map((g) => g.end()));
}

/** Until the data plane has told a server that was started which clients it had. */
async function notYetKnown() {
	say("a server that has just started sends clients who come back away for a moment");
	const token = `${NODE}.AAAAAAAAAAAAAAAAAAAAAA`;
	const client = await Client.open(`?resume=${token}`);
	const { data } = await client.heard("error");
	check(data.code === "unavailable" && data.message.startsWith("resume:"), `JSON: ${data.message}`);
	await client.closes("the socket", 1013);
	for (const transport of ["websocket", "polling"]) {
		const tries = [];
		const socket = io(ORIGIN, { forceNew: true, transports: [transport], reconnectionDelay: 50,
			auth: (use) => use({ resume: tries.push(transport) && token }) });
		await until(`Socket.IO over ${transport}: the stock client tries again by itself`, 5, () => tries.length >= 3);
		check(!socket.connected, "and is not taken for a new one meanwhile");
		socket.disconnect();
	}
}

function token(sub) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${part({ alg: "HS256" })}.${part({ sub, publish: true, exp: Math.floor(Date.now() / 1000) + 60 })}`;
	return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

async function users() {
	say("with tokens of the application, only the same user comes back");
	const ann = await Client.open(`?room=show&token=${token("ann")}`);
	await ann.transport("recv");
	ann.socket.terminate();
	const nobody = await Client.open(`?room=show&resume=${ann.resume}`);
	check((await nobody.heard("error")).data.code === "forbidden", "without one nobody does");
	const ben = await Client.open(`?room=show&resume=${ann.resume}&token=${token("ben")}`);
	await ben.heard("rtpCapabilities");
	check(await metric('resume_refused_total{reason="user"}') === 1, "another user joins as himself");
	const again = await Client.open(`?room=show&resume=${ann.resume}&token=${token("ann")}`);
	check((await again.heard("resumed")).data.transports.length === 1, "the same user finds what was there");
	await ben.end();
	await again.end();
}

await test(async ({ defer }) => {
	const servers = new Servers({ resume: { grace_s: GRACE_S }, log: { level: "debug" } });
	defer((failed) => servers.end(failed));
	await servers.start();
	for (const [name, dialect] of Object.entries(DIALECTS))
		await comesBack(name, dialect);
	await oldConnectionLives();
	await goneForGood();
	await badTokens();
	await manyBehindOneAddress();
	const { output } = servers.controlplane;
	check(tokens.length >= 6 && tokens.every((t) => !output.includes(t.split(".")[1])), "no token is in the log");
	await servers.end();

	const key = join(workDir(), "secret");
	writeFileSync(key, SECRET);
	const narrow = new Servers({ limits: { resumes_per_second: 1 }, node: { id: NODE } });
	defer((failed) => narrow.end(failed));
	await narrow.startControlplane();
	await budget();
	await notYetKnown();
	await narrow.end();

	const guarded = new Servers({ auth: { algorithm: "HS256", key_file: key } });
	defer((failed) => guarded.end(failed));
	await guarded.start();
	await users();
	check(spatectl("rooms").rooms.length === 0, "nothing is left");
});
