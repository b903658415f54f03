// SPDX-License-Identifier: Apache-2.0
// Runs a test inside a network namespace of its own: the outer process makes it, starts the
// same script again inside, and afterwards ends whatever is still running in there and
// removes it. So nothing a test does can reach the machine's network, and nothing stays.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const INSIDE = "SPATE_E2E_INSIDE";
const WORK = "SPATE_E2E_WORK";
const SKIP = 77;

export function isInside() {
	return process.env[INSIDE] !== undefined;
}

/** The name of another namespace that runInside() was asked for, "phone" for example. */
export function namespaceOf(who) {
	return `${process.env[INSIDE]}-${who}`;
}

/** A directory of this test run's own, removed with the namespace. */
export function workDir() {
	return process.env[WORK];
}

function ip(...args) {
	return spawnSync("ip", args, { encoding: "utf8" });
}

/** Every process in the namespace descends from this test: the namespace is its own. */
function pidsIn(name) {
	return ip("netns", "pids", name).stdout.split("\n").filter(Boolean).map(Number);
}

function signalAll(pids, signal) {
	for (const pid of pids) {
		try {
			process.kill(pid, signal);
		} catch {
			// It ended in the meantime.
		}
	}
}

async function remove(name) {
	for (const signal of ["SIGTERM", "SIGKILL"]) {
		if (pidsIn(name).length === 0)
			break;
		signalAll(pidsIn(name), signal);
		for (let i = 0; i < 30 && pidsIn(name).length > 0; i++)
			await sleep(100);
	}
	ip("netns", "del", name);
}

/**
 * New addresses are valid at once, without the second that duplicate address detection takes: when
 * an address becomes valid, Chromium ends each request that is under way (ERR_NETWORK_CHANGED).
 */
function prepare(name) {
	ip("netns", "exec", name, "sh", "-c", "cd /proc/sys/net/ipv6/conf; for i in all default; do echo 0 >$i/accept_dad; done");
	ip("-n", name, "link", "set", "lo", "up");
}

/**
 * The outer process: returns the inner one's exit code. Further namespaces, `others`, are made
 * and removed along with the test's, for a browser on another machine.
 */
export async function runInside(limitSeconds, others = []) {
	const name = `spate-e2e-${process.pid}`;
	const names = [name, ...others.map((who) => `${name}-${who}`)];
	const made = ip("netns", "add", name);
	if (made.status !== 0) {
		console.log(`SKIP: no network namespace can be made (root needed): ${made.stderr ?? made.error}`);
		return SKIP;
	}
	const work = mkdtempSync(join(tmpdir(), "spate-e2e-"));
	let code = 1;
	try {
		for (const other of names.slice(1))
			ip("netns", "add", other);
		for (const each of names)
			prepare(each);
		const child = spawn("ip", ["netns", "exec", name, process.execPath, ...process.argv.slice(1)],
			{ stdio: "inherit", env: { ...process.env, [INSIDE]: name, [WORK]: work } });
		for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
			process.once(signal, () => child.kill("SIGTERM"));
		const timer = setTimeout(() => {
			console.log(`FAIL: not done within ${limitSeconds} s`);
			child.kill("SIGTERM");
		}, limitSeconds * 1000);
		code = await new Promise((resolve) => child.once("exit", (status) => resolve(status ?? 1)));
		clearTimeout(timer);
	} finally {
		for (const each of names)
			await remove(each);
		rmSync(work, { recursive: true, force: true });
	}
	return code;
}
