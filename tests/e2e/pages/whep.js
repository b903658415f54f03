// SPDX-License-Identifier: Apache-2.0
// A WHEP player as a page has it, without a library: an RTCPeerConnection and fetch().
const server = "http://localhost:3000";
const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
const video = document.getElementById("video");
const NTP_MS = Date.UTC(1970) - Date.UTC(1900); // NTP counts from 1900
let session, connectedAt, pictureAt;
pc.addEventListener("iceconnectionstatechange", () => {
	if (pc.iceConnectionState === "connected")
		connectedAt ??= performance.now();
});
video.requestVideoFrameCallback((now) => { pictureAt = now; });

/** Returns the status of the POST. */
async function play(room) {
	for (const kind of pc.getTransceivers().length === 0 ? ["audio", "video"] : [])
		pc.addTransceiver(kind, { direction: "recvonly" });
	await pc.setLocalDescription();
	const response = await fetch(`${server}/whep/${room}`, { method: "POST",
		headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
	if (response.status === 201) {
		session = response.headers.get("Location");
		await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
		video.srcObject = new MediaStream(pc.getReceivers().map((r) => r.track));
	}
	return response.status;
}

/** What has been decoded: { frames, width, audioPackets }. */
async function received() {
	const stats = [...(await pc.getStats()).values()].filter((s) => s.type === "inbound-rtp");
	const [picture, sound] = ["video", "audio"].map((kind) => stats.find((s) => s.kind === kind));
	return { frames: picture?.framesDecoded ?? 0, width: picture?.frameWidth ?? 0,
		audioPackets: sound?.packetsReceived ?? 0 };
}

/** Milliseconds from ICE being connected to the first picture on the screen; undefined: there is none yet. */
function firstPicture() {
	return pictureAt && Math.round(pictureAt - connectedAt);
}

/** How many milliseconds the picture is behind the producer's clock, which is this machine's. */
async function behind() {
	const stats = [...(await pc.getStats()).values()].find((s) => s.type === "inbound-rtp" && s.kind === "video");
	return Math.round(Date.now() - (stats.estimatedPlayoutTimestamp - NTP_MS));
}

/** Returns the status of the DELETE. */
async function end() {
	return (await fetch(session, { method: "DELETE" })).status;
}

globalThis.whep = { play, received, firstPicture, behind, end, transportState: () => pc.getReceivers()[0].transport?.state };
