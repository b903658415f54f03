// SPDX-License-Identifier: Apache-2.0
// A small machine in software (qemu, no KVM): Debian's kernel, an initramfs made from this
// machine's own files, an emulated IOMMU, hugepages. Commands go in by a serial port.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { workDir } from "../../e2e/lib/namespace.mjs";
import { buildDir } from "../../e2e/lib/servers.mjs";
import { log, Skip, until } from "../../e2e/lib/test.mjs";

const QEMU = "/usr/bin/qemu-system-x86_64";
const CORES = 3; // the agent's and two workers'
const MEGABYTES = 1024;
const HUGEPAGES = 160; // of 2 MiB
const BOOT_SECONDS = 150;
const COMMAND_SECONDS = 60;
const here = dirname(fileURLToPath(import.meta.url));

/** The kernel and the system that it starts with; skips the test where they cannot be had. */
function image() {
	const kernel = join(buildDir, "vm/kernel");
	const initramfs = join(workDir(), "initramfs");
	if (process.arch !== "x64")
		throw new Skip("the VM is an x86-64 machine with the programs of this one");
	if (!existsSync(QEMU))
		throw new Skip("qemu is not installed (qemu-system-x86)");
	if (!existsSync(join(kernel, "vmlinuz")))
		throw new Skip("there is no kernel for the VM: tools/build without --no-install fetches it");
	const made = spawnSync(join(here, "../initramfs"), [buildDir, kernel, initramfs], { encoding: "utf8" });
	if (made.status !== 0)
		throw new Error(`no initramfs: ${made.stderr}`);
	return { kernel: join(kernel, "vmlinuz"), initramfs };
}

export class Vm {
	#child;
	#listener = createServer();
	#serial;
	#received = "";
	#waiting = null;

	/** `devices`: qemu's arguments for NICs, as they follow -device and -netdev. */
	async start(devices) {
		const { kernel, initramfs } = image();
		const socket = join(workDir(), "serial"), complaints = openSync(join(workDir(), "qemu.log"), "w");
		/*
		 * no_timer_check: the kernel counts timer interrupts for about 60 ms by the TSC and panics
		 * at fewer than five. On a busy machine qemu's timer can be late for longer than that.
		 */
		const words = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "intel_iommu=on", "no_timer_check",
			"rdinit=/init", `hugepages=${HUGEPAGES}`];
		await this.#listen(socket);
		this.#child = spawn(QEMU, ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
			"-machine", "q35,accel=tcg", "-cpu", "max", "-smp", `${CORES}`, "-m", `${MEGABYTES}`,
			"-kernel", kernel, "-initrd", initramfs, "-append", words.join(" "),
			"-serial", `file:${join(workDir(), "console.log")}`, "-serial", `unix:${socket}`,
			"-device", "intel-iommu,intremap=on,aw-bits=48", ...devices],
			{ stdio: ["ignore", complaints, complaints] });
		await until("the VM's serial port", 10, () => this.#alive() && this.#serial, { quiet: true });
		await this.#line(BOOT_SECONDS, "the VM has started");
		log("ok    the VM has started");
	}

	/**
	 * The test listens and qemu connects to the serial port's socket. In the other direction the
	 * test could connect after qemu's bind() has created the file and before qemu's listen(), and
	 * the connection would be refused.
	 */
	async #listen(socket) {
		this.#listener.once("connection", (serial) => {
			this.#serial = serial.setEncoding("utf8");
			serial.on("data", (text) => this.#take(text));
		});
		await once(this.#listener.listen(socket), "listening");
	}

	#alive() {
		if (this.#child.exitCode !== null)
			throw new Error(`qemu ended (${this.#child.exitCode}):\n${this.console}`);
		return true;
	}

	/** What the VM's kernel has said, and qemu. */
	get console() {
		return ["console.log", "qemu.log"].map((name) => join(workDir(), name)).filter(existsSync)
			.map((file) => readFileSync(file, "latin1")).join("\n");
	}

	#take(text) {
		this.#received += text;
		const end = this.#received.indexOf("\n");
		if (end < 0 || !this.#waiting)
			return;
		const line = this.#received.slice(0, end);
		this.#received = this.#received.slice(end + 1);
		this.#waiting(line);
	}

	async #line(seconds, what) {
		const line = new Promise((resolve) => { this.#waiting = resolve; });
		this.#take("");
		let given;
		line.then((text) => { given = text; });
		return until(what, seconds, () => this.#alive() && given, { quiet: true });
	}

	/** Runs a script of bash as root and returns what it prints. Throws where it fails. */
	async run(script, { seconds = COMMAND_SECONDS, mayFail = false } = {}) {
		this.#serial.write(`${Buffer.from(script).toString("base64")}\n`);
		const [code, words] = (await this.#line(seconds, `"${script}" ends`)).split(" ");
		const output = Buffer.from(words ?? "", "base64").toString();
		if (code !== "0" && !mayFail)
			throw new Error(`in the VM: ${script}: exit code ${code}\n${output}`);
		return output.trimEnd();
	}

	/** What spatectl answers there as JSON. */
	async spatectl(...words) {
		return JSON.parse(await this.run(`spatectl --json ${words.join(" ")}`));
	}

	async end(failed) {
		this.#listener.close();
		this.#serial?.destroy();
		if (this.#child && this.#child.exitCode === null && this.#child.signalCode === null) {
			const gone = new Promise((resolve) => this.#child.once("exit", resolve));
			this.#child.kill("SIGKILL");
			await gone;
		}
		if (failed)
			console.log(`--- the VM's console\n${this.console}`);
	}
}
