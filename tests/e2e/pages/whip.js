// SPDX-License-Identifier: Apache-2.0
// A WHIP publisher as a page has it, without a library: an RTCPeerConnection and fetch().
const server = "http://localhost:3000";
const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
let session;

/** A canvas that changes in each frame, since a camera's test picture does not tell how old it is. */
function picture() {
	const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
	const context = canvas.getContext("2d");
	let n = 0;
	setInterval(() => {
		context.fillStyle = `hsl(${n * 7}, 70%, 50%)`;
		context.fillRect((n * 16) % 640, 0, 160, 360);
		n++;
	}, 1000 / 15);
	return canvas.captureStream(15).getVideoTracks()[0];
}

async function publish(room) {
	const [audio] = (await navigator.mediaDevices.getUserMedia({ audio: true })).getAudioTracks();
	const stream = new MediaStream([audio, picture()]);
	for (const track of stream.getTracks())
		pc.addTransceiver(track, { direction: "sendonly", streams: [stream] });
	await pc.setLocalDescription();
	const response = await fetch(`${server}/whip/${room}`, { method: "POST",
		headers: { "Content-Type": "application/sdp" }, body: pc.localDescription.sdp });
	if (response.status !== 201)
		throw new Error(`${response.status} ${await response.text()}`);
	session = response.headers.get("Location");
	await pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
	return session;
}

/** Returns the status of the DELETE. */
async function end() {
	return (await fetch(session, { method: "DELETE" })).status;
}

globalThis.whip = { publish, end, transportState: () => pc.getSenders()[0].transport?.state };
