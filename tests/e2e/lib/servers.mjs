// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { workDir } from "./namespace.mjs";
import { log, Skip, until } from "./test.mjs";

export const source = join(dirname(fileURLToPath(import.meta.url)), "../../..");
export const buildDir = process.env.SPATE_BUILD_DIR ?? join(source, "build");
const DEVICE = "spate0";
const LOG_LINES = 60;
const GATEWAY = "10.99.0.2";

export const PORT = 3000;
/* Not by name: where the namespace's default route goes to us, a resolver asks us for addresses and waits. */
export const ORIGIN = `http://127.0.0.1:${PORT}`;
/* The administration port, as it is configured by default. */
export const ADMIN_PORT = 9464;
export const ADMIN_ORIGIN = `http://127.0.0.1:${ADMIN_PORT}`;

/** Where pictures and logs worth keeping go: under the build directory. */
export function artifact(name) {
	const folder = join(buildDir, "e2e");
	mkdirSync(folder, { recursive: true });
	return join(folder, name);
}

/** One process that a test starts, kills and starts again. Its output goes to a file. */
class Server {
	#child = null;
	#log;

	constructor(name, path, args) {
		this.name = name;
		this.path = path;
		this.args = args;
		this.#log = join(workDir(), `${name}.log`);
	}

	get running() {
		return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
	}

	get pid() {
		return this.#child.pid;
	}

	/** Its exit code, or the signal that ended it; null while it runs. */
	get status() {
		return this.#child.signalCode ?? this.#child.exitCode;
	}

	get output() {
		return existsSync(this.#log) ? readFileSync(this.#log, "utf8") : "";
	}

	/** `stderr`: a descriptor that takes the log instead. */
	start({ stderr = "pipe" } = {}) {
		const out = createWriteStream(this.#log, { flags: "a" });
		this.#child = spawn(this.path, this.args, { stdio: ["ignore", "pipe", stderr] });
		this.#child.stdout.pipe(out, { end: false });
		this.#child.stderr?.pipe(out, { end: false });
		this.#child.once("exit", (code, signal) => log(`${this.name} ended (${signal ?? code})`));
	}

	async end(signal = "SIGTERM") {
		if (!this.running)
			return;
		const gone = new Promise((resolve) => this.#child.once("exit", resolve));
		this.#child.kill(signal);
		const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
		await gone;
		clearTimeout(timer);
	}
}

async function answers(path) {
	try {
		const response = await fetch(ORIGIN + path);
		return response.ok;
	} catch {
		return false;
	}
}

function deviceIsUp() {
	try {
		const text = execFileSync("ip", ["-j", "address", "show", "dev", DEVICE], { encoding: "utf8",
			stdio: ["ignore", "pipe", "ignore"] });
		return JSON.parse(text).some((d) => d.flags?.includes("UP") && d.addr_info?.some((a) => a.family === "inet"));
	} catch {
		return false;
	}
}

/** Both processes, in the namespace we are in. `settings`: members of the configuration file. */
export class Servers {
	constructor(settings = {}) {
		const run = join(workDir(), "run");
		mkdirSync(run, { recursive: true, mode: 0o700 });
		const config = join(workDir(), "spate.json");
		writeFileSync(config, JSON.stringify({ ...settings, run_dir: run,
			http: { port: PORT, web_root: join(source, "controlplane/web/dist"), ...settings.http } }));
		this.dataplane = new Server("dataplane", join(buildDir, "dataplane/spate-dataplane"), ["--config", config]);
		this.controlplane = new Server("controlplane", join(buildDir, "controlplane/spate-controlplane"),
			["--config", config]);
		for (const { path } of [this.dataplane, this.controlplane])
			if (!existsSync(path))
				throw new Skip(`not built: ${path}`);
		if (!existsSync(join(source, "controlplane/web/dist/main.js")))
			throw new Skip("the page is not built (npm run build in controlplane/web)");
	}

	async startDataplane(options) {
		this.dataplane.start(options);
		await until(`${DEVICE} is up`, 20, () => this.#alive(this.dataplane) && deviceIsUp());
		// Firefox gathers no candidate on a machine that has no default route.
		execFileSync("ip", ["route", "replace", "default", "via", GATEWAY, "dev", DEVICE]);
	}

	async startControlplane(options) {
		this.controlplane.start(options);
		await until("the page is served", 20, () => this.#alive(this.controlplane) && answers("/"));
	}

	async start(options) {
		await this.startDataplane(options);
		await this.startControlplane(options);
		await until("clients can join", 20, () => answers("/readyz"));
	}

	#alive(server) {
		if (!server.running)
			throw new Error(`${server.name} ended at once:\n${server.output}`);
		return true;
	}

	/** Ends both; after a failure their last words help to see why. */
	async end(failed) {
		await this.controlplane.end();
		await this.dataplane.end();
		for (const server of failed ? [this.dataplane, this.controlplane] : []) {
			console.log(`--- the last lines of the ${server.name}`);
			console.log(server.output.split("\n").slice(-LOG_LINES).join("\n"));
		}
	}
}
