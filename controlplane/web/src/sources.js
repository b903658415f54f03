// SPDX-License-Identifier: Apache-2.0
import { startPattern } from "./pattern.js";

const CAMERA = {
	audio: true,
	video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};
const SCREEN = { audio: true, video: { frameRate: { ideal: 30 } } };

/**
 * Opens a source: "camera", "screen" or "pattern". Resolves with { stream, label, stop }
 * or rejects with the browser's own error (NotAllowedError, NotFoundError, ...).
 */
export async function capture(kind, pattern) {
	if (kind === "pattern")
		return startPattern(pattern);
	const devices = navigator.mediaDevices;
	if (!devices)
		throw new DOMException("capture needs a secure page", "InsecureError");
	const stream = kind === "screen" ? await devices.getDisplayMedia(SCREEN) : await devices.getUserMedia(CAMERA);
	return {
		stream,
		label: kind === "screen" ? "Screen" : "Camera and microphone",
		stop: () => stream.getTracks().forEach((track) => track.stop()),
	};
}
