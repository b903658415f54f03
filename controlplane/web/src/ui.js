// SPDX-License-Identifier: Apache-2.0
import { Emitter } from "./emitter.js";
import { copy, playerLink, publishLink } from "./links.js";
import { showRooms } from "./room_rows.js";
import { canShareScreen } from "./sources.js";
import { Tiles } from "./tiles.js";

const LOG_LINES = 200;
const TITLES = {
	idle: "Ready",
	connecting: "Connecting",
	live: "On air",
	playing: "Playing",
	waiting: "Waiting",
	reconnecting: "Reconnecting",
	failed: "Failed",
	stopped: "Stopped",
	ended: "Ended",
};
const DASH = "–";
const CLOSE_ROOM = "Close the room";
const CLOSE_ROOM_SURE = "Close it for all?";
const CLOSE_ROOM_HELP = "This ends the broadcast for everybody in the room. Press again to do it.";
const SURE_FOR_MS = 5000;

const AUTO = "auto";

const $ = (id) => document.getElementById(id);

/** Sets the options of a select, [value, words] each. An open menu is not disturbed if they are the same. */
function setOptions(select, options) {
	const same = select.options.length === options.length &&
		options.every(([value, words], i) => select.options[i].value === value && select.options[i].text === words);
	if (!same)
		select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
}

/**
 * The document: it shows state, and reports what a person does. Events: "host", "watch", "stop",
 * "retry", "closeRoom", "pause" (kind, paused), "quality" (the highest layer, or null),
 * "firstFrame".
 */
export class Ui extends Emitter {
	#sureTimer = null;
	#running = false;
	#rooms = null;
	#tiles = new Tiles($("tiles"), $("unmute"));

