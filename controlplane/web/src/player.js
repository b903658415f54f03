// SPDX-License-Identifier: Apache-2.0
// The player: a page of its own, small, for a frame in other people's pages. It plays over WHEP what
// is published in ?room=, without sound until a person wants it, and comes back after each loss.
import { atLeast, Backoff } from "./backoff.js";
import { Refused, WhepSession } from "./whep.js";
import { takeToken } from "./wishes.js";

const FIRST_MS = 1000;
const LAST_MS = 15000;
/** How long a room without a publisher is left alone, and up to its double. */
const EMPTY_MS = 3000;
const PATIENCE_MS = 15000;
const WORDS = {
	connecting: "Connecting.",
	empty: "Nobody is live in this room. The picture comes as soon as somebody is.",
	paused: "The host has paused or left. The picture comes back by itself.",
	lost: "The connection was lost. Trying again.",
	noPath: "No way to the server was found: the network lets no media through. Trying again.",
	offline: "The server cannot be reached. Trying again.",
	full: "The server is full. Trying again.",
};
/** Statuses that trying again does not change. */
const FINAL = new Map([
	[401, "This link is not allowed to play, or it has expired."],
	[403, "This link is not allowed to play here."],
	[404, "This link names no room."],
	[422, "This browser cannot play what is published here."],
]);

const $ = (id) => document.getElementById(id);
const video = $("video");
const room = new URLSearchParams(window.location.search).get("room") || "default";
const token = takeToken(window);
const backoff = new Backoff(FIRST_MS, LAST_MS);
let session = null;
let connected = false;
/** The server said that the host sends nothing; the last frames may come after that. */
let inactive = false;
let timer = null;

function show(state, words = "") {
	document.body.dataset.state = state;
	if ($("words").textContent !== words && words)
		$("words").textContent = words;
}

function playing() {
	if (!connected || inactive || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA)
		return;
	show("playing");
	offerSound();
}

function offerSound() {
	$("unmute").hidden = !video.muted || session.stream.getAudioTracks().length === 0;
}

/** A track was added to the stream. An element that was given a stream without tracks does not begin. */
function present(stream) {
	if (video.srcObject !== stream)
		video.srcObject = stream;
	video.play().catch(() => { /* the browser shows its own controls */ });
	playing();
	// The element may begin anew with the track, without another event.
	if (document.body.dataset.state === "playing")
		offerSound();
}

function retry(words, waitMs) {
	session?.close();
	session = null;
	connected = inactive = false;
	show("waiting", words);
	clearTimeout(timer);
	timer = setTimeout(play, waitMs);
}

function refused(error) {
	if (error instanceof Refused && FINAL.has(error.status)) {
		session?.close();
		session = null;
		show("failed", `${FINAL.get(error.status)} (${error.message})`);
	} else if (error instanceof Refused && error.status === 409) {
		backoff.reset();
		retry(WORDS.empty, atLeast(EMPTY_MS));
	} else if (error instanceof Refused) {
		retry(error.status === 503 || error.status === 429 ? WORDS.full : error.message, backoff.next() + FIRST_MS);
	} else {
		retry(error instanceof TypeError ? WORDS.offline : WORDS.lost, backoff.next() + FIRST_MS);
	}
}

async function play() {
	const mine = new WhepSession(new URL(`whep/${encodeURIComponent(room)}`, window.location.href).href, token);
	session = mine;
	const own = (act) => (...args) => {
		if (session === mine)
			act(...args);
	};
	clearTimeout(timer);
	timer = setTimeout(own(() => retry(WORDS.noPath, backoff.next() + FIRST_MS)), PATIENCE_MS);
	mine.on("connected", own(() => {
		clearTimeout(timer);
		connected = true;
		backoff.reset();
		playing();
	}));
	mine.on("track", own(() => present(mine.stream)));
	mine.on("inactive", own(() => {
		inactive = true;
		show("paused", WORDS.paused);
	}));
	mine.on("active", own(() => {
		inactive = false;
		playing();
	}));
	mine.on("lost", own(() => retry(connected ? WORDS.lost : WORDS.noPath, backoff.next())));
	try {
		await mine.start();
	} catch (error) {
		own(refused)(error);
	}
}

for (const event of ["loadeddata", "playing", "resize"])
	video.addEventListener(event, playing);
video.addEventListener("volumechange", () => {
	$("unmute").hidden ||= !video.muted;
});
$("unmute").addEventListener("click", () => {
	video.muted = false;
	$("unmute").hidden = true;
	video.play().catch(() => {});
});
window.addEventListener("pagehide", () => session?.close());
window.addEventListener("pageshow", ({ persisted }) => {
	if (persisted)
		retry(WORDS.connecting, 0);
});
window.addEventListener("online", () => {
	if (!connected)
		retry(WORDS.connecting, 0);
});
/** For tests and the curious. */
window.player = {
	get state() {
		return document.body.dataset.state;
	},
	get words() {
		return $("words").textContent;
	},
	stats: async () => [...(await session?.getStats() ?? new Map()).values()],
};
document.title = `${room} – Spate player`;
play();
