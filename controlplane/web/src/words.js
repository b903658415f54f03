// SPDX-License-Identifier: Apache-2.0
// Texts for people: what went wrong, and what to do next.

const CAPTURE = {
	NotAllowedError: "The browser was refused access to the camera, microphone or screen. Allow it in the " +
		"address bar, then try again.",
	NotFoundError: "No camera or microphone was found. Connect one, or choose the test pattern.",
	NotReadableError: "The camera or microphone is in use by another program. Close it there, then try again.",
	OverconstrainedError: "The camera cannot deliver the requested picture size and rate.",
	AbortError: "The browser stopped the capture. Try again.",
	NoScreenError: "This browser cannot share a screen. Choose the camera or the test pattern.",
	SecurityError: "The browser does not allow capture on this page.",
	InsecureError: "Browsers give a page the camera and the screen only over https, or on the machine itself " +
		"(localhost). The test pattern works everywhere.",
};

const DEVICES = { audio: "microphone", video: "camera" };

/** Why one of camera and microphone is not there, by the browser's error; "The microphone ...". */
const LACK = {
	NotAllowedError: "is not allowed: the browser or the system refuses it",
	NotFoundError: "was not found",
	NotReadableError: "is in use by another program",
};

const SENDING = {
	both: "Picture and sound are going out.",
	video: "The picture is going out, without sound.",
	audio: "The sound is going out, without a picture.",
};

const COMING = {
	both: "Picture and sound are coming in.",
	video: "The picture is coming in, without sound.",
	audio: "The sound is coming in, without a picture.",
};

const MUTED = {
	audio: "The device or the system has muted the sound for now.",
	video: "The device or the system has stopped the picture for now.",
};

/** The server's reason for ending a connection whose user has joined on another one. */
const SAME_USER = "the same user joined again";

export const OPEN_ELSEWHERE = "This room is open in another tab or on another device, under the same name. " +
	"This page has stopped.";

/** True if a text of the server says that this page's user has joined elsewhere. */
export const saysSameUser = (words) => words?.includes(SAME_USER) ?? false;

/** What people read after a server that was being stopped has closed the connection. */
export const DRAINED = "The server was stopped for maintenance.";

/** What they read before; `ms` is the time that is left at most. */
export function drainingWords(ms) {
	const minutes = Math.max(1, Math.ceil((Number(ms) || 0) / 60000));
	return `This server is stopped for maintenance within ${minutes === 1 ? "a minute" : `${minutes} minutes`}. ` +
		"The page then connects again by itself.";
}

const SERVER = {
	unavailable: "The media server is away or full.",
	unsupported: "Host and viewer have no codec in common.",
	"too-many": "The server's limit is reached.",
	forbidden: "The server refused this.",
	timeout: "The server does not answer.",
	gone: "The connection to the server was lost.",
};

/** The subject of a refusal, by the word that its message begins with. */
const FORBIDDEN = {
	token: "This room needs a valid invitation. Open the link you were given again, or ask for a new one.",
	publish: "Your invitation allows you to watch, not to host.",
	subscribe: "Your invitation allows you to host, not to watch.",
};

function serverWords({ code, message }) {
	const about = code === "forbidden" ? FORBIDDEN[message.split(":")[0]] : undefined;
	return about ?? SERVER[code] ?? "The server could not do this.";
}

export function lackOf(kind, error) {
	return `The ${DEVICES[kind]} ${LACK[error.name] ?? `cannot be used (${error.message})`}.`;
}

export function lackOfEnded(kind, label) {
	return label === "Screen" ? "" : `The ${DEVICES[kind]} was unplugged or stopped.`;
}

const both = (kinds) => kinds.has("audio") && kinds.has("video") ? "both" : [...kinds][0];

/** What a host reads while it sends `tracks`; `lack` says for each kind why it is missing. */
export function sendingWords(tracks, lack) {
	const kinds = new Set(tracks.map((track) => track.kind));
	const missing = ["video", "audio"].filter((kind) => !kinds.has(kind)).map((kind) => lack[kind]);
	const muted = tracks.filter((track) => track.muted).map((track) => MUTED[track.kind]);
	return [SENDING[both(kinds)], ...missing, ...muted].filter(Boolean).join(" ");
}

/** What a viewer reads while it receives `kinds`; `leftOut` producers are too many for one page. */
export function comingWords(kinds, hostPaused, leftOut) {
	const words = hostPaused ? "The host has paused the picture." : COMING[both(kinds)] ?? COMING.both;
	return leftOut === 0 ? words : `${words} The room has more than one page can show: ${leftOut} left out.`;
}

/** The text for people about any error that the page can meet. */
export function explain(error) {
	if (error?.name in CAPTURE)
		return CAPTURE[error.name];
	if (error?.name === "SignalingError") {
		const words = serverWords(error);
		return `${words} (${error.request ?? "signaling"}: ${error.message})`;
	}
	if (["UnsupportedError", "CodecError", "NoPathError"].includes(error?.name))
		return error.message;
	return `Something unexpected failed: ${error?.message ?? error}.`;
}

/** A codec was chosen that this browser and this server cannot use together. */
export class CodecError extends Error {
	constructor(message) {
		super(message);
		this.name = "CodecError";
	}
}

/** Picture and sound find no way between this page and the server. */
export class NoPathError extends Error {
	constructor() {
		super("Picture and sound do not get through to the server. A firewall may block UDP.");
		this.name = "NoPathError";
	}
}

/** True if another attempt cannot help, so that a person has to decide. */
export function isFinal(error) {
	if (error?.name === "SignalingError")
		return ["unsupported", "forbidden", "bad-request"].includes(error.code);
	return error?.name === "CodecError" || error?.name === "UnsupportedError" || error?.name in CAPTURE;
}
