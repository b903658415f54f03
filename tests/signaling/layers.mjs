// SPDX-License-Identifier: Apache-2.0
// Producers of several encodings and of layers, and what viewers may wish of them, against the real processes.
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, layeredParameters, rids, ssrcs } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";

const VP9 = { mimeType: "video/VP9", parameters: { "profile-id": 0 } };
const AV1 = { mimeType: "video/AV1", parameters: {} };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function mode(scalabilityMode) {
	return [{ ...ssrcs(1)[0], scalabilityMode }];
}

/** The data plane has that many encodings, as soon as its statistics say so. */
async function encodingsThere(count) {
	await until(`the data plane has ${count} encodings`, 5, async () => await metric("dataplane_producers") === count);
}

async function wrongEncodings(host, transportId) {
	const [first, second] = ssrcs(2);
	const cases = [
		["nine encodings", ssrcs(9), "bad-request", "encodings has more than 4"],
		["the same RID twice", [{ rid: "r0" }, { rid: "r0" }], "bad-request", "encodings[1].rid"],
		["the same SSRC twice", [first, { ssrc: first.rtx.ssrc }], "bad-request", "encodings[1].ssrc"],
		["the same SSRC of RTX twice", [first, { ...second, rtx: first.rtx }], "bad-request", "encodings[1].rtx.ssrc"],
		["neither RID nor SSRC", [first, {}], "bad-request", "encodings[1].ssrc"],
		["a long RID", [{ rid: "r".repeat(17) }, { rid: "r1" }], "bad-request", "encodings[0].rid"],
		["no object", [first, 7], "bad-request", "encodings[1]"],
		["a negative maxBitrate", [first, { ...second, maxBitrate: -1 }], "bad-request", "encodings[1].maxBitrate"],
		["active that is no bool", [first, { ...second, active: 1 }], "bad-request", "encodings[1].active"],
		["no scalabilityMode", mode("best"), "bad-request", "encodings[0].scalabilityMode"],
		["an S mode", mode("S3T3"), "unsupported", "encodings[0].scalabilityMode"],
		["spatial layers of VP8", mode("L2T1"), "unsupported", "encodings[0].scalabilityMode"],
		["layers within encodings", [{ ...first, scalabilityMode: "L2T1" }, second], "unsupported",
			"encodings[0].scalabilityMode"],
		["VP9 with several encodings", [first, second], "unsupported", "VP9", VP9],
		["spatial layers of AV1 without the descriptor", mode("L3T3_KEY"), "unsupported", "dependency-descriptor", AV1],
		["five temporal layers", mode("L1T5"), "unsupported", "encodings[0].scalabilityMode", AV1],
	];
	for (const [words, encodings, code, part, codec] of cases)
		await host.fails(words, "produce", { transportId, kind: "video",
			rtpParameters: layeredParameters(encodings, codec) }, code, part);
	await host.fails("audio with several encodings", "produce", { transportId, kind: "audio",
		rtpParameters: { ...audioParameters(), encodings: [first, second] } }, "unsupported", "audio");
	check(await metric("producers") === 0 && await metric("dataplane_producers") === 0, "none of them left anything");
}

async function produce(host, transportId, encodings, codec) {
	return (await host.ask("produce", { transportId, kind: "video",
		rtpParameters: layeredParameters(encodings, codec) })).id;
}

async function wishes(viewer, recv, consumerId) {
	const layers = async (given) =>
		(await viewer.ask("setPreferredLayers", { consumerId, ...given })).preferredLayers;
	check(same(await layers({ spatialLayer: 1, temporalLayer: 0 }), { spatialLayer: 1, temporalLayer: 0 }), "a bound");
	check(same(await layers({ spatialLayer: 9 }), { spatialLayer: 2, temporalLayer: 2 }), "a bound beyond the layers");
	check(await layers({ spatialLayer: null }) === null, "no bound");
	check((await viewer.ask("setPriority", { consumerId, priority: 9 })).priority === 9, "setPriority");
	for (const bitrate of [500000, 0])
		check((await viewer.ask("setMaxBitrate", { transportId: recv.id, bitrate })).bitrate === bitrate,
			`setMaxBitrate ${bitrate}`);
	for (const type of ["pauseConsumer", "resumeConsumer", "requestKeyFrame"])
		await viewer.ask(type, { consumerId });
}

