// SPDX-License-Identifier: Apache-2.0
// Every event of the Socket.IO dialect, by the stock client: what is answered, as event and as
// acknowledgement, and who else is told; then what is wrong, and what it is answered with.
import { setTimeout as sleep } from "node:timers/promises";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { audioParameters, dtlsParameters, videoParameters } from "./client.mjs";
import { Counts } from "./counts.mjs";
import { SocketClient } from "./socket_client.mjs";

const UUID = "00000000-0000-4000-8000-000000000000";

function members(object) {
	return Object.keys(object).sort().join(" ");
}

function checkMembers(words, object, names) {
	check(members(object) === names, `${words} has ${names}${members(object) === names ? "" : ` (${members(object)})`}`);
}

async function checkTransport(client, direction) {
	const t = await client.transport(direction);
	checkMembers("transportCreated", t, "direction dtlsParameters iceCandidates iceParameters id transportId");
	check(t.direction === direction && t.transportId === client.named(direction) && t.id !== t.transportId,
		`a ${direction} transport goes by <socketId>-${direction} and has an id`);
	check(t.iceParameters.iceLite === true && t.iceCandidates[0].ip === "10.99.0.2" &&
		t.dtlsParameters.fingerprints.length === 1, "and what ICE and DTLS need");
	await client.fails("another of the same direction", "createTransport", { direction }, "conflict", "direction");
	check((await client.ask("connectTransport", { transportId: t.transportId, dtlsParameters })).transportId ===
		t.transportId, "connectTransport");
	await client.fails("a second connect", "connectTransport", { transportId: t.id, dtlsParameters }, "conflict");
	return t;
}

/** The phases of the workflow, one after the other. */
async function phases() {
	const early = await SocketClient.join("show");
	const host = await SocketClient.join("show");
	const elsewhere = await SocketClient.join("other");
	check(host.capabilities.codecs.length > 0 && host.capabilities.headerExtensions.length > 0, "rtpCapabilities");
	const again = await host.ask("getRouterRtpCapabilities");
	checkMembers("routerRtpCapabilities", again, "rtpCapabilities");

	const send = await checkTransport(host, "send");
	const produce = async (kind, rtpParameters, transportId) => {
		const reply = await host.ask("produce", { transportId, kind, rtpParameters });
		checkMembers("produced", reply, "id kind");
		check(reply.kind === kind, `produce ${kind}`);
		return reply.id;
	};
	const video = await produce("video", videoParameters(), send.transportId);
	const audio = await produce("audio", audioParameters(), send.id);
	const told = [await early.heard("newProducer"), await early.heard("newProducer")];
	checkMembers("newProducer", told[0], "kind producerId");
	check(told[0].producerId === video && told[0].kind === "video" && told[1].producerId === audio,
		"the others hear newProducer, in order");

	const viewer = await SocketClient.join("show");
	const recv = await checkTransport(viewer, "recv");
	check(viewer.take().length === 0, "nobody is told of what there was before");
	const { producers } = await viewer.ask("getProducers");
	checkMembers("a producer of the list", producers[0], "id kind");
	check(producers.length === 2 && producers[0].id === video && producers[1].kind === "audio", "getProducers");
	check((await host.ask("getProducers")).producers.length === 0, "one's own are not listed");
	check((await elsewhere.ask("getProducers")).producers.length === 0, "nor those of another room");

	const rtpCapabilities = viewer.capabilities;
	const c = await viewer.ask("consume", { transportId: recv.transportId, producerId: video, rtpCapabilities });
	checkMembers("consumed", c, "id kind producerId rtpParameters type");
	check(c.producerId === video && c.kind === "video" && c.rtpParameters.encodings.length === 1, "consume");
	const d = await viewer.ask("consume", { producerId: audio, rtpCapabilities });
	check(d.rtpParameters.mid === "1", "the transport need not be named");
	for (const event of ["resumeConsumer", "requestKeyFrame", "pauseConsumer", "resumeConsumer"]) {
		const reply = await viewer.ask(event, { consumerId: c.id });
		check(reply.consumerId === c.id && members(reply) === "consumerId", event);
	}
	await extensions({ host, viewer, send, recv, video, consumer: c });

	check((await viewer.ask("closeConsumer", { consumerId: d.id })).consumerId === d.id, "closeConsumer");
	check((await host.ask("closeProducer", { producerId: video })).producerId === video, "closeProducer");
	const [consumerClosed, producerClosed] = [await viewer.heard("consumerClosed"), await viewer.heard("producerClosed")];
	check(consumerClosed.consumerId === c.id && producerClosed.producerId === video &&
		members(producerClosed) === "producerId", "the viewer hears producerClosed");
	check((await early.heard("producerClosed")).producerId === video, "and everybody else");
	check((await host.ask("closeTransport", { transportId: send.transportId })).transportId === send.transportId,
		"closeTransport");
	check((await viewer.heard("producerClosed")).producerId === audio, "with it go its producers");
	await host.transport("send");
	for (const client of [early, host, elsewhere, viewer])
		client.end();
}

