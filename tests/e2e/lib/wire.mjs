// SPDX-License-Identifier: Apache-2.0
// tools/wire between the test's namespace and another one: what a browser in there sends and
// receives is lost, delayed or held back as the test says, and its signaling is not.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { namespaceOf, workDir } from "./namespace.mjs";
import { buildDir } from "./servers.mjs";
import { Skip, until } from "./test.mjs";

const PROGRAM = join(buildDir, "tools/wire/wire");
const DEVICE = "wire0";
const SECONDS_TO_START = 5;

function ip(...args) {
	execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/**
 * The wire to the namespace that runInside() made for `who`. `number`, from 1: the subnet, one for
 * each wire of a test. `up` is from there to here. `set`: assignments from the beginning; `options`:
 * further ones of tools/wire.
 */
export class Wire {
	/** The lines of JSON that it has printed, by what they are. */
	seconds = [];
	steps = [];
	errors = [];
	summary = null;
	#ready = false;
	#child;
	#gone;

	constructor(who, number, { set = [], filter = "udp", seed = 1, options = [] } = {}) {
		if (!existsSync(PROGRAM))
			throw new Skip(`not built: ${PROGRAM}`);
		if (!existsSync("/dev/net/tun"))
			throw new Skip("no /dev/net/tun");
		this.who = who;
		this.number = number;
		this.here = `10.98.${number}.1`;
		this.there = `10.98.${number}.2`;
		this.args = ["--a", `${namespaceOf(who)}:${DEVICE}`, "--b", `:wire-${number}`, "--script", "-",
			"--filter", filter, "--seed", `${seed}`, ...set.flatMap((each) => ["--set", each]), ...options];
	}

	get running() {
		return this.#child?.exitCode === null && this.#child.signalCode === null;
	}

	/** Its exit code, or the signal that ended it. */
	get status() {
		return this.#child.signalCode ?? this.#child.exitCode;
	}

	/** Afterwards both ends have addresses, and there the default route leads here. */
	async start() {
		this.#child = spawn(PROGRAM, this.args, { stdio: ["pipe", "pipe", "inherit"] });
		this.#gone = new Promise((resolve) => this.#child.once("close", resolve));
		createInterface({ input: this.#child.stdout }).on("line", (line) => this.#take(JSON.parse(line)));
		await until(`the wire to ${this.who} is there`, SECONDS_TO_START, () => {
			if (!this.running)
				throw new Error("the wire ended at once");
			return this.#ready;
		});
		const there = namespaceOf(this.who);
		ip("address", "add", `${this.here}/24`, "dev", `wire-${this.number}`);
		ip("-n", there, "address", "add", `${this.there}/24`, "dev", DEVICE);
		ip("-n", there, "route", "replace", "default", "via", this.here);
		writeFileSync("/proc/sys/net/ipv4/ip_forward", "1"); // of this namespace
	}

	#take(line) {
		if (line.ready)
			this.#ready = true;
		else if (line.summary)
			this.summary = line;
		else if (line.step)
			this.steps.push(line);
		else if (line.error)
			this.errors.push(line);
		else
			this.seconds.push(line);
	}

	/** Applies assignments at once, "down.rate=400k" for example. */
	async set(...assignments) {
		const before = this.steps.length;
		this.#child.stdin.write(`${assignments.join(" ")}\n`);
		await until(`the wire to ${this.who}: ${assignments.join(" ")}`, 2, () => {
			if (this.errors.length > 0)
				throw new Error(`the wire refused ${assignments}: ${this.errors.at(-1).error}`);
			return this.steps.length > before;
		}, { quiet: true });
	}

	/** Resolves with the summary. */
	async end() {
		if (this.running)
			this.#child.kill("SIGTERM");
		await this.#gone;
		return this.summary;
	}
}

/** A script that starts a program in the namespace of `who`, for the browsers' `path`. */
export function programIn(who, program) {
	const path = join(workDir(), `${who}-program`);
	writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespaceOf(who)} ${program} "$@"\n`, { mode: 0o755 });
	return path;
}