/** Publishes by RID and by SSRC; each is one producer of three encodings. */
async function simulcast(host, viewer, transportId, recv) {
	const { capabilities: rtpCapabilities } = viewer;
	for (const [words, encodings] of [["by RID", rids(3)], ["by SSRC", ssrcs(3)]]) {
		const producerId = await produce(host, transportId, encodings);
		await encodingsThere(3);
		const c = await viewer.ask("consume", { producerId, rtpCapabilities });
		const expected = words === "by RID" ? "L3T3" : "L3T1";
		check(c.type === "simulcast" && c.rtpParameters.encodings.length === 1 &&
			c.rtpParameters.encodings[0].scalabilityMode === expected, `${words}: a consumer of ${expected}`);
		const { data } = await viewer.heard("layers");
		check(data.producerId === producerId && same(data.layers.map((l) => l.spatialLayer), [0, 1, 2]) &&
			data.layers.every((l) => !l.active && l.width === undefined), `${words}: the layers are told`);
		const { stats } = await host.ask("getStats", { producerId });
		check(stats.length === 3 && same(stats.map((s) => s.rid), encodings.map((e) => e.rid)),
			`${words}: statistics of each encoding`);
		for (const type of ["pauseProducer", "resumeProducer"])
			await host.ask(type, { producerId });
		if (words === "by RID")
			await wishes(viewer, recv, c.id);
		await host.ask("closeProducer", { producerId });
		await encodingsThere(0);
	}
}

async function svc(host, viewer, transportId) {
	for (const [codec, scalabilityMode, type] of [[VP9, "L3T3_KEY", "svc"], [AV1, "L1T3", "svc"],
		[undefined, "L1T2", "simulcast"]]) {
		const producerId = await produce(host, transportId, mode(scalabilityMode), codec);
		const c = await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
		check(c.type === type && c.rtpParameters.encodings[0].scalabilityMode === scalabilityMode,
			`${scalabilityMode} is ${c.type}`);
		const spatial = Number(scalabilityMode[1]);
		check((await viewer.heard("layers")).data.layers.length === spatial, `it has ${spatial} spatial layers`);
		await viewer.ask("setPreferredLayers", { consumerId: c.id, spatialLayer: 0, temporalLayer: 0 });
		await host.ask("closeProducer", { producerId });
	}
}

/** 64 SSRCs on one transport, and no more producers than there is room for. */
async function many(host, transportId) {
	const ids = [];
	for (let i = 0; i < 8; i++)
		ids.push(await produce(host, transportId, ssrcs(4)));
	await encodingsThere(32);
	for (const producerId of ids)
		await host.ask("closeProducer", { producerId });
	await encodingsThere(0);
}

async function overSocketIo(host, transportId) {
	const producerId = await produce(host, transportId, rids(2));
	const viewer = await SocketClient.join("show");
	const recv = await viewer.ask("createTransport", { direction: "recv" });
	const c = await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	check(c.type === "simulcast", "Socket.IO: the type");
	const { preferredLayers } = await viewer.ask("setPreferredLayers", { consumerId: c.id, spatialLayer: 0 });
	check(same(preferredLayers, { spatialLayer: 0, temporalLayer: 2 }), "Socket.IO: setPreferredLayers");
	check((await viewer.ask("setPriority", { consumerId: c.id, priority: 2 })).priority === 2, "Socket.IO: setPriority");
	const { transportId: named, bitrate } = await viewer.ask("setMaxBitrate",
		{ transportId: recv.transportId, bitrate: 1000000 });
	check(named === recv.transportId && bitrate === 1000000, "Socket.IO: setMaxBitrate");
	viewer.socket.disconnect();
	await host.ask("closeProducer", { producerId });
	await encodingsThere(0);
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { sweep_s: 60 }, limits: { producers: 34, producers_per_peer: 20, messages_per_second: 1000,
		share_percent: 100, reserve_percent: 0, produces_per_minute: 1000 } });
	defer(() => servers.end());
	await servers.start();
	const host = await Client.join("show"), viewer = await Client.join("show");
	const { id: transportId } = await host.transport("send"), recv = await viewer.transport("recv");

	await wrongEncodings(host, transportId);
	await simulcast(host, viewer, transportId, recv);
	await svc(host, viewer, transportId);
	await encodingsThere(0);
	await many(host, transportId);
	await overSocketIo(host, transportId);

	/* Of 34 places a control plane that has ended leaves two, which its successor cannot know. */
	for (let i = 0; i < 8; i++)
		await produce(host, transportId, ssrcs(4));
	await servers.controlplane.end();
	await servers.startControlplane();
	await until("the data plane is connected again", 5, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	const next = await Client.join("show"), send = await next.transport("send");
	await next.fails("four encodings where two fit", "produce", { transportId: send.id, kind: "video",
		rtpParameters: layeredParameters(ssrcs(4)) }, "unavailable");
	await encodingsThere(32);
	check(await metric("producers") === 0, "a producer is there with all its encodings, or not at all");
	await produce(next, send.id, ssrcs(2));
	await encodingsThere(34);
});
