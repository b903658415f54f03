// SPDX-License-Identifier: Apache-2.0
// Connects the document with what runs behind it.
import { prepareDevice } from "./device.js";
import { FiguresPanel } from "./figures_panel.js";
import { Host } from "./host.js";
import { inspector } from "./inspector.js";
import { RoomList } from "./rooms.js";
import { Sessions } from "./sessions.js";
import { Signaling } from "./signaling.js";
import { SocketSignaling } from "./signaling_socket.js";
import { capture } from "./sources.js";
import { tabName } from "./tab.js";
import { Ui } from "./ui.js";
import { Viewer } from "./viewer.js";
import { takeToken, wishes } from "./wishes.js";
import { explain } from "./words.js";

const wish = wishes(window.location.search);
const token = takeToken(window);
// With a token it is the token that names the user, or nobody does.
const credentials = { token, user: wish.user || (token ? "" : tabName()) };
const ui = new Ui(wish);
const rooms = new RoomList();
const sessions = new Sessions({
	choice: () => ui.choice,
	capture: ({ source }, signal) => capture(source, wish.pattern, signal),
	makeHost: ({ room, codec, layered }, source) => new Host(connectTo(room), source, codec, layered),
	makeViewer: ({ room }) => new Viewer(connectTo(room)),
});
const figures = new FiguresPanel(() => sessions.session);

function connectTo(room) {
	const Dialect = wish.dialect === "socket" ? SocketSignaling : Signaling;
	return new Dialect(window.location, room, credentials);
}

/** Calls `act` with the session. If that fails later, the log says so while the session is there. */
function withSession(act) {
	const { session } = sessions;
	act(session)?.catch((error) => {
		if (session === sessions.session)
			ui.note(explain(error));
	});
}

sessions.on("begin", (role) => {
	ui.setRunning(true, role);
	rooms.stop();
});
sessions.on("state", (state, words) => ui.setState(state, words));
sessions.on("note", (words) => ui.note(words));
sessions.on("draining", (words) => ui.setDraining(words));
sessions.on("streams", (streams, own) => ui.setStreams(streams, own));
sessions.on("speaking", (stream) => ui.setSpeaking(stream));
sessions.on("quality", (quality) => ui.setQuality(quality));
sessions.on("end", () => {
	ui.setRunning(false);
	figures.clear();
	rooms.start();
});

ui.on("host", () => sessions.startHost());
ui.on("watch", () => sessions.startViewer());
ui.on("stop", () => sessions.stop());
ui.on("retry", () => sessions.retry());
ui.on("closeRoom", () => withSession((session) => session?.closeRoom()));
ui.on("pause", (kind, paused) => withSession((session) => session?.setPaused(kind, paused)));
ui.on("quality", (layer) => withSession((session) => session?.setQuality(layer)));
ui.on("firstFrame", () => sessions.session?.firstFrame?.());
rooms.on("change", (list) => ui.setRooms(list));

document.addEventListener("visibilitychange", () => {
	if (!document.hidden)
		sessions.session?.probe();
	else if (sessions.role === "host" && sessions.session && ui.choice.source === "pattern")
		ui.note("This page is hidden: the browser slows the test pattern down.");
});
window.addEventListener("online", () => sessions.session?.probe());
window.spate = inspector(sessions);
prepareDevice();

if (wish.role === "host")
	sessions.startHost();
else if (wish.role === "watch")
	sessions.startViewer();
else
	rooms.start();
