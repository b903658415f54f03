// SPDX-License-Identifier: Apache-2.0
// A publisher that ignores requests for key frames, as OBS and FFmpeg do: FFmpeg, over a plain
// transport, with a fixed distance between its key frames. Each picture carries its number as blocks
// that a viewer can read (pages/stamped.js), and it is known when each was made; so what is on a
// screen can be compared with live, whatever timestamps it had on its way.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { spatectl } from "./spatectl.mjs";
import { Skip, until } from "./test.mjs";

const FFMPEG = "/usr/bin/ffmpeg";
const WIDTH = 320, HEIGHT = 180;
const BLOCK = 16, BITS = 16; // a white block, a black one, and then one for each bit, the lowest first
const WHITE = 235, BLACK = 16, GREY = 128;
const NOISE = 3571; // bytes; no divisor of a row, so that it moves

const noise = Buffer.from(Array.from({ length: NOISE }, (_, i) => BLACK + (Math.imul(i + 1, 2654435761) >>> 24) * 0.6));

/** Picture n in YUV 4:2:0: noise that moves, below the blocks. */
function picture(n) {
	const frame = Buffer.alloc(WIDTH * HEIGHT * 3 / 2, GREY);
	for (let y = 2 * BLOCK; y < HEIGHT; y += 4) // one row in four: as much as the bitrate carries
		for (let x = 0; x < WIDTH; x += 8)
			frame.fill(noise[(y * 5 + x + n * 7) % NOISE], y * WIDTH + x, y * WIDTH + x + 8);
	const blocks = [true, false, ...Array.from({ length: BITS }, (_, bit) => (n >> bit & 1) === 1)];
	for (let y = 0; y < 2 * BLOCK; y++)
		blocks.forEach((white, i) => frame.fill(white ? WHITE : BLACK, y * WIDTH + i * BLOCK, y * WIDTH + (i + 1) * BLOCK));
	return frame;
}

export class StampedPublisher {
	/** When picture n was made, by Date.now(). */
	times = [];
	#child;
	#timer;
	#words = "";

	/** `keySeconds`: from key frame to key frame. Resolves when pictures are on their way. */
	static async start(room, options = {}) {
		if (!existsSync(FFMPEG))
			throw new Skip("FFmpeg is not installed");
		const publisher = new StampedPublisher();
		await publisher.#start(room, options);
		return publisher;
	}

	async #start(room, { keySeconds = 4, fps = 30, kbps = 800 }) {
		const stream = spatectl("plain", "produce", room, "VP8"), gop = `${Math.round(keySeconds * fps)}`;
		this.group = Number(gop);
		this.#child = spawn(FFMPEG, ["-hide_banner", "-loglevel", "error", "-probesize", "32", "-f", "rawvideo", "-pix_fmt",
			"yuv420p", "-s", `${WIDTH}x${HEIGHT}`, "-r", `${fps}`, "-i", "-", "-c:v", "libvpx", "-deadline", "realtime",
			"-cpu-used", "8", "-threads", "1", "-lag-in-frames", "0", "-auto-alt-ref", "0", "-g", gop, "-keyint_min", gop,
			"-b:v", `${kbps}k`, "-maxrate", `${kbps}k`, "-bufsize", `${kbps}k`, "-flush_packets", "1", "-payload_type",
			`${stream.payload_type}`, "-ssrc", `${stream.ssrc}`, "-f", "rtp",
			`rtp://${stream.address}:${stream.port}?rtcpport=${stream.port}&pkt_size=1200`],
		{ stdio: ["pipe", "ignore", "pipe"] });
		this.#child.stdin.on("error", () => {}); // it has ended
		this.#child.stderr.on("data", (text) => { this.#words += text; });
		const begun = Date.now();
		this.#timer = setInterval(() => {
			while (Date.now() >= begun + this.times.length * 1000 / fps) {
				this.#child.stdin.write(picture(this.times.length));
				this.times.push(Date.now());
			}
		}, 4);
		await until("FFmpeg publishes", 10, () => {
			if (this.#child.exitCode !== null)
				throw new Error(`FFmpeg ended: ${this.#words}`);
			return this.times.length > fps && spatectl("plain", "list").plain.some((t) => t.remote);
		}, { quiet: true });
	}

	/** How old what a viewer saw was at `at`: pictures are [when it was shown, its number]. */
	age(pictures, at) {
		const last = pictures.findLast(([shown]) => shown <= at);
		return last && Math.round(at - this.times[last[1]]);
	}

	async end() {
		clearInterval(this.#timer);
		if (this.#child.exitCode !== null || this.#child.signalCode !== null)
			return;
		const gone = new Promise((resolve) => this.#child.once("exit", resolve));
		this.#child.kill("SIGKILL");
		await gone;
	}
}
