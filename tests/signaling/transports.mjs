// SPDX-License-Identifier: Apache-2.0
// The media side of clients without a browser: one rtc_client process does ICE and DTLS for all.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildDir } from "../e2e/lib/servers.mjs";
import { Skip } from "../e2e/lib/test.mjs";

const PATH = join(buildDir, "tests/tools/rtc_client");

export class Transports {
	counts = { checked: 0, connected: 0, closed: 0, failed: 0 };
	connected = new Set(); // names
	profiles = new Map(); // names to SRTP profiles in OpenSSL's words
	exited = null;
	#child;
	#fingerprint;
	#last = 0;
	#waiting = []; // for what was asked, in its order

	/** `command`: begins with what starts the program, in another namespace for example. */
	static async start(command = []) {
		if (!existsSync(PATH))
			throw new Skip(`not built: ${PATH}`);
		const t = new Transports(), [program, ...args] = [...command, PATH];
		t.#child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
		t.#child.once("exit", (code, signal) => { t.exited = signal ?? code; });
		const lines = createInterface(t.#child.stdout);
		t.#fingerprint = await new Promise((resolve) => lines.once("line", (line) => resolve(line.split(" ")[1])));
		lines.on("line", (line) => {
			const [what, name, profile, missing] = line.split(" ");
			if (what === "received") {
				t.#waiting.shift()({ packets: Number(profile), missing: Number(missing) });
				return;
			}
			if (what === "told") {
				t.#waiting.shift()(JSON.parse(profile));
				return;
			}
			t.counts[what]++;
			if (what !== "connected")
				return;
			t.connected.add(name);
			t.profiles.set(name, profile);
		});
		return t;
	}

	/** For connectWebRtcTransport; `role`: the client's. */
	dtlsParameters(role) {
		return { role, fingerprints: [{ algorithm: "sha-256", value: this.#fingerprint }] };
	}

	/** The value of an offer's a=fingerprint. */
	get fingerprint() {
		return `sha-256 ${this.#fingerprint}`;
	}

	/** Begins checks and DTLS to a transport as signaling described it; returns a name. `role`: rtc_client's. */
	open({ iceParameters, iceCandidates, dtlsParameters }, role) {
		const name = `t${++this.#last}`;
		const [{ ip, port }] = iceCandidates;
		this.#child.stdin.write(`open ${name} ${ip} ${port} ${iceParameters.usernameFragment} ` +
			`${iceParameters.password} ${dtlsParameters.fingerprints[0].value} ${role}\n`);
		return name;
	}

	/** Sends SRTP, every 50 ms, until quiet(). */
	send(name, ssrc, payloadType) {
		this.#child.stdin.write(`send ${name} ${ssrc} ${payloadType}\n`);
	}

	/** { packets, missing } of the first SSRC that it receives. */
	received(name) {
		const told = new Promise((resolve) => this.#waiting.push(resolve));
		this.#child.stdin.write(`count ${name}\n`);
		return told;
	}

	/** Sends an encoding of a film, 0 is the smallest, until quiet(). */
	film(name, ssrc, payloadType, encoding) {
		this.#child.stdin.write(`film ${name} ${ssrc} ${payloadType} ${encoding}\n`);
	}

	/**
	 * { sent: [{ ssrc, packets }], heard: [{ ssrc, source, next, packets, missing, jumps, switches, wrong }] }:
	 * see struct rtc_stream in tests/tools/rtc_media.h.
	 */
	tell(name) {
		const told = new Promise((resolve) => this.#waiting.push(resolve));
		this.#child.stdin.write(`tell ${name}\n`);
		return told;
	}

	quiet(name) {
		this.#child.stdin.write(`quiet ${name}\n`);
	}

	/** With a close_notify, or without a word. */
	close(name, notify) {
		this.#child.stdin.write(`${notify ? "close" : "drop"} ${name}\n`);
	}

	/** Its exit status: a sanitizer says there what it found. */
	async end() {
		if (this.exited !== null)
			return this.exited;
		const gone = new Promise((resolve) => this.#child.once("exit", resolve));
		this.#child.stdin.end();
		await gone;
		return this.exited;
	}
}
