// SPDX-License-Identifier: Apache-2.0
// The life of a room: both dialects in it, a user who comes again, hosts that go politely or
// not, the grace time, and everybody who may close it. Afterwards nothing is left each time.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import WebSocket from "ws";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { buildDir, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { audioParameters, Client, videoParameters } from "./client.mjs";
import { Counts } from "./counts.mjs";
import { SocketClient } from "./socket_client.mjs";

const GRACE_MS = 1000;
const SETTINGS = { rooms: { grace_s: GRACE_MS / 1000 }, resume: { grace_s: 1 },
	socketio: { ping_interval_ms: 500, ping_timeout_ms: 400 } };

/** A host in the dialect of `client` with sound and picture; returns the producers' ids. */
async function goLive(client) {
	const { id: transportId } = await client.transport("send");
	const ids = [];
	for (const [kind, rtpParameters] of [["video", videoParameters()], ["audio", audioParameters()]])
		ids.push((await client.ask("produce", { transportId, kind, rtpParameters })).id);
	return ids;
}

async function liveHost(room, options) {
	const host = await SocketClient.join(room, options);
	host.producers = await goLive(host);
	return host;
}

/** One that consumes everything; the ids of its consumers. */
async function watch(viewer) {
	await viewer.transport("recv");
	const { producers } = await viewer.ask("getProducers");
	const ids = [];
	for (const { id: producerId } of producers)
		ids.push((await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities })).id);
	return ids;
}

async function watcher(room) {
	const viewer = await SocketClient.join(room);
	viewer.consumers = await watch(viewer);
	return viewer;
}

/** A host on one dialect is seen by viewers on the other. */
async function bothDialects() {
	const a = await Client.join("both"), b = await SocketClient.join("both");
	const [fromB] = await goLive(b);
	const toA = (await a.heard("newProducer")).data;
	check(toA.producerId === fromB && toA.socketId === b.id && toA.kind === "video", "A hears of B's, with its socketId");
	const [fromA] = await goLive(a);
	const toB = await b.heard("newProducer");
	check(toB.producerId === fromA && Object.keys(toB).length === 2, "B hears of A's");
	check((await watch(a)).length === 2 && (await watch(b)).length === 2, "each consumes the other's");
	check((await a.ask("getProducers", {})).producers[0].socketId === b.id, "A's list names B's socket");
	await b.ask("closeProducer", { producerId: fromB });
	check((await a.heard("producerClosed")).data.producerId === fromB, "A hears that B's is closed");
	await a.ask("pauseProducer", { producerId: fromA });
	check((await b.heard("producerPaused")).producerId === fromA, "B hears that A's is paused");
	const left = await a.ask("closeRoom", {});
	check(left.roomId === "both", "closeRoom in the plain dialect");
	check((await a.heard("roomClosed")).data.roomId === "both" && (await b.heard("roomClosed")).roomId === "both",
		"both hear roomClosed");
	check(a.closed === null && b.closed === null, "and stay");
	await goLive(b);
	check((await a.ask("getProducers", {})).producers.length === 2, "the same name makes a new room");
	await a.end();
	b.end();
}

/** The old socket's things are gone before the new one can make anything. */
async function userComesAgain() {
	for (const options of [{ auth: { userId: "ann" } }, { query: { userId: "ann" } }]) {
		const old = await liveHost("again", options);
		const viewer = await watcher("again"), plain = await Client.join("again");
		const again = await liveHost("again", options);
		await plain.heard("newProducer");
		const heard = viewer.take().filter(([name]) => name !== "consumerClosed").map(([name, data]) =>
			`${name} ${data.producerId}`);
		const expected = [...old.producers.map((id) => `producerClosed ${id}`),
			...again.producers.map((id) => `newProducer ${id}`)];
		check(JSON.stringify(heard.slice(0, 2).sort().concat(heard.slice(2))) ===
			JSON.stringify(expected.slice(0, 2).sort().concat(expected.slice(2))),
		"the viewer hears producerClosed of the old before newProducer of the new");
		const closed = await old.heard("transportClosed");
		check(closed.transportId === old.named("send") && closed.reason.length > 0, "the old socket hears of it");
		check(old.closed === null, "and stays");
		await old.fails("it gets nothing new", "createTransport", { direction: "send" }, "conflict");
		await old.fails("not even a list", "getProducers", {}, "conflict");
		await old.fails("it cannot close the room of its successor", "closeRoom", {}, "conflict");
		await old.fails("closing is not refused as such", "closeTransport", { transportId: old.named("send") },
			"not-found");
		for (const client of [old, viewer, again, plain])
			await client.end();
	}
}

async function othersAreNotCleanedUp() {
	const ann = await liveHost("users", { auth: { userId: "ann" } });
	const bob = await liveHost("users", { auth: { userId: "bob" } });
	const nobody = await liveHost("users"), nobodyElse = await liveHost("users");
	const elsewhere = await SocketClient.join("users2", { auth: { userId: "ann" } });
	check((await bob.ask("getProducers")).producers.length === 6, "another user, no user, another room close nothing");
	for (const client of [ann, bob, nobody, nobodyElse, elsewhere])
		client.end();
}

/** A viewer that leaves takes its own along only. */
async function viewerLeaves() {
	const host = await liveHost("leave"), first = await watcher("leave"), second = await watcher("leave");
	first.end();
	await sleep(200);
	check(host.take().length === 0 && second.take().length === 0, "nobody hears of a viewer that leaves");
	check((await second.ask("resumeConsumer", { consumerId: second.consumers[0] })).consumerId === second.consumers[0],
		"the others' consumers stay");
	host.end();
	second.end();
}

