// SPDX-License-Identifier: Apache-2.0
// Opens what a host sends: camera and microphone, a screen, or the test pattern.
import { startPattern } from "./pattern.js";
import { lackOf } from "./words.js";

const CAMERA = {
	audio: true,
	video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
};
const SCREEN = { audio: true, video: { frameRate: { ideal: 30 } } };
const LABELS = { audio: "Microphone", video: "Camera" };
const PERMISSIONS = { audio: "microphone", video: "camera" };

export function canShareScreen() {
	return typeof navigator.mediaDevices?.getDisplayMedia === "function";
}

/** "granted", "prompt" or "denied"; "unknown" if the browser does not tell. */
async function permission(kind) {
	try {
		return (await navigator.permissions.query({ name: PERMISSIONS[kind] })).state;
	} catch {
		return "unknown";
	}
}

/**
 * The kinds to open one by one after both together failed with `error`: none if a person closed the
 * browser's question without an answer, because another question would follow.
 */
async function worthTrying({ name }) {
	const kinds = ["video", "audio"];
	if (name !== "NotAllowedError")
		return kinds;
	const states = await Promise.all(kinds.map(permission));
	if (states.includes("prompt") && !states.includes("denied"))
		return [];
	return kinds.filter((_, i) => states[i] !== "denied");
}

/**
 * Opens camera and microphone, or the one of them that there is and that is allowed. Stops asking
 * when `signal` is aborted.
 */
async function openCamera(devices, signal) {
	let failure;
	try {
		return { stream: await devices.getUserMedia(CAMERA), lack: {}, label: "Camera and microphone" };
	} catch (error) {
		failure = error;
	}
	const stream = new MediaStream();
	const lack = { audio: lackOf("audio", failure), video: lackOf("video", failure) };
	for (const kind of await worthTrying(failure)) {
		if (signal.aborted)
			break;
		try {
			const part = await devices.getUserMedia({ [kind]: CAMERA[kind] });
			part.getTracks().forEach((track) => stream.addTrack(track));
			delete lack[kind];
		} catch (error) {
			lack[kind] = lackOf(kind, error);
		}
	}
	const tracks = stream.getTracks();
	if (tracks.length === 0)
		throw failure;
	return { stream, lack, label: tracks.map((track) => LABELS[track.kind]).join(" and ") };
}

async function openScreen(devices) {
	if (!canShareScreen())
		throw new DOMException("no getDisplayMedia", "NoScreenError");
	return { stream: await devices.getDisplayMedia(SCREEN), lack: {}, label: "Screen" };
}

/**
 * Opens a source: "camera", "screen" or "pattern". Resolves with { stream, label, lack, stop },
 * where `lack` says for a kind ("audio", "video") that should be there why it is not; rejects with
 * the browser's own error (NotAllowedError, NotFoundError, ...). `signal` only saves further
 * questions to a person who has stopped meanwhile: the caller stops a source that comes too late.
 */
export async function capture(kind, pattern, signal) {
	if (kind === "pattern")
		return { ...startPattern(pattern), lack: {} };
	const devices = navigator.mediaDevices;
	if (!devices)
		throw new DOMException("capture needs a secure page", "InsecureError");
	const source = await (kind === "screen" ? openScreen(devices) : openCamera(devices, signal));
	return { ...source, stop: () => source.stream.getTracks().forEach((track) => track.stop()) };
}
