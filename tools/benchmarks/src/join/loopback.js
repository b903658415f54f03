// SPDX-License-Identifier: Apache-2.0
// What a browser itself needs for a first picture: loopback() resolves with the milliseconds from the
// making of two RTCPeerConnections on this page to the first picture that one sent the other.
import { startPattern } from "./src/pattern.js";

const { stream } = startPattern({ width: 640, height: 360, fps: 15 });
const video = document.getElementById("video");

window.loopback = async () => {
	const begun = performance.now(), from = new RTCPeerConnection(), to = new RTCPeerConnection();
	from.onicecandidate = ({ candidate }) => to.addIceCandidate(candidate);
	to.onicecandidate = ({ candidate }) => from.addIceCandidate(candidate);
	to.ontrack = ({ track }) => { video.srcObject = new MediaStream([track]); };
	const shown = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
	from.addTrack(stream.getVideoTracks()[0], stream);
	await from.setLocalDescription();
	await to.setRemoteDescription(from.localDescription);
	await to.setLocalDescription();
	await from.setRemoteDescription(to.localDescription);
	const ms = await shown - begun;
	from.close();
	to.close();
	video.srcObject = null;
	return ms;
};
