// SPDX-License-Identifier: Apache-2.0
// A host and a viewer as the workflow of docs/signaling.md describes them, with events alone:
// nothing is acknowledged. Everything that happens is noted, in order, with its time.
import { Device } from "mediasoup-client";
import { io } from "socket.io-client";

const roomId = "phases";
const socket = io("http://localhost:3000", { auth: { userId: location.hash.slice(1) } });
const trace = []; // [what, performance.now()]
const consumers = new Map(); // by the producers' ids

function note(what) {
	trace.push([what, performance.now()]);
}

function emit(event, data) {
	note(`> ${event}`);
	socket.emit(event, { roomId, ...data });
}

/** The next event of that name. */
function comes(event) {
	return new Promise((resolve) => socket.once(event, resolve));
}

socket.onAny((event) => note(`< ${event}`));
socket.on("producerClosed", ({ producerId }) => {
	consumers.get(producerId)?.close();
	consumers.delete(producerId);
});

socket.on("roomClosed", () => {
	transport?.close();
	consumers.clear();
});

let device, transport;

async function load() {
	const capabilities = comes("routerRtpCapabilities");
	emit("getRouterRtpCapabilities");
	device = await Device.factory();
	await device.load({ routerRtpCapabilities: (await capabilities).rtpCapabilities });
	note("device.load");
}

async function openTransport(direction) {
	const created = comes("transportCreated");
	emit("createTransport", { direction });
	const { transportId, ...parameters } = await created;
	transport = direction === "send" ? device.createSendTransport(parameters) : device.createRecvTransport(parameters);
	note(`create ${direction} transport`);
	transport.on("connect", ({ dtlsParameters }, done) => {
		comes("transportConnected").then(done);
		emit("connectTransport", { transportId, dtlsParameters });
	});
	transport.on("produce", ({ kind, rtpParameters }, done) => {
		comes("produced").then(done);
		emit("produce", { transportId, kind, rtpParameters });
	});
	return { transportId, id: socket.id };
}

const producers = {};

async function publish() {
	const stream = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true });
	note("getDisplayMedia");
	const sound = stream.getAudioTracks()[0] ??
		(await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
	for (const track of [stream.getVideoTracks()[0], sound])
		producers[track.kind] = await transport.produce({ track });
}

function closeProducer(kind) {
	producers[kind].close();
	emit("closeProducer", { producerId: producers[kind].id });
}

async function listProducers() {
	const list = comes("producers");
	emit("getProducers");
	return (await list).producers;
}

async function consume(producerId) {
	const consumed = comes("consumed");
	emit("consume", { producerId, rtpCapabilities: device.recvRtpCapabilities });
	const consumer = await transport.consume(await consumed);
	consumers.set(producerId, consumer);
	note(`consume ${consumer.kind}`);
	const video = document.getElementById("video");
	video.srcObject ??= new MediaStream();
	video.srcObject.addTrack(consumer.track);
}

async function setPaused(producerId, paused) {
	const done = comes(paused ? "consumerPaused" : "consumerResumed");
	emit(paused ? "pauseConsumer" : "resumeConsumer", { consumerId: consumers.get(producerId).id });
	await done;
}

async function decodedFrames(producerId, kind = "framesDecoded") {
	const stats = await consumers.get(producerId).getStats();
	return [...stats.values()].find((s) => s.type === "inbound-rtp")?.[kind] ?? 0;
}

/** Resumes, and resolves with the milliseconds until one more frame was decoded. */
async function resumeAndMeasure(producerId) {
	const before = await decodedFrames(producerId);
	const start = performance.now();
	const resumed = setPaused(producerId, false);
	while (await decodedFrames(producerId) === before) {
		if (performance.now() - start > 5000)
			throw new Error("no picture within 5 s");
		await new Promise((resolve) => setTimeout(resolve, 10));
	}
	const ms = performance.now() - start;
	note("first frame");
	await resumed;
	return ms;
}

window.phases = { load, openTransport, publish, closeProducer, listProducers, consume, setPaused, decodedFrames,
	resumeAndMeasure, isOpen: () => socket.connected, connected: () => transport.connectionState === "connected",
	open: () => [...consumers.keys()], take: () => trace.splice(0) };
