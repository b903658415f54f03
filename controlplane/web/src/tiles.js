// SPDX-License-Identifier: Apache-2.0
import { Emitter } from "./emitter.js";

const SOUND_ON = "Turn the sound on";
const START = "Start the picture";

/**
 * The pictures on the screen, one tile for each stream. Events: "firstFrame"; "note" (words).
 *
 * A browser may refuse to play sound, or to play at all, before a person has clicked. `button` then
 * offers it.
 */
export class Tiles extends Emitter {
	#list;
	#button;
	#own = false;
	/** The stream whose host speaks, or null. */
	#speaking = null;

	constructor(list, button) {
		super();
		this.#list = list;
		this.#button = button;
		button.addEventListener("click", () => this.#playAll());
	}

	/**
	 * Shows each stream in a tile; a tile that stays keeps its element. `own` is true for one's
	 * own picture, which is silent.
	 */
	show(streams, own) {
		const tiles = this.#list.children;
		this.#own = own;
		while (tiles.length > streams.length)
			this.#list.lastChild.remove();
		streams.forEach((stream, i) => {
			const video = tiles[i] ?? this.#add();
			video.controls = !own;
			if (video.srcObject !== stream) {
				delete video.dataset.began;
				video.muted = own;
				video.srcObject = stream;
				this.#watchFirstFrame(video);
				this.#play(video);
			} else if (video.paused && !video.dataset.began) {
				// It had no picture when it was to begin, and does not begin without
				// being told again.
				this.#play(video);
			}
		});
		if (streams.length === 0)
			this.#button.hidden = true;
		this.#describe();
	}

	/** Marks the tile of this stream, whose host speaks; null: of none. */
	setSpeaking(stream) {
		this.#speaking = stream;
		this.#describe();
	}

	#describe() {
		[...this.#list.children].forEach((video, i) => {
			const speaks = !this.#own && this.#speaking !== null && video.srcObject === this.#speaking;
			const words = this.#own ? "Your own picture" : `Picture and sound of host ${i + 1}`;
			video.classList.toggle("speaking", speaks);
			video.setAttribute("aria-label", speaks ? `${words}, who speaks` : words);
		});
	}

	#add() {
		const video = document.createElement("video");
		video.autoplay = true;
		video.playsInline = true;
		video.addEventListener("playing", () => {
			video.dataset.began = "yes";
		});
		this.#list.append(video);
		return video;
	}

	#watchFirstFrame(video) {
		const seen = () => this.emit("firstFrame");
		if (video.requestVideoFrameCallback)
			video.requestVideoFrameCallback(seen);
		else
			video.addEventListener("loadeddata", seen, { once: true });
	}

	/** Plays with sound if the browser lets it, else without, else after a click. */
	async #play(video) {
		const stream = video.srcObject;
		const refused = async () => {
			try {
				await video.play();
				return false;
			} catch (error) {
				// Any other error: a newer stream has this tile, and its own play() is pending.
				return error.name === "NotAllowedError" && video.isConnected && video.srcObject === stream;
			}
		};
		if (!await refused())
			return;
		this.#offer(SOUND_ON);
		video.muted = true;
		if (await refused())
			this.#offer(START);
	}

	#offer(words) {
		this.#button.textContent = words;
		this.#button.hidden = false;
	}

	#playAll() {
		this.#button.hidden = true;
		for (const video of this.#list.children) {
			video.muted = false;
			video.play().catch(() => this.emit("note", "The browser did not start the picture."));
		}
	}
}
