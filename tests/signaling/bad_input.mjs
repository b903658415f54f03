// SPDX-License-Identifier: Apache-2.0
// What is wrong gets the contract's error or close code; nothing else is disturbed.
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { audioParameters, Client, dtlsParameters, videoParameters } from "./client.mjs";
import { connect } from "node:net";

const UUID = "00000000-0000-4000-8000-000000000000";

/** What came back over a bare TCP connection. */
function raw(text) {
	return new Promise((resolve, reject) => {
		let got = "";
		const socket = connect(PORT, "127.0.0.1", () => socket.write(text));
		socket.on("data", (data) => { got += data; });
		socket.on("close", () => resolve(got));
		socket.on("error", reject);
		setTimeout(() => socket.destroy(), 500);
	});
}

async function notTheProtocol() {
	const cases = [
		["malformed JSON", "{\"type\":", 1007],
		["two values", "{} {}", 1007],
		["nothing", "", 1007],
		["not UTF-8", Buffer.from([0x22, 0xff, 0x22]), 1007],
		["a lone surrogate in UTF-8", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1007],
		["a message over the limit", `"${"x".repeat(70000)}"`, 1009],
	];
	for (const [words, message, code] of cases) {
		const client = await Client.join();
		client.socket.send(message, { binary: false });
		await client.closes(words, code);
	}
	const binary = await Client.join();
	binary.socket.send(Buffer.from("{}"), { binary: true });
	await binary.closes("binary", 1003);
	const pieces = await Client.join();
	for (let i = 0; i < 8; i++)
		pieces.socket.send("x".repeat(10000), { fin: false });
	await pieces.closes("a message over the limit in fragments", 1009);
}

async function wrongShape(client) {
	const cases = [
		["an array", "[]"], ["a number", "5"], ["null", "null"], ["no type", "{}"],
		["a type that is no string", "{\"type\":5}"], ["an unknown type", "{\"type\":\"x\"}"],
		["data that is no object", "{\"type\":\"getProducers\",\"data\":[]}"],
		["an id that is an object", "{\"type\":\"getProducers\",\"id\":{}}"],
		["an id that is long", `{"type":"getProducers","id":"${"x".repeat(200)}"}`],
		["deep nesting", `${"[".repeat(1000)}${"]".repeat(1000)}`],
		["__proto__", "{\"type\":\"__proto__\"}"],
	];
	for (const [words, text] of cases) {
		client.send(text);
		const error = await client.heard("error");
		check(error.data.code === "bad-request" && error.id === undefined, `${words}: ${error.data.message}`);
	}
	client.send({ type: "getProducers", id: "a string ", data: {} });
	check((await client.heard("getProducers")).id === "a string ", "an id that is a string comes back");
}