/** What the workflow does not have. */
async function extensions({ host, viewer, send, recv, video, consumer }) {
	const ice = await viewer.ask("restartIce", { transportId: recv.transportId });
	check(ice.transportId === recv.transportId && ice.iceParameters.usernameFragment !==
		recv.iceParameters.usernameFragment, "restartIce");
	check((await host.ask("pauseProducer", { producerId: video })).producerId === video, "pauseProducer");
	check((await viewer.heard("producerPaused")).producerId === video, "the viewer hears producerPaused");
	await host.ask("resumeProducer", { producerId: video });
	check((await viewer.heard("producerResumed")).producerId === video, "and producerResumed");
	await sleep(1500); // figures come about once a second
	check((await viewer.ask("getStats", { consumerId: consumer.id })).stats[0].type === "outbound-rtp", "of a consumer");
	check((await host.ask("getStats", { producerId: video })).stats[0].kind === "video", "getStats of a producer,");
	check((await host.ask("getStats", { transportId: send.transportId })).stats[0].transportId === send.id,
		"of a transport");
}

/** A client that takes answers as events only, and never says what it waits for. */
async function withoutAcknowledgements() {
	const client = await SocketClient.open();
	client.room = "events";
	client.emit("getRouterRtpCapabilities");
	client.emit("createTransport", { direction: "send" });
	client.emit("createTransport", { direction: "recv" });
	client.emit("getProducers");
	client.emit("connectTransport", { transportId: "none", dtlsParameters });
	await client.heard("routerRtpCapabilities");
	for (const direction of ["send", "recv"]) {
		const [name, { transportId }] = client.events.shift() ?? ["transportCreated", await client.heard("transportCreated")];
		check(name === "transportCreated" && transportId === client.named(direction), `${direction}, in order`);
	}
	await client.heard("producers");
	check((await client.heard("error")).event === "connectTransport", "an error says what it is about");
	client.end();
}

async function outOfOrder() {
	const client = await SocketClient.open();
	client.room = "order";
	for (const [event, data] of [["createTransport", { direction: "send" }], ["getProducers", {}],
		["produce", { transportId: client.named("send") }], ["closeRoom", {}]])
		await client.fails(`${event} before anything`, event, data, "not-found", "roomId");
	await client.ask("getRouterRtpCapabilities");
	await client.fails("another room", "getRouterRtpCapabilities", { roomId: "other" }, "conflict", "roomId");
	await client.fails("an event for another room", "getProducers", { roomId: "other" }, "not-found", "roomId");
	for (const event of ["connectTransport", "produce", "restartIce", "closeTransport"])
		await client.fails(`${event} without a transport`, event, { transportId: client.named("send") }, "not-found",
			"transportId");
	const consume = { producerId: UUID, rtpCapabilities: {} };
	await client.fails("consume of nothing", "consume", consume, "not-found", "producerId");
	await client.fails("closeRoom by one who never produced", "closeRoom", {}, "forbidden");
	client.end();
}

