// SPDX-License-Identifier: Apache-2.0
// A host of the JSON dialect that takes one step at a time: it creates and closes its producers when
// the test says so, in the order that the test wants.
import { Device } from "mediasoup-client";

const answers = [];
const producers = {};
let transport;

/** A canvas that changes in each frame. */
function picture() {
	const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 270 });
	const context = canvas.getContext("2d");
	let n = 0;
	setInterval(() => {
		context.fillStyle = `hsl(${n * 7}, 70%, 50%)`;
		context.fillRect((n++ * 16) % 480, 0, 120, 270);
	}, 1000 / 15);
	return canvas.captureStream(15).getVideoTracks()[0];
}

async function sound() {
	return (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks()[0];
}

/** Joins the room, with a transport to send. */
async function join(room) {
	const socket = new WebSocket(`ws://localhost:3000/?room=${room}`);
	let begin;
	const capabilities = new Promise((resolve) => { begin = resolve; });
	socket.addEventListener("message", ({ data }) => {
		const message = JSON.parse(data);
		if (message.type === "rtpCapabilities")
			begin(message.data);
		else if ("id" in message)
			answers[message.id](message);
	});
	const request = async (type, data) => {
		const answer = new Promise((resolve) => answers.push(resolve));
		socket.send(JSON.stringify({ type, id: answers.length - 1, data }));
		const { type: got, data: result } = await answer;
		if (got === "error")
			throw new Error(`${type}: ${result.message}`);
		return result;
	};
	const device = await Device.factory();
	await device.load({ routerRtpCapabilities: await capabilities });
	const parameters = await request("createWebRtcTransport", { purpose: "send" });
	const transportId = parameters.id;
	transport = device.createSendTransport(parameters);
	transport.on("connect", ({ dtlsParameters }, done, fail) =>
		request("connectWebRtcTransport", { transportId, dtlsParameters }).then(done, fail));
	transport.on("produce", ({ kind, rtpParameters }, done, fail) =>
		request("produce", { transportId, kind, rtpParameters }).then(done, fail));
	globalThis.steps.request = request;
}

async function produce(kind) {
	producers[kind] = await transport.produce({ track: kind === "video" ? picture() : await sound() });
}

/** Closes a producer; others are told of it. */
async function close(kind) {
	producers[kind].close();
	await globalThis.steps.request("closeProducer", { producerId: producers[kind].id });
}

globalThis.steps = { join, produce, close };