async function graceTime() {
	const host = await liveHost("grace"), viewer = await watcher("grace"), plain = await Client.join("grace");
	await plain.transport("recv");
	const left = Date.now();
	host.end();
	for (const id of host.producers)
		check(host.producers.includes((await viewer.heard("producerClosed")).producerId), `producerClosed ${id}`);
	const { roomId, reason } = await viewer.heard("roomClosed", GRACE_MS + 2000);
	const waited = Date.now() - left;
	check(roomId === "grace" && reason === "its last host left" && waited > GRACE_MS - 100 && waited < GRACE_MS + 1000,
		`a host that goes for good closes the room after the grace time (${waited} ms)`);
	check((await plain.heard("roomClosed")).data.reason === reason, "in the plain dialect too");
	check(viewer.closed === null && plain.closed === null, "the sockets stay");
	await viewer.fails("what was in it is gone", "resumeConsumer", { consumerId: viewer.consumers[0] }, "not-found");
	check(await metric("rooms") === 0, "a request that fails makes no room");
	check((await viewer.ask("getProducers")).producers.length === 0, "one that succeeds does");
	await viewer.fails("it is in the room again, made anew", "getRouterRtpCapabilities", { roomId: "another" }, "conflict");
	viewer.end();
	await plain.end();
}

async function graceEndsByAHost() {
	const host = await liveHost("return"), viewer = await watcher("return");
	host.end();
	await viewer.heard("producerClosed");
	const again = await liveHost("return");
	await viewer.heard("newProducer");
	await sleep(GRACE_MS + 500);
	check(viewer.take().every(([name]) => name !== "roomClosed"), "a host that comes back keeps the room");
	again.end();
	viewer.end();
}

async function closeRoom() {
	const host = await liveHost("close"), viewer = await watcher("close"), plain = await Client.join("close");
	await viewer.fails("closeRoom by a viewer", "closeRoom", {}, "forbidden");
	await plain.fails("in the plain dialect", "closeRoom", {}, "forbidden");
	check((await host.ask("closeRoom")).roomId === "close", "closeRoom by the host");
	check((await host.heard("roomClosed")).reason === "its host closed it", "the host hears roomClosed");
	const heard = [await viewer.heard("roomClosed"), (await plain.heard("roomClosed")).data];
	check(heard.every(({ roomId }) => roomId === "close"), "and so does everybody else");
	check(viewer.take().length === 0, "and nothing but that");
	const again = await goLive(viewer);
	check((await host.ask("getProducers")).producers[0].id === again[0], "the next use makes it anew");
	host.end();
	viewer.end();
	await plain.end();
}

async function closedByTheOperator() {
	const host = await liveHost("operated"), viewer = await watcher("operated");
	const spatectl = join(buildDir, "tools/spatectl");
	await promisify(execFile)(spatectl, ["--run-dir", join(workDir(), "run"), "room", "close", "operated"]);
	for (const client of [host, viewer])
		check((await client.heard("roomClosed")).reason === "the operator closed it", "the operator closes a room");
	host.end();
	viewer.end();
}

/** One that answers no pings any more, or whose connection breaks. */
async function uncleanEnds() {
	for (const [words, end] of [
		["a broken connection", (socket) => socket.terminate()],
		["a client that answers no ping", () => {}],
		["Engine.IO's close", (socket) => socket.send("1")],
	]) {
		const viewer = await SocketClient.join("unclean");
		const socket = new WebSocket(`ws://127.0.0.1:${PORT}/socket.io/?EIO=4&transport=websocket`);
		const packets = [];
		socket.on("message", (data) => packets.push(`${data}`));
		const packet = async (start) => {
			for (const until = Date.now() + 5000; Date.now() < until; await sleep(5)) {
				const at = packets.findIndex((text) => text.startsWith(start));
				if (at >= 0)
					return JSON.parse(packets.splice(at, 1)[0].replace(/^\d+/, ""));
			}
			throw new Error(`no ${start} came; there are ${packets}`);
		};
		const emit = (event, data) => socket.send(`42${JSON.stringify([event, { roomId: "unclean", ...data }])}`);
		await packet("0");
		socket.send("40");
		const { sid } = await packet("40");
		emit("getRouterRtpCapabilities");
		emit("createTransport", { direction: "send" });
		emit("produce", { transportId: `${sid}-send`, kind: "video", rtpParameters: videoParameters() });
		const [, { id }] = await packet("42[\"produced\"");
		await watch(viewer);
		end(socket);
		check((await viewer.heard("producerClosed", 6000)).producerId === id, `${words}: its producer is closed`);
		check((await viewer.heard("roomClosed", GRACE_MS + 2000)).roomId === "unclean", "and the room after the grace time");
		viewer.end();
		socket.terminate();
	}
}

await test(async ({ defer }) => {
	const servers = new Servers(SETTINGS);
	defer((failed) => servers.end(failed));
	await servers.start();
	const counts = await Counts.start();
	for (const phase of [bothDialects, userComesAgain, othersAreNotCleanedUp, viewerLeaves, graceTime,
		graceEndsByAHost, closeRoom, closedByTheOperator, uncleanEnds]) {
		await phase();
		await counts.back(phase.name);
	}
});
