// SPDX-License-Identifier: Apache-2.0
// spatectl drain: /readyz says no, nobody new comes in, who is inside goes on and is told, WHEP players are moved
// at a rate, and at the deadline, or without viewers, everybody is ended while the process stays. undrain reverses it.
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { Reader } from "./event_reader.mjs";
import { SocketClient } from "./socket_client.mjs";

const PLAYERS = 5, RATE = 2, ELSEWHERE = "https://b.example/spate";
const SPATECTL = join(buildDir, "tools/spatectl");
const words = (...args) => ["--run-dir", join(workDir(), "run"), ...args];
const ctl = (...args) => execFileSync(SPATECTL, words(...args), { encoding: "utf8" });
/* The status of a node that takes nobody is a problem: spatectl says so by its exit code, too. */
const state = () => JSON.parse(spawnSync(SPATECTL, words("status", "--json"), { encoding: "utf8" }).stdout).controlplane.drain;

function offer(name) {
	return readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
}

function post(path, name, query = "") {
	return fetch(`${ORIGIN}${path}${query}`, { method: "POST", body: offer(name), headers: { "content-type": "application/sdp" } });
}

async function begins(path, name) {
	const response = await post(path, name);
	check(response.status === 201, `${path} begins (${response.status})`);
	return response.headers.get("location");
}

async function readerOf(location) {
	const made = await fetch(`${location}/events`, { method: "POST" });
	check(made.status === 201, "the player reads events");
	const reader = await Reader.open(made.headers.get("location"));
	await reader.heard("active");
	return reader;
}

async function readyz() {
	const response = await fetch(`${ORIGIN}/readyz`);
	return `${response.status} ${(await response.json()).reasons.map(({ code }) => code).join()}`.trim();
}

/** Nobody new is let in, whatever way it takes, and each is told why in the form of that way. */
async function refusals() {
	for (const room of ["show", "another"]) {
		const client = await Client.open(`?room=${room}`);
		const { data } = await client.heard("error");
		check(data.code === "unavailable" && data.message.startsWith("this server is being drained"),
			`JSON, room ${room}: ${JSON.stringify(data)}`);
		await client.closes("and the socket", 1013);
		const socket = await SocketClient.open();
		await socket.fails(`Socket.IO, room ${room}`, "getRouterRtpCapabilities", { roomId: room }, "unavailable",
			"this server is being drained");
		socket.socket.disconnect();
		for (const [path, name] of [["/whip/", "obs-30.1"], ["/whep/", "chromium-whep"]]) {
			const response = await post(path + room, name);
			const problem = await response.json();
			check(response.status === 503 && Number(response.headers.get("retry-after")) > 0 &&
				problem.detail.startsWith("this server is being drained"), `${path}${room}: ${response.status}`);
		}
	}
}

async function draining(everybody) {
	const { viewer, socket, readers, locations, silent, host } = everybody;
	const begun = Date.now();

	check(ctl("drain", "--deadline", "120") === "draining: 8 viewers, 120 s left\n", "it drains");
	const { data } = await viewer.heard("draining");
	check(data.url === ELSEWHERE && data.deadlineMs > 60000 && data.deadlineMs <= 120000, `viewers are told: ${JSON.stringify(data)}`);
	check((await socket.heard("draining")).url === ELSEWHERE, "over Socket.IO, too");
	check(await readyz() === "503 draining", "/readyz says so");
	check((await fetch(`${ORIGIN}/healthz`)).status === 200, "/healthz does not: there is nothing to restart");
	await refusals();

	await viewer.transport("recv");
	check((await viewer.request("getProducers", {})).type === "getProducers", "who is inside goes on");
	const again = await Client.open("?room=show&user=anna");
	await again.heard("rtpCapabilities");
	check((await again.heard("draining")).data.url === ELSEWHERE, "and may come back, and is told, too");
	check((await fetch(host)).status === 204 && (await fetch(silent)).status === 204, "sessions of WHIP and WHEP stay");

	for (const reader of readers)
		check((await reader.heard("reconnect")).url === `${ELSEWHERE}/whep/show`, "a player is told where to play");
	const seconds = (Date.now() - begun) / 1000;
	check(seconds >= (PLAYERS - 1) / RATE - 0.6, `${PLAYERS} players are moved at ${RATE} a second, in ${seconds} s`);
	check((await fetch(locations.at(-1))).status === 204, "its picture goes on while it finds the other one");
	await until("and then its session ends", 10, async () => (await fetch(locations.at(-1))).status === 404, { quiet: true });
	check((await fetch(silent)).status === 204, "who cannot be told stays");
	check(await metric("drain_moved_total") === PLAYERS && await metric("draining") === 1 && await metric("drained") === 0 &&
		await metric("drain_refused_total") >= 8 && await metric("drain_deadline_seconds") > 0, "/metrics counts it");
	const shown = state();
	check(shown.state === "draining" && shown.moved === PLAYERS && shown.deadline_s <= 120, `spatectl shows it: ${JSON.stringify(shown)}`);
	return again;
}

