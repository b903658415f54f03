// SPDX-License-Identifier: Apache-2.0
import { Host } from "./host.js";
import { RoomList } from "./rooms.js";
import { Signaling } from "./signaling.js";
import { SocketSignaling } from "./signaling_socket.js";
import { capture } from "./sources.js";
import { collect, figures } from "./stats.js";
import { Ui } from "./ui.js";
import { Viewer } from "./viewer.js";
import { explain } from "./words.js";

const FIGURES_EVERY_MS = 1000;

/**
 * The choices that the page's address makes: ?room=, codec=, source=, size=640x360, fps=,
 * role=host|watch, dialect=websocket|socket (how signaling is carried), token=, user=.
 */
function wishes(search) {
	const given = new URLSearchParams(search);
	const one = (name, allowed, otherwise) => {
		const value = allowed.find((a) => a.toLowerCase() === given.get(name)?.toLowerCase());
		return value ?? otherwise;
	};
	const size = /^(\d{2,4})x(\d{2,4})$/.exec(given.get("size") ?? "") ?? [null, "1280", "720"];
	const fps = Number.parseInt(given.get("fps") ?? "25", 10);
	return {
		room: given.get("room") || "default",
		codec: one("codec", ["auto", "VP8", "VP9", "H264", "AV1"], "auto"),
		source: one("source", ["camera", "screen", "pattern"], "camera"),
		role: one("role", ["host", "watch"], null),
		dialect: one("dialect", ["websocket", "socket"], "websocket"),
		credentials: { token: given.get("token") ?? "", user: given.get("user") ?? "" },
		pattern: { width: Number(size[1]), height: Number(size[2]), fps: fps >= 1 && fps <= 60 ? fps : 25 },
	};
}

const wish = wishes(window.location.search);
const ui = new Ui(wish);
const rooms = new RoomList();
let role = null;
let session = null;
let before = null;
let states = [];

function show(state, words) {
	states.push(state);
	states = states.slice(-100);
	ui.setState(state, words);
	ui.note(words);
}

function connectTo(room) {
	const Dialect = wish.dialect === "socket" ? SocketSignaling : Signaling;
	return new Dialect(window.location, room, wish.credentials);
}

function run(newRole, newSession) {
	role = newRole;
	session = newSession;
	before = null;
	session.on("state", (state, words) => {
		if (session !== newSession)
			return;
		show(state, words);
		if (state === "stopped" || state === "ended")
			release();
	});
	session.on("note", (words) => ui.note(words));
	ui.setRunning(true, newRole);
	rooms.stop();
	session.start();
}

/** Resets the page after the end of a session. */
function release() {
	session = null;
	ui.setStreams([], true);
	ui.setRunning(false);
	ui.clearFigures();
	rooms.start();
}

async function startHost() {
	const { source, codec, room } = ui.choice;
	role = "host";
	show("connecting", "Opening the source.");
	let opened;
	try {
		opened = await capture(source, wish.pattern);
	} catch (error) {
		show("failed", explain(error));
		return;
	}
	const host = new Host(connectTo(room), opened, codec);
	for (const track of opened.stream.getTracks())
		track.addEventListener("ended", () => sourceEnded(host, opened.label));
	ui.setStreams([opened.stream], true);
	run("host", host);
	ui.note(`Source: ${opened.label}.`);
}

function sourceEnded(host, label) {
	if (session !== host)
		return;
	session.stop();
	show("failed", `The source ended (${label}): it was stopped or unplugged.`);
}

function startViewer() {
	const viewer = new Viewer(connectTo(ui.choice.room));
	viewer.on("streams", (streams) => {
		if (session === viewer)
			ui.setStreams(streams, false);
	});
	run("watch", viewer);
}

function retry() {
	if (session)
		session.retry();
	else if (role === "host")
		startHost();
}

async function updateFigures() {
	const shown = session?.shown;
	if (!shown || shown.transport.closed)
		return;
	const { transport, mids } = shown;
	const now = await collect(transport, mids);
	ui.setFigures(figures(now, before?.transport === transport ? before.stats : null),
		session?.timeToFirstFrameMs ?? null);
	before = { transport, stats: now };
}

ui.on("host", startHost);
ui.on("watch", startViewer);
ui.on("stop", () => session?.stop());
ui.on("retry", retry);
ui.on("closeRoom", () => {
	session?.closeRoom().catch((error) => ui.note(explain(error)));
});
rooms.on("change", (list) => ui.setRooms(list));
ui.on("firstFrame", () => session?.firstFrame?.());
ui.on("pause", (kind, paused) => {
	session?.setPaused(kind, paused).catch((error) => ui.note(explain(error)));
});
document.addEventListener("visibilitychange", () => {
	if (document.hidden && role === "host" && session && ui.choice.source === "pattern")
		ui.note("This page is hidden: the browser slows the test pattern down.");
});
window.addEventListener("online", () => session?.signaling.retryNow());
setInterval(() => updateFigures().catch(() => {
	// The transport was closed while its statistics were being read.
}), FIGURES_EVERY_MS);

/** For support and for tests: what the page is doing, in plain values. */
window.spate = {
	get role() { return role; },
	get state() { return session?.state ?? document.body.dataset.state; },
	get states() { return [...states]; },
	get words() { return document.getElementById("words").textContent; },
	get joins() { return session?.joins ?? 0; },
	get timeToFirstFrameMs() { return session?.timeToFirstFrameMs ?? null; },
	get transportId() { return session?.transport?.id ?? null; },
	get producers() {
		return (session?.producers ?? []).map((p) => ({ id: p.id, kind: p.kind, paused: p.paused,
			codec: p.rtpParameters.codecs[0].mimeType }));
	},
	get consumers() {
		return (session?.consumers ?? []).map((c) => ({ id: c.id, kind: c.kind, paused: c.paused,
			producerId: c.producerId, codec: c.rtpParameters.codecs[0].mimeType }));
	},
	/**
	 * Figures of the transport in use, in the form of collect() in stats.js; null without a
	 * transport.
	 */
	async getStats() {
		const shown = session?.shown;
		return shown && !shown.transport.closed ? collect(shown.transport, shown.mids) : null;
	},
	/** One request of the signaling protocol on this page's own socket. */
	request: (type, data) => session.signaling.request(type, data),
};

if (wish.role === "host")
	startHost();
else if (wish.role === "watch")
	startViewer();
else
	rooms.start();
