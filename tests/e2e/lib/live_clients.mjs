// SPDX-License-Identifier: Apache-2.0
// Programs that others wrote, as children of a test: what they printed, and how they ended.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildDir, ORIGIN } from "./servers.mjs";
import { check, log, Skip, until } from "./test.mjs";

const PYTHON = "/usr/bin/python3"; // Debian's, which has Debian's modules
const MODULES = { aiortc: "aiortc", gstreamer: "gi" };
const AUDIO = "audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay pt=100 ! " +
	"application/x-rtp,media=audio,encoding-name=OPUS,payload=100";
const VIDEO = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 ! vp8enc deadline=1 " +
	"keyframe-max-dist=30 ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96";

class Program {
	output = "";

	constructor(name, path, args, env = {}) {
		this.name = name;
		this.child = spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
		for (const stream of [this.child.stdout, this.child.stderr])
			stream.on("data", (piece) => {
				this.output += piece;
			});
		this.over = new Promise((resolve) => this.child.once("exit", (code, signal) => resolve(signal ?? code)));
	}

	/** Waits until it has printed that. */
	says(words, seconds = 8) {
		return until(`${this.name} says "${words}"`, seconds, () => {
			if (this.child.exitCode !== null && !this.output.includes(words))
				throw new Error(`${this.name} ended (${this.child.exitCode}):\n${this.output}`);
			return this.output.includes(words);
		});
	}

	/** Waits for its end. Returns the JSON in its last line. */
	async result() {
		const status = await this.over;
		if (status !== 0)
			throw new Error(`${this.name} ended (${status}):\n${this.output}`);
		log(`      ${this.name}: ${this.output.trim().split("\n").at(-1)}`);
		return JSON.parse(this.output.trim().split("\n").at(-1));
	}
}

/** aiortc or GStreamer's webrtcbin; `what`: publish or watch. */
export function python(name, what, room, seconds) {
	if (spawnSync(PYTHON, ["-c", `import ${MODULES[name]}`]).status !== 0)
		throw new Skip(`${name} is not installed for ${PYTHON}`);
	const script = fileURLToPath(new URL(`../clients/${name}_client.py`, import.meta.url));
	return new Program(`${name} (${what})`, PYTHON, [script, what, `${ORIGIN}/${what === "publish" ? "whip" : "whep"}/${room}`, `${seconds}`]);
}

/** Debian's simple-whip-client; it publishes until SIGINT. */
export function simpleWhipClient(room) {
	if (!existsSync("/usr/bin/whip-client"))
		throw new Skip("simple-whip-client is not installed");
	return new Program("simple-whip-client", "/usr/bin/whip-client", ["-u", `${ORIGIN}/whip/${room}`, "-A", AUDIO, "-V", VIDEO, "-l", "7", "-o"],
		{ LD_LIBRARY_PATH: `${buildDir}/tests/e2e/clients` });
}

/** What a player must have decoded in `seconds`, a part of what was sent. */
export function checkDecoded({ audio, video }, who, seconds, { fps = 10 } = {}) {
	check(video >= seconds * fps, `${who}: ${video} frames in ${seconds} s`);
	check(audio >= seconds * 30, `${who}: ${audio} audio frames`);
}
