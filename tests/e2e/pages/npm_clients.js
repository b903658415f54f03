// SPDX-License-Identifier: Apache-2.0
// npm's WHIP and WHEP clients, as their documentation has them: whip-whep and Eyevinn's.
import { WHIPClient as EyevinnWhip } from "@eyevinn/whip-web-client";
import { WebRTCPlayer as EyevinnPlayer } from "@eyevinn/webrtc-player";
import { WHEPClient } from "whip-whep/whep.js";
import { WHIPClient } from "whip-whep/whip.js";

const server = "http://localhost:3000";

/** Every RTCPeerConnection of the page, whoever makes it: the clients do not all give theirs away. */
const connections = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
	constructor(...args) {
		super(...args);
		connections.push(this);
	}
};

function media() {
	return navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360, frameRate: 15 } });
}

/** Each returns a function that ends the session. */
const clients = {
	async "whip-whep publish"(room) {
		const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
		const stream = await media();
		for (const track of stream.getTracks())
			pc.addTransceiver(track, { direction: "sendonly", streams: [stream] });
		const whip = new WHIPClient();
		await whip.publish(pc, `${server}/whip/${room}`);
		return () => whip.stop();
	},
	async "whip-whep watch"(room) {
		const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
		for (const kind of ["audio", "video"])
			pc.addTransceiver(kind, { direction: "recvonly" });
		const whep = new WHEPClient();
		await whep.view(pc, `${server}/whep/${room}`);
		return () => whep.stop();
	},
	async "eyevinn publish"(room) {
		const client = new EyevinnWhip({ endpoint: `${server}/whip/${room}`, opts: {} });
		await client.setIceServersFromEndpoint();
		await client.ingest(await media());
		return () => client.destroy();
	},
	async "eyevinn watch"(room) {
		const player = new EyevinnPlayer({ video: document.getElementById("video"), type: "whep" });
		await player.load(new URL(`${server}/whep/${room}`));
		return () => player.destroy();
	},
};
const ends = [];

async function start(name, room) {
	ends.push(await clients[name](room));
	return connections.length;
}

/** What has been decoded of each kind. */
async function received() {
	const counts = { audio: 0, video: 0 };
	for (const pc of connections)
		for (const s of (await pc.getStats()).values())
			if (s.type === "inbound-rtp")
				counts[s.kind] += s.kind === "video" ? s.framesDecoded : s.packetsReceived;
	return counts;
}

async function end() {
	await Promise.all(ends.splice(0).map((each) => each()));
}

globalThis.clients = { start, received, end, states: () => connections.map((pc) => pc.connectionState) };