async function wrongMembers(client, ids) {
	const rtpCapabilities = client.capabilities;
	const cases = [
		["createWebRtcTransport", {}, "purpose"], ["createWebRtcTransport", { purpose: "both" }, "purpose"],
		["createWebRtcTransport", { purpose: 1 }, "purpose"],
		["connectWebRtcTransport", { dtlsParameters }, "transportId"],
		["connectWebRtcTransport", { transportId: 5, dtlsParameters }, "transportId"],
		["connectWebRtcTransport", { transportId: ids.send }, "dtlsParameters"],
		["connectWebRtcTransport", { transportId: ids.send, dtlsParameters: { role: "x", fingerprints: [] } },
			"dtlsParameters"],
		["connectWebRtcTransport", { transportId: ids.send,
			dtlsParameters: { fingerprints: [{ algorithm: "sha-256", value: "AB:CD" }] } }, "dtlsParameters"],
		["produce", { kind: "audio", rtpParameters: audioParameters() }, "transportId"],
		["produce", { transportId: ids.send, rtpParameters: audioParameters() }, "kind"],
		["produce", { transportId: ids.send, kind: "smell", rtpParameters: audioParameters() }, "kind"],
		["produce", { transportId: ids.send, kind: "audio" }, "rtpParameters"],
		["produce", { transportId: ids.send, kind: "audio", rtpParameters: [] }, "rtpParameters"],
		["produce", { transportId: ids.send, kind: "audio", rtpParameters: { codecs: [] } }, "codecs"],
		["produce", { transportId: ids.send, kind: "audio", rtpParameters: audioParameters(), paused: 1 }, "paused"],
		["produce", { transportId: ids.send, kind: "audio", rtpParameters: audioParameters(), appData: 1 }, "appData"],
		["produce", { transportId: ids.recv, kind: "audio", rtpParameters: audioParameters() }, "transportId"],
		["consume", { rtpCapabilities }, "producerId"], ["consume", { producerId: ids.theirs }, "rtpCapabilities"],
		["consume", { producerId: ids.theirs, rtpCapabilities: "x" }, "rtpCapabilities"],
		["consume", { producerId: ids.theirs, rtpCapabilities, transportId: 1 }, "transportId"],
		["consume", { producerId: ids.theirs, rtpCapabilities, transportId: ids.send }, "transportId"],
		["consume", { producerId: ids.theirs, rtpCapabilities, paused: "no" }, "paused"],
		["consume", { producerId: ids.own, rtpCapabilities }, "producerId"],
		["getStats", {}, "transportId"], ["getStats", { producerId: 1 }, "producerId"],
		["setPreferredLayers", { consumerId: ids.consumer }, "spatialLayer"],
		["setPreferredLayers", { consumerId: ids.consumer, spatialLayer: -1 }, "spatialLayer"],
		["setPreferredLayers", { consumerId: ids.consumer, spatialLayer: 1, temporalLayer: "x" }, "temporalLayer"],
		["setPriority", { consumerId: ids.consumer, priority: 0 }, "priority"],
		["setPriority", { consumerId: ids.consumer, priority: 256 }, "priority"],
		["setMaxBitrate", { transportId: ids.recv, bitrate: -1 }, "bitrate"],
		["observeAudio", { intervalMs: -1, maxEntries: 1 }, "intervalMs"],
		["observeAudio", { intervalMs: 12801, maxEntries: 1 }, "intervalMs"],
		["observeAudio", { intervalMs: 200, maxEntries: 0 }, "maxEntries"],
		["observeAudio", { intervalMs: 200, maxEntries: 256 }, "maxEntries"],
		["observeAudio", { intervalMs: 200 }, "maxEntries"],
		["observeAudio", { maxEntries: 1 }, "intervalMs"],
		["setMaxBitrate", { transportId: ids.recv }, "bitrate"],
		["setMaxBitrate", { transportId: ids.send, bitrate: 1 }, "transportId"],
		...["pauseConsumer", "resumeConsumer", "closeConsumer", "requestKeyFrame"].map((t) => [t, {}, "consumerId"]),
		...["pauseProducer", "resumeProducer", "closeProducer"].map((t) => [t, { producerId: null }, "producerId"]),
		...["restartIce", "closeTransport"].map((t) => [t, { transportId: "" }, "transportId"]),
	];
	for (const [type, data, member] of cases) {
		await client.fails(`${type} with a wrong ${member}`, type, data, "bad-request", member);
		await sleep(12); // below the limit of messages
	}
}

async function strangersIds(client, theirs) {
	const rtpCapabilities = client.capabilities;
	const cases = (id, consumer, producer) => [
		["connectWebRtcTransport", { transportId: id, dtlsParameters }], ["restartIce", { transportId: id }],
		["closeTransport", { transportId: id }], ["getStats", { transportId: id }],
		["produce", { transportId: id, kind: "audio", rtpParameters: audioParameters() }],
		["pauseProducer", { producerId: producer }], ["resumeProducer", { producerId: producer }],
		["closeProducer", { producerId: producer }], ["pauseConsumer", { consumerId: consumer }],
		["resumeConsumer", { consumerId: consumer }], ["closeConsumer", { consumerId: consumer }],
		["requestKeyFrame", { consumerId: consumer }], ["getStats", { consumerId: consumer }],
		["setPreferredLayers", { consumerId: consumer, spatialLayer: 0 }],
		["setPriority", { consumerId: consumer, priority: 1 }], ["setMaxBitrate", { transportId: id, bitrate: 1 }],
	];
	for (const [type, data] of cases(UUID, UUID, UUID))
		await client.fails(`${type} with an unknown id`, type, data, "not-found");
	await client.fails("consume with an unknown id", "consume", { producerId: UUID, rtpCapabilities }, "not-found",
		"producerId");
	await sleep(300);
	for (const [type, data] of cases(theirs.transport, theirs.consumer, theirs.producer))
		await client.fails(`${type} with a stranger's id`, type, data, "not-found");
	const elsewhere = await Client.join("elsewhere");
	await elsewhere.transport("recv");
	await elsewhere.fails("consume from another room", "consume", { producerId: theirs.producer, rtpCapabilities },
		"not-found", "producerId");
	await elsewhere.end();
}