async function undrained({ viewer, socket }) {
	check(ctl("undrain").startsWith("clients can join again"), "undrain");
	await viewer.heard("drainingEnded");
	await socket.heard("drainingEnded");
	check(await readyz() === "200", "/readyz says yes");
	check(state() === undefined, "spatectl has no drain any more");
	const fresh = await Client.join("show");
	await fresh.end();
}

async function ended({ viewer, again, socket, silent, host }, servers) {
	const { stdout } = await promisify(execFile)(SPATECTL, words("drain", "--deadline", "2", "--wait"));
	check(/^draining: 4 viewers, 2 s left\n/.test(stdout) && /\ndrained: 0 viewers, 0 s left\n$/.test(stdout),
		`--wait returns when nobody is left: ${JSON.stringify(stdout)}`);
	await viewer.closes("at the deadline a viewer", 1001);
	await again.closes("and another", 1001);
	await until("and one of Socket.IO is ended", 5, () => socket.closed !== null);
	check((await fetch(silent)).status === 404 && (await fetch(host)).status === 404, "sessions of WHIP and WHEP are, too");
	check(servers.controlplane.running && await readyz() === "503 draining" && await metric("drained") === 1 &&
		await metric("rooms") === 0 && await metric("transports") === 0, "the process stays, and is empty");
	for (const line of ["drain-begun deadline_s=2", 'drain-ending reason="deadline"', "control drained"])
		check(servers.controlplane.output.includes(line), `the log says ${line}`);
	await refusals();
}

/** The node is drained until somebody undrains it, whatever process is there. */
async function overRestart(servers) {
	for (const signal of ["SIGKILL", "SIGTERM"]) {
		await servers.controlplane.end(signal);
		await servers.startControlplane();
		check(/^503 .*draining/.test(await readyz()), `drained after ${signal}`);
		await refusals();
		await until("and nobody is there", 5, () => state().state === "drained", { quiet: true });
	}
}

await test(async ({ defer }) => {
	const servers = new Servers({ drain: { moves_per_second: RATE, url: ELSEWHERE } });
	defer((failed) => servers.end(failed));
	await servers.start();

	const host = await begins("/whip/show", "obs-30.1");
	const viewer = await Client.open("?room=show&user=anna");
	await viewer.heard("rtpCapabilities");
	const socket = await SocketClient.join("show");
	const locations = [], readers = [];
	for (let i = 0; i < PLAYERS; i++) {
		locations.push(await begins("/whep/show", "chromium-whep"));
		readers.push(await readerOf(locations[i]));
	}
	const silent = await begins("/whep/show", "chromium-whep");
	const everybody = { viewer, socket, readers, locations, silent, host };
	everybody.again = await draining(everybody);
	await undrained(everybody);
	await ended(everybody, servers);

	await overRestart(servers);
	check(ctl("undrain").startsWith("clients can join again; 0 peers"), "a drained node takes clients again");
	await servers.controlplane.end("SIGKILL");
	await servers.startControlplane();
	check(state() === undefined, "and does so after a restart");
	await until("clients can join", 5, async () => await readyz() === "200", { quiet: true });
	const last = await begins("/whip/show", "obs-30.1");
	ctl("drain");
	await until("without viewers it is over at once", 5, () => state().state === "drained");
	check((await fetch(last)).status === 404, "the publisher goes where its viewers are");
});