	constructor({ room, codec, source, layered }) {
		super();
		this.#pick(room);
		$("codec").value = codec;
		$("one-quality").checked = !layered;
		document.querySelector(`input[name=source][value=${source}]`).checked = true;
		$("room").addEventListener("input", () => {
			$("where").textContent = $("room").value || DASH;
		});
		$("setup").addEventListener("submit", (event) => event.preventDefault());
		$("host").addEventListener("click", () => this.#begin("host"));
		$("watch").addEventListener("click", () => this.#begin("watch"));
		for (const [button, link] of [["copy-obs", publishLink], ["copy-player", playerLink]])
			$(button).addEventListener("click", () => this.#copy(link));
		$("stop").addEventListener("click", () => this.emit("stop"));
		$("retry").addEventListener("click", () => this.emit("retry"));
		$("close-room").addEventListener("click", () => this.#closeRoom());
		$("close-room").addEventListener("blur", () => this.#askSure(false));
		$("screen").hidden = !canShareScreen();
		this.#tiles.on("firstFrame", () => this.emit("firstFrame"));
		this.#tiles.on("note", (words) => this.note(words));
		$("quality").addEventListener("change", () => {
			const { value } = $("quality");
			this.emit("quality", value === AUTO ? null : Number(value));
		});
		for (const kind of ["video", "audio"])
			$(`pause-${kind}`).addEventListener("click", (event) => this.#pause(event.currentTarget, kind));
	}

	get choice() {
		return {
			room: $("room").value,
			codec: $("codec").value,
			source: document.querySelector("input[name=source]:checked").value,
			layered: !$("one-quality").checked,
		};
	}

	/** While a session runs, its controls replace the setup form. */
	setRunning(running, role) {
		this.#running = running;
		$("setup").hidden = running;
		$("controls").hidden = !running;
		$("close-room").hidden = role !== "host";
		this.#askSure(false);
		this.#showRooms();
		for (const kind of ["video", "audio"])
			this.setPaused(kind, false);
		(running ? $("stop") : $("host")).focus();
	}

	setState(state, words) {
		document.body.dataset.state = state;
		$("state").textContent = TITLES[state];
		$("words").textContent = words;
		const bad = state === "failed" || state === "reconnecting" || state === "ended";
		$("alert").hidden = !bad;
		// The text is set only when it changes, so that a screen reader announces it once.
		if (bad && $("alert-words").textContent !== words)
			$("alert-words").textContent = words;
		$("close-room").disabled = state !== "live";
		$("retry").textContent = state === "ended" ? "Start again" : "Try again";
		$("words").hidden = bad;
		$("overlay").textContent = words;
		$("overlay").hidden = bad || state === "playing" || state === "live";
	}

	/** Beside the state, which goes on: nothing is wrong yet. "": the server is not about to be stopped. */
	setDraining(words) {
		$("draining").hidden = words === "";
		$("draining").textContent = words;
	}

	setPaused(kind, paused) {
		$(`pause-${kind}`).setAttribute("aria-pressed", String(paused));
	}

	/** What a viewer can choose (quality.js); null: nothing. */
	setQuality(shown) {
		$("quality-choice").hidden = shown === null;
		if (shown === null)
			return;
		const { options, wanted, current } = shown;
		const highestFirst = [...options].sort((a, b) => b.layer - a.layer);
		setOptions($("quality"), [[AUTO, "Automatic"], ...highestFirst.map((o) => [String(o.layer), o.words])]);
		$("quality").value = wanted === null ? AUTO : String(Math.min(wanted, highestFirst[0].layer));
		$("quality-now").textContent = options.find((o) => o.layer === current)?.words ?? DASH;
	}

	note(words) {
		const line = document.createElement("li");
		const time = document.createElement("time");
		time.textContent = new Date().toISOString().slice(11, 19);
		line.append(time, words);
		$("log").prepend(line);
		while ($("log").children.length > LOG_LINES)
			$("log").lastChild.remove();
	}

	/**
	 * The rooms to show while no session runs: { rooms, more }, or { words } if the list is not
	 * known; null shows nothing.
	 */
	setRooms(list) {
		this.#rooms = list;
		this.#showRooms();
	}

	/** Shows one tile for each stream; `own` is true for one's own picture. */
	setStreams(streams, own) {
		this.#tiles.show(streams, own);
	}

	setSpeaking(stream) {
		this.#tiles.setSpeaking(stream);
	}

	#pick(room) {
		$("room").value = room;
		$("where").textContent = room;
	}

	#showRooms() {
		const shown = this.#rooms !== null && !this.#running;
		$("lobby").hidden = !shown;
		$("lobby").parentElement.classList.toggle("with-lobby", shown);
		if (!shown)
			return;
		const { rooms = [], more = 0, words = "" } = this.#rooms;
		showRooms($("rooms"), rooms, (room) => {
			this.#pick(room);
			this.emit("watch");
		});
		const unseen = more > 0 ? `And ${more} more: type the name of yours.` : "";
		$("rooms-words").textContent = words || (rooms.length === 0 ? "No room is open yet." : unseen);
	}

	/** Asks for a second click, because closing the room ends the broadcast for everybody. */
	#closeRoom() {
		if (this.#sureTimer === null) {
			this.#askSure(true);
			return;
		}
		this.#askSure(false);
		this.emit("closeRoom");
	}

	#askSure(asking) {
		clearTimeout(this.#sureTimer);
		this.#sureTimer = asking ? setTimeout(() => this.#askSure(false), SURE_FOR_MS) : null;
		$("close-room").textContent = asking ? CLOSE_ROOM_SURE : CLOSE_ROOM;
		$("close-room").classList.toggle("sure", asking);
		$("sure").textContent = asking ? CLOSE_ROOM_HELP : "";
	}

	async #copy(link) {
		if (!$("setup").reportValidity())
			return;
		const text = link(window.location.href, $("room").value);
		$("copied").textContent = await copy(text) ? `Copied: ${text}` : text;
	}

	#begin(role) {
		if ($("setup").reportValidity())
			this.emit(role);
	}

	#pause(button, kind) {
		const paused = button.getAttribute("aria-pressed") !== "true";
		this.setPaused(kind, paused);
		this.emit("pause", kind, paused);
	}
}
