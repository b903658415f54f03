// SPDX-License-Identifier: Apache-2.0
// A host and a viewer that measure: window.quality publishes a picture and a tone with the encodings
// given, or watches, and notes from then on what is sent, what is received and when a frame is shown.
// A crowd is this page several times in frames of its own.
// Times are those of Date.now(), which all browsers of a test share.
import { Device } from "mediasoup-client";
import { startPattern } from "./src/pattern.js";

const ROOM = location.hash.slice(1) || "quality";
const SERVER_PORT = 3000;
const EVERY_MS = 200;
const START_KBPS = 1500;
const FIELDS = {
	"inbound-rtp": ["kind", "bytesReceived", "packetsReceived", "packetsLost", "framesReceived", "framesDecoded",
		"keyFramesDecoded", "frameWidth", "frameHeight", "freezeCount", "totalFreezesDuration", "nackCount", "pliCount",
		"retransmittedPacketsReceived", "estimatedPlayoutTimestamp", "concealedSamples"],
	"outbound-rtp": ["kind", "rid", "active", "bytesSent", "packetsSent", "framesSent", "framesEncoded",
		"keyFramesEncoded", "frameWidth", "frameHeight", "targetBitrate", "nackCount", "pliCount", "firCount",
		"retransmittedPacketsSent", "qualityLimitationReason"],
	"candidate-pair": ["nominated", "currentRoundTripTime", "availableIncomingBitrate"],
};

const video = document.getElementById("video");
const socket = new WebSocket(`ws://${location.hostname}:${SERVER_PORT}/?room=${ROOM}`);
const waiting = new Map();
const samples = []; // { at, streams: [...] }
const frames = []; // [when it was shown, width, height]
const notices = []; // { at, type, data }
let lastId = 0, device, transport, producer, consumer, withEstimate = true;

function request(type, data = {}) {
	return new Promise((resolve, reject) => {
		waiting.set(++lastId, { resolve, reject });
		socket.send(JSON.stringify({ type, id: lastId, data }));
	});
}

async function load(routerRtpCapabilities) {
	device = await Device.factory();
	await device.load({ routerRtpCapabilities });
}

const loaded = new Promise((resolve, reject) => {
	socket.onclose = () => reject(new Error("the socket was closed"));
	socket.onmessage = async ({ data: text }) => {
		const { type, id, data } = JSON.parse(text);
		const asked = waiting.get(id);
		waiting.delete(id);
		if (asked && type === "error")
			asked.reject(new Error(`${data.code}: ${data.message}`));
		else if (asked)
			asked.resolve(data);
		else if (type === "rtpCapabilities") {
			load(data).then(resolve, reject);
		} else {
			notices.push({ at: Date.now(), type, data });
			if (type === "newProducer" && transport?.direction === "recv")
				await consume(data.producerId);
		}
	};
});

async function openTransport(purpose) {
	await loaded;
	const parameters = await request("createWebRtcTransport", { purpose });
	transport = purpose === "send" ? device.createSendTransport(parameters) : device.createRecvTransport(parameters);
	const { id: transportId } = transport;
	transport.on("connect", ({ dtlsParameters }, done, failed) =>
		request("connectWebRtcTransport", { transportId, dtlsParameters }).then(done, failed));
	transport.on("produce", ({ kind, rtpParameters }, done, failed) =>
		request("produce", { transportId, kind, rtpParameters }).then(done, failed));
	for (const { producerId } of notices.splice(0).filter(({ type }) => type === "newProducer").map(({ data }) => data))
		if (purpose === "recv")
			await consume(producerId);
}

async function consume(producerId) {
	const { recvRtpCapabilities: all } = device;
	const kept = ({ type }) => withEstimate || type !== "goog-remb";
	const rtpCapabilities = { ...all, codecs: all.codecs.map((codec) =>
		({ ...codec, rtcpFeedback: codec.rtcpFeedback.filter(kept) })) };
	const one = await transport.consume(await request("consume", { producerId, rtpCapabilities, paused: true }));
	video.srcObject ??= new MediaStream();
	video.srcObject.addTrack(one.track);
	if (one.kind === "video") {
		consumer = one;
		video.requestVideoFrameCallback(shown);
	}
	await request("resumeConsumer", { consumerId: one.id });
}

function shown(_, { width, height }) {
	frames.push([Date.now(), width, height]);
	video.requestVideoFrameCallback(shown);
}

function pick(stat) {
	return Object.fromEntries(FIELDS[stat.type].filter((name) => stat[name] !== undefined).map((name) =>
		[name, stat[name]]));
}

async function sample() {
	const stats = [...(await transport.getStats()).values()].filter((stat) => FIELDS[stat.type]);
	// Chromium lists the SSRC of the bandwidth probe as a stream that has no media.
	const streams = stats.filter((stat) => stat.type !== "candidate-pair" && stat.mid !== "probator").map(pick);
	const pair = stats.find((stat) => stat.type === "candidate-pair" && stat.nominated);
	samples.push({ at: Date.now(), streams, roundTripMs: (pair?.currentRoundTripTime ?? NaN) * 1000,
		estimateBps: pair?.availableIncomingBitrate });
}

async function publish({ codec, encodings, width, height, fps }) {
	const { stream } = startPattern({ width, height, fps });
	const [picture] = stream.getVideoTracks(), [tone] = stream.getAudioTracks();
	await openTransport("send");
	await transport.produce({ track: tone });
	producer = await transport.produce({
		track: picture, encodings, codecOptions: { videoGoogleStartBitrate: START_KBPS },
		codec: device.sendRtpCapabilities.codecs.find((c) => c.mimeType.toLowerCase() === `video/${codec}`.toLowerCase()),
	});
	const parameters = producer.rtpSender.getParameters();
	parameters.degradationPreference = "maintain-resolution";
	await producer.rtpSender.setParameters(parameters);
	setInterval(sample, EVERY_MS);
}

/** `estimate`: the browser reports its estimate of the bandwidth (REMB). */
async function watch({ estimate = true, every = EVERY_MS } = {}) {
	withEstimate = estimate;
	await openTransport("recv");
	setInterval(sample, every);
}

/** Opens `count` viewers in frames beside this page, which then only holds them. */
async function crowd(count, options) {
	video.remove();
	const opened = Array.from({ length: count }, async () => {
		const frame = document.createElement("iframe");
		frame.width = 96;
		frame.height = 54;
		frame.src = location.href;
		document.body.append(frame);
		await new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
		await frame.contentWindow.quality.watch(options);
	});
	await Promise.all(opened);
}

/** The viewers of a crowd. */
const viewers = () => [...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow.quality);

window.quality = {
	publish, watch, crowd, request,
	/** How many viewers of the crowd have shown some frames. */
	get showing() { return viewers().filter(({ shown }) => shown > 5).length; },
	/** Has each viewer of the crowd prefer a layer. */
	preferEach: (layers) => Promise.all(viewers().map((viewer, i) => viewer.prefer(layers[i]))),
	/** All that each viewer of the crowd noted so far. */
	get crowdNotes() { return viewers().map(({ notes }) => notes); },
	/** Stops or starts the encodings above `layer`. */
	sendUpTo: (layer) => producer.setMaxSpatialLayer(layer),
	prefer: (spatialLayer) => request("setPreferredLayers", { consumerId: consumer.id, spatialLayer }),
	/** What the server says about the viewer's video. */
	stats: () => request("getStats", { consumerId: consumer.id }),
	get shown() { return frames.length; },
	/** Of the frame that was shown last. */
	get height() { return frames.at(-1)?.[2]; },
	/** All that was noted so far. */
	get notes() { return { samples, frames, notices }; },
};
