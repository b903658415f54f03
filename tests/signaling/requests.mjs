// SPDX-License-Identifier: Apache-2.0
// Every request of the JSON dialect against the real processes, and who is told what.
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, dtlsParameters, videoParameters } from "./client.mjs";

function checkTransport(t, purpose) {
	check(t.purpose === purpose && typeof t.id === "string", `a ${purpose} transport has an id and its purpose`);
	check(t.iceParameters.iceLite === true && t.iceParameters.usernameFragment && t.iceParameters.password,
		"iceParameters");
	const c = t.iceCandidates[0];
	check(c.protocol === "udp" && c.type === "host" && c.port >= 20000 && c.ip === "10.99.0.2" && c.address === c.ip &&
		c.foundation === "udpcandidate" && c.priority === 1076302079, "the first candidate");
	check(t.dtlsParameters.fingerprints.length === 1 &&
		/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(t.dtlsParameters.fingerprints[0].value), "one fingerprint");
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { sweep_s: 2 } });
	defer(() => servers.end());
	await servers.start();

	const host = await Client.join("show");
	const early = await Client.join("show");
	const elsewhere = await Client.join("other");
	check(host.capabilities.codecs.length > 0 && host.capabilities.headerExtensions.length > 0, "rtpCapabilities");

	const send = await host.transport("send");
	checkTransport(send, "send");
	check((await host.ask("connectWebRtcTransport", { transportId: send.id, dtlsParameters })).transportId === send.id,
		"connectWebRtcTransport");
	const audio = (await host.ask("produce", { transportId: send.id, kind: "audio", appData: {},
		rtpParameters: audioParameters() })).id;
	const video = (await host.ask("produce", { transportId: send.id, kind: "video",
		rtpParameters: videoParameters() })).id;
	const told = (await early.heard("newProducer")).data;
	check(told.producerId === audio && told.kind === "audio" && told.socketId.length > 0, "newProducer of the audio");
	check((await early.heard("newProducer")).data.producerId === video, "newProducer of the video");

	const viewer = await Client.join("show");
	const recv = await viewer.transport("recv");
	checkTransport(recv, "recv");
	check((await viewer.heard("newProducer")).data.producerId === audio, "an existing producer is told of");
	check((await viewer.heard("newProducer")).data.producerId === video, "and the other");
	const list = (await viewer.ask("getProducers", {})).producers;
	check(list.length === 2 && list[1].id === video && list[1].kind === "video" && list[1].socketId === told.socketId,
		"getProducers");
	check((await host.ask("getProducers")).producers.length === 0, "one's own producers are not listed");
	check((await elsewhere.ask("getProducers", {})).producers.length === 0, "nor those of another room");

	const rtpCapabilities = viewer.capabilities;
	for (const [capabilities, code, part] of [
		[{}, "bad-request", "rtpCapabilities.codecs is missing"],
		[{ codecs: "x" }, "bad-request", "rtpCapabilities.codecs must be an array"],
		[{ codecs: [{ mimeType: "video/VP8" }] }, "bad-request", "rtpCapabilities.codecs[0].clockRate is missing"],
		[{ codecs: [{ mimeType: "video/x", clockRate: 90000 }] }, "unsupported", "rtpCapabilities.codecs has no video/VP8"],
	])
		await viewer.fails("a viewer with such capabilities", "consume",
			{ producerId: video, rtpCapabilities: capabilities }, code, part);
	const odd = { mimeType: "video/x", clockRate: 90000, parameters: { note: "a;b" } };
	const c = await viewer.ask("consume", { producerId: video,
		rtpCapabilities: { ...rtpCapabilities, codecs: [odd, ...rtpCapabilities.codecs] } });
	check(c.producerId === video && c.kind === "video" && c.type === "simple" && c.producerPaused === false, "consume");
	check(c.rtpParameters.encodings.length === 1 && c.rtpParameters.encodings[0].ssrc > 0 &&
		c.rtpParameters.encodings[0].rtx.ssrc > 0 && c.rtpParameters.mid === "0" &&
		c.rtpParameters.codecs[0].payloadType === 101, "rtpParameters of the consumer");
	const d = await viewer.ask("consume", { producerId: audio, rtpCapabilities, transportId: recv.id, paused: true });
	check(d.rtpParameters.mid === "1" && d.rtpParameters.rtcp.cname === c.rtpParameters.rtcp.cname,
		"the next MID, the same CNAME");
	for (const type of ["resumeConsumer", "pauseConsumer", "resumeConsumer", "requestKeyFrame"])
		check((await viewer.ask(type, { consumerId: c.id })).consumerId === c.id, type);

	await sleep(1500); // figures come about once a second
	const stats = (await viewer.ask("getStats", { consumerId: c.id })).stats;
	check(stats[0].type === "outbound-rtp" && stats[0].ssrc === c.rtpParameters.encodings[0].ssrc &&
		stats[1].type === "inbound-rtp" && stats[0].mimeType === "video/VP8", "getStats of a consumer");
	check((await host.ask("getStats", { producerId: video })).stats[0].kind === "video", "getStats of a producer");
	const t = (await host.ask("getStats", { transportId: send.id })).stats[0];
	check(t.type === "webrtc-transport" && t.iceState === "new" && t.dtlsState === "connecting" &&
		t.bytesReceived === 0, "getStats of a transport");

	const ice = (await viewer.ask("restartIce", { transportId: recv.id })).iceParameters;
	check(ice.usernameFragment !== recv.iceParameters.usernameFragment && ice.iceLite === true, "restartIce");

	check((await host.ask("pauseProducer", { producerId: video })).producerId === video, "pauseProducer");
	check((await viewer.heard("producerPaused")).data.producerId === video, "the viewer hears producerPaused");
	await host.ask("resumeProducer", { producerId: video });
	check((await viewer.heard("producerResumed")).data.producerId === video, "and producerResumed");

	check(await metric("consumers") === 2 && await metric("producers") === 2 && await metric("peers") === 4,
		"the metrics count them");
	check((await viewer.ask("closeConsumer", { consumerId: d.id })).consumerId === d.id, "closeConsumer");
	check((await host.ask("closeProducer", { producerId: video })).producerId === video, "closeProducer");
	check((await viewer.heard("consumerClosed")).data.consumerId === c.id, "the viewer hears consumerClosed");
	check((await viewer.heard("producerClosed")).data.producerId === video, "and producerClosed");
	check((await viewer.ask("closeTransport", { transportId: recv.id })).transportId === recv.id, "closeTransport");

	const order = [];
	for (const type of ["getProducers", "createWebRtcTransport", "getProducers", "closeTransport", "getProducers"])
		order.push(viewer.request(type, { purpose: "recv", transportId: "x" }).then((m) => m.id));
	const ids = [];
	await Promise.all(order.map((p) => p.then((id) => ids.push(id))));
	check(ids.every((id, i) => i === 0 || id > ids[i - 1]), "answers come in the order of the requests");

	const producer = (await host.ask("produce", { transportId: send.id, kind: "video",
		rtpParameters: videoParameters() })).id;
	await host.end();
	await viewer.heard("newProducer");
	await viewer.heard("producerClosed");
	const gone = (await viewer.heard("producerClosed")).data.producerId;
	check([audio, producer].includes(gone), "a host that leaves takes its producers along");
	const { output } = servers.controlplane;
	check(output.includes(`room=show peer=${told.socketId} transport=${send.id} producer=${video} kind=video`) &&
		output.includes(`transport=${recv.id} consumer=${c.id}`), "the log names what came and went");
	await early.end();
	await viewer.end();
	await elsewhere.end();
	await sleep(100);
	check(await metric("rooms") === 0 && await metric("peers") === 0 && await metric("transports") === 0 &&
		await metric("producers") === 0 && await metric("consumers") === 0, "nothing is left");

	const last = await Promise.all(Array.from({ length: 20 }, (_, i) => Client.join(`room${i % 3}`)));
	await last[0].transport("recv");
	await sleep(200);
	check(await metric("dataplane_transports") === 1, "the data plane has one transport");
	const before = Date.now();
	await servers.controlplane.end();
	check(Date.now() - before < 1000, `SIGTERM ends it within a second (${Date.now() - before} ms)`);
	await sleep(100);
	check(last.every((client) => client.closed?.code === 1001), "and says so to everybody: 1001");
	await servers.startControlplane();
	await until("the data plane is connected again", 5, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	check(await metric("dataplane_transports") === 1, "it kept the transport meanwhile");
	await until("what nobody claims is swept", 10, async () => await metric("dataplane_transports") === 0);
});