async function wrongShape() {
	const client = await SocketClient.join("shape");
	const cases = [
		["an unknown event", ["nothing", { roomId: "shape" }], "event"],
		["__proto__", ["__proto__", { roomId: "shape" }], "event"],
		["no data", ["getProducers"], "data"],
		["data that is no object", ["getProducers", "shape"], "data"],
		["null", ["getProducers", null], "data"],
		["a list", ["getProducers", ["shape"]], "data"],
		["no roomId", ["getProducers", {}], "roomId"],
		["a roomId that is a number", ["getProducers", { roomId: 7 }], "roomId"],
		["a roomId with a line feed", ["getRouterRtpCapabilities", { roomId: "a\nb" }], "roomId"],
		["a roomId that is long", ["getRouterRtpCapabilities", { roomId: "x".repeat(256) }], "roomId"],
		["a direction that is none", ["createTransport", { roomId: "shape", direction: "both" }], "direction"],
		["a name that is no name", ["connectTransport", { roomId: "shape", transportId: { a: 1 } }], "transportId"],
	];
	for (const [words, message, member] of cases) {
		client.socket.emit(...message);
		const error = await client.heard("error");
		check(error.code === "bad-request" && error.message.includes(member) && error.event === message[0],
			`${words}: ${error.message}`);
	}
	client.socket.emit("getProducers", { roomId: "shape" }, "and more");
	check((await client.heard("producers")).producers.length === 0, "a second argument is not looked at");
	client.end();
	const binary = await SocketClient.join("shape");
	binary.socket.emit("getProducers", { roomId: "shape", more: Buffer.from("binary") });
	for (const end = Date.now() + 5000; binary.closed === null && Date.now() < end;)
		await sleep(10);
	check(binary.closed !== null, `binary closes the socket (${binary.closed})`);
}

/** Nothing of another peer's can be touched. */
async function strangersIds() {
	const host = await SocketClient.join("mine"), viewer = await SocketClient.join("mine");
	const other = await SocketClient.join("mine"), elsewhere = await SocketClient.join("theirs");
	await host.transport("send");
	const { id: producerId } = await host.ask("produce", { transportId: host.named("send"), kind: "video",
		rtpParameters: videoParameters() });
	const recv = await viewer.transport("recv");
	const { id: consumerId } = await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	const rtpParameters = audioParameters();
	const cases = [
		...[recv.id, recv.transportId].flatMap((transportId) => [
			["connectTransport", { transportId, dtlsParameters }], ["restartIce", { transportId }],
			["closeTransport", { transportId }], ["getStats", { transportId }],
			["produce", { transportId, kind: "audio", rtpParameters }],
			["consume", { transportId, producerId, rtpCapabilities: other.capabilities }],
		]),
		...["pauseProducer", "resumeProducer", "closeProducer"].map((event) => [event, { producerId }]),
		...["pauseConsumer", "resumeConsumer", "closeConsumer", "requestKeyFrame", "getStats"]
			.map((event) => [event, { consumerId }]),
	];
	for (const [event, data] of cases)
		await other.fails(`${event} with a stranger's id`, event, data, "not-found");
	await elsewhere.transport("recv");
	await elsewhere.fails("consume from another room", "consume", { producerId,
		rtpCapabilities: elsewhere.capabilities }, "not-found", "producerId");
	check((await viewer.ask("resumeConsumer", { consumerId })).consumerId === consumerId, "and nothing was changed");
	for (const client of [host, viewer, other, elsewhere])
		client.end();
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const counts = await Counts.start();
	for (const phase of [phases, withoutAcknowledgements, outOfOrder, wrongShape, strangersIds]) {
		await phase();
		await counts.back(phase.name);
	}
});
