// SPDX-License-Identifier: Apache-2.0
// Watches pictures that carry their numbers (lib/stamped.mjs), over WHEP, and notes when each was
// shown. Times are those of Date.now(), which all processes of a test share.
const SERVER = `http://${location.hostname}:3000`;
const BLOCK = 16, BITS = 16;
const viewers = new Map();
let last = 0;

const wall = (time) => performance.timeOrigin + time;

/** Reads the number from the blocks of the picture that is shown; undefined: they cannot be read. */
function readNumber(video, context) {
	const { width, height } = context.canvas;
	context.drawImage(video, 0, 0, width * BLOCK, 2 * BLOCK, 0, 0, width, height);
	const { data } = context.getImageData(0, 0, width, height);
	const [white, black, ...bits] = Array.from({ length: width }, (_, i) => data[i * 4]);
	return white - black > 100 ? bits.reduce((n, value, bit) => n | (value > (white + black) / 2) << bit, 0) : undefined;
}

class Viewer {
	pictures = []; // [when it was shown, its number]
	unread = 0;
	#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
	#video = document.createElement("video");
	#context;
	#session;

	constructor() {
		const canvas = document.createElement("canvas");
		[canvas.width, canvas.height] = [2 + BITS, 1];
		this.#context = canvas.getContext("2d", { willReadFrequently: true });
		this.#pc.addEventListener("iceconnectionstatechange", () => {
			if (this.#pc.iceConnectionState === "connected")
				this.connectedAt ??= wall(performance.now());
		});
		this.#video.muted = this.#video.autoplay = true;
		document.body.append(this.#video);
		this.#video.requestVideoFrameCallback((now) => this.#shown(now));
	}

	#shown(now) {
		this.firstAt ??= wall(now);
		const number = readNumber(this.#video, this.#context);
		if (number === undefined)
			this.unread++;
		else
			this.pictures.push([wall(now), number]);
		this.#video.requestVideoFrameCallback((next) => this.#shown(next));
	}

	async play(room) {
		const [receiver] = [this.#pc.addTransceiver("video", { direction: "recvonly" }).receiver];
		await this.#pc.setLocalDescription();
		this.askedAt = wall(performance.now());
		const response = await fetch(`${SERVER}/whep/${room}`, { method: "POST",
			headers: { "Content-Type": "application/sdp" }, body: this.#pc.localDescription.sdp });
		if (response.status !== 201)
			throw new Error(`${response.status} ${await response.text()}`);
		this.#session = response.headers.get("Location");
		await this.#pc.setRemoteDescription({ type: "answer", sdp: await response.text() });
		this.#video.srcObject = new MediaStream([receiver.track]);
	}

	async notes() {
		const stats = [...(await this.#pc.getStats()).values()].find((s) => s.type === "inbound-rtp" && s.kind === "video");
		return { askedAt: this.askedAt, connectedAt: this.connectedAt, firstAt: this.firstAt, pictures: this.pictures,
			unread: this.unread, stats: stats && { ...stats } };
	}

	async end() {
		await fetch(this.#session, { method: "DELETE" });
		this.#pc.close();
		this.#video.remove();
	}
}

window.stamped = {
	/** Begins to watch; resolves with the viewer's number when the offer is answered. */
	async play(room) {
		viewers.set(++last, new Viewer());
		await viewers.get(last).play(room);
		return last;
	},
	/** What was noted so far: when it asked, ICE was connected, the first picture came, and all pictures. */
	notes: (viewer) => viewers.get(viewer).notes(),
	async end(viewer) {
		await viewers.get(viewer).end();
		viewers.delete(viewer);
	},
};