async function conflicts(client, ids) {
	const again = { transportId: ids.send, dtlsParameters };
	await client.ask("connectWebRtcTransport", again);
	await client.fails("a second connect", "connectWebRtcTransport", again, "conflict");
	const rtpParameters = videoParameters();
	await client.ask("produce", { transportId: ids.send, kind: "video", rtpParameters });
	await client.fails("the same SSRC again", "produce", { transportId: ids.send, kind: "video", rtpParameters },
		"conflict");
	const rtpCapabilities = client.capabilities;
	await client.fails("the same consumer again", "consume", { producerId: ids.theirs, rtpCapabilities }, "conflict");
	await client.fails("layers of a plain consumer", "setPreferredLayers", { consumerId: ids.consumer, spatialLayer: 1 },
		"unsupported");
	await client.fails("no codec in common", "produce", { transportId: ids.send, kind: "video",
		rtpParameters: { ...videoParameters(), codecs: [{ mimeType: "video/theora", payloadType: 96,
			clockRate: 90000, parameters: {}, rtcpFeedback: [] }] } }, "unsupported");
}

async function joins() {
	for (const query of ["?room=", "?room=a%09b", `?room=${"x".repeat(256)}`, `?room=${"x".repeat(3000)}`,
		"?user=a%1Bb", "?room=%C2%85", "?room=%E2%80%A8", "?room=%FF", "?user=%C0%AF"]) {
		const client = await Client.open(query);
		check((await client.heard("error")).data.code === "bad-request", `${query.slice(0, 20)} is refused`);
		await client.closes(query.slice(0, 20), 1008);
	}
	for (const query of ["?room=%00", `?room=${"x".repeat(20000)}`])
		check((await Client.open(query).catch((error) => error)) instanceof Error,
			`${query.slice(0, 20)} does not even get so far`);
	for (const [path, status] of [["other", "404"], ["socket.io/", "400"]]) {
		const refused = await Client.open(path).catch((error) => error);
		check(refused instanceof Error && refused.message.includes(status), `no such WebSocket at /${path}: ${status}`);
	}
}

async function http() {
	for (const path of ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc/passwd", "//etc/passwd",
		"/.git/config", "/main.js/", "/main.js%00.html", "/nothing.html"]) {
		const got = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
		check(!got.includes("root:") && (/^HTTP\/1.1 (404|403|400)/.test(got) || got === ""),
			`GET ${path}: ${got.split("\r\n")[0]}`);
	}
	check(/ 40[05] /.test(await raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")),
		"POST is refused");
	const long = await raw(`GET /?${"x".repeat(20000)} HTTP/1.1\r\nHost: x\r\n\r\n`);
	check(!long.includes(" 200 "), "a URL that is too long");
	const page = await fetch(`${ORIGIN}/`);
	check(page.headers.get("content-security-policy").includes("default-src 'self'") &&
		page.headers.get("content-type").startsWith("text/html"), "the page has its headers");
	check((await fetch(`${ORIGIN}/main.js`)).headers.get("content-type").startsWith("text/javascript"), "main.js too");
}

/* Behind another request a body has made the library go round for ever, and with it the whole process. */
async function bodies() {
	const post = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
	const get = "GET /rooms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc";
	const chunked = "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
	const before = ["", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "HEAD /rooms HTTP/1.1\r\nHost: localhost\r\n\r\n"];

	check(/^HTTP\/1.1 405 /.test(await raw(post)), "POST is refused");
	check(/^HTTP\/1.1 400 /.test(await raw(get)), "a GET with a body is refused");
	check(/^HTTP\/1.1 400 /.test(await raw(chunked)), "and one with chunks");
	for (const first of before)
		for (const second of [post, get, chunked])
			await raw(first + second + second).catch(() => {}); // the rest may be reset
	check((await fetch(`${ORIGIN}/healthz`, { signal: AbortSignal.timeout(2000) })).ok,
		"bodies behind other requests do no harm");
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer(() => servers.end());
	await servers.start();

	/* Somebody who does everything right all the while. */
	const host = await Client.join();
	const send = await host.transport("send");
	const theirs = (await host.ask("produce", { transportId: send.id, kind: "video",
		rtpParameters: videoParameters() })).id;
	const client = await Client.join();
	const ids = { send: (await client.transport("send")).id, recv: (await client.transport("recv")).id, theirs };
	ids.own = (await client.ask("produce", { transportId: ids.send, kind: "audio",
		rtpParameters: audioParameters() })).id;
	ids.consumer = (await client.ask("consume", { producerId: theirs, rtpCapabilities: client.capabilities })).id;

	await notTheProtocol();
	await wrongShape(client);
	await wrongMembers(client, ids);
	await sleep(1000);
	await strangersIds(host, { transport: ids.send, producer: ids.own, consumer: ids.consumer });
	await conflicts(client, ids);
	await joins();
	await http();
	await bodies();

	check(host.closed === null && client.closed === null, "who behaved was not disturbed");
	check((await client.ask("resumeConsumer", { consumerId: ids.consumer })).consumerId === ids.consumer,
		"and goes on");
	check(await metric("peers") === 2 && await metric("consumers") === 1, "nothing was left behind");
});
