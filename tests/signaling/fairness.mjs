// SPDX-License-Identifier: Apache-2.0
// What one client may cost the others: in a large room pauses at its allowed rate and an end, on a
// small server the tables.
// Prints what it cost the control plane: VIEWERS=2000 node tests/signaling/fairness.mjs
import { readFileSync } from "node:fs";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, videoParameters } from "./client.mjs";

const VIEWERS = Number(process.env.VIEWERS ?? 300);
const JOINS_AT_ONCE = 50;
const TOGGLES = 150, TOGGLE_MS = 20;
const TICKS_PER_SECOND = 100; // of /proc/PID/stat

/** Asks for a small page again and again: its longest time is the longest stop of the loop. */
class Probe {
	worstMs = 0;
	#ends = false;
	#done = this.#run();

	async #run() {
		while (!this.#ends) {
			const began = performance.now();
			await new Promise((resolve, reject) => get(`${ORIGIN}/healthz`, { agent: false },
				(response) => response.resume().once("end", resolve)).once("error", reject));
			this.worstMs = Math.max(this.worstMs, performance.now() - began);
			await sleep(2);
		}
	}

	async end() {
		this.#ends = true;
		await this.#done;
	}
}

function cpuSeconds(pid) {
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
	return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** What `body` costs the control plane, printed. */
async function measured(words, servers, body) {
	const probe = new Probe(), before = cpuSeconds(servers.controlplane.pid), began = performance.now();
	await body();
	const seconds = (performance.now() - began) / 1000, cpu = cpuSeconds(servers.controlplane.pid) - before;
	await probe.end();
	log(`      ${words}: ${VIEWERS} viewers, ${cpu.toFixed(2)} s of CPU in ${seconds.toFixed(1)} s, ` +
		`longest answer ${probe.worstMs.toFixed(0)} ms`);
}

async function audience() {
	const viewers = [];
	while (viewers.length < VIEWERS)
		viewers.push(...await Promise.all(Array.from({ length: Math.min(JOINS_AT_ONCE, VIEWERS - viewers.length) },
			() => Client.join("large"))));
	return viewers;
}

function states(viewer) {
	return viewer.messages.filter((m) => /^producer(Paused|Resumed)$/.test(m.type)).map((m) => m.type);
}

async function pausesCostNothing(host, producerId, viewers, servers) {
	await measured("pauses", servers, async () => {
		for (let i = 0; i < TOGGLES; i++) {
			await host.ask(i % 2 === 0 ? "pauseProducer" : "resumeProducer", { producerId });
			await sleep(TOGGLE_MS);
		}
		await host.ask("pauseProducer", { producerId });
		await until("every viewer knows that it is paused", 5,
			() => viewers.every((v) => states(v).at(-1) === "producerPaused"));
	});
	const most = Math.max(...viewers.map((v) => states(v).length));
	check(most <= 8, `${TOGGLES + 1} changes within seconds are told as ${most}`);
	check(await metric("room_notices_merged_total") > 100, "the others are counted as merged");
}

async function anEndIsTold(host, viewers, servers) {
	const all = (v, type) => v.messages.filter((m) => m.type === type);
	const inOrder = (v) => all(v, "consumerClosed").every(({ data }) => v.messages.findIndex((m) =>
		m.data.consumerId === data.consumerId) < v.messages.findIndex((m) =>
		m.type === "producerClosed" && m.data.producerId === data.producerId));
	await measured("the end", servers, async () => {
		await host.end();
		await until("every viewer hears of the end", 20, 
			() => viewers.every((v) => all(v, "producerClosed").length === 2));
	});
	check(viewers.every((v) => all(v, "consumerClosed").length === 2 && inOrder(v)),
		"consumers close before their producers, once");
	check(await metric("consumers") === 0, "none is left");
}

/** A table of 16: one address gets half of it, which is free for all, and another one still its share. */
async function oneAddressLeavesSomeForOthers() {
	const greedy = [await Client.join("a"), await Client.join("b"), await Client.join("c")];
	for (const client of greedy.slice(0, 2))
		for (let i = 0; i < 4; i++)
			await client.transport("recv");
	await greedy[2].fails("one address takes no more than half", "createWebRtcTransport", { purpose: "recv" },
		"too-many", "this address has 8 transports");
	const other = await Client.open("?room=a", { host: "[::1]" });
	for (let i = 0; i < 4; i++)
		await other.transport("recv");
	await other.fails("another one gets its share", "createWebRtcTransport", { purpose: "recv" }, "too-many");
	check(await metric('share_refused_total{table="transports",reason="share"}') === 1, "the refusal is counted");
	await Promise.all([...greedy, other].map((client) => client.end()));
}

await test(async ({ defer }) => {
	const servers = new Servers({ limits: { share_percent: 100, connects_per_second: 1000,
		messages_per_address: 100000, connections_per_address: VIEWERS + 10, transports: 2 * VIEWERS + 100,
		consumers: 4 * VIEWERS + 100 } });
	defer(() => servers.end());
	await servers.start();
	const host = await Client.join("large"), viewers = await audience();
	const { id: transportId } = await host.transport("send");
	const { id: audio } = await host.ask("produce", { transportId, kind: "audio", rtpParameters: audioParameters() });
	const { id: video } = await host.ask("produce", { transportId, kind: "video", rtpParameters: videoParameters() });
	await until("every viewer hears of both", 10,
		() => viewers.every((v) => v.messages.filter((m) => m.type === "newProducer").length === 2));
	await pausesCostNothing(host, video, viewers, servers);
	for (const viewer of viewers) {
		await viewer.transport("recv");
		for (const producerId of [audio, video])
			await viewer.ask("consume", { producerId, rtpCapabilities: viewer.capabilities });
	}
	await anEndIsTold(host, viewers, servers);
	await servers.end();

	const small = new Servers({ limits: { transports: 16 } });
	defer(() => small.end());
	await small.start();
	await oneAddressLeavesSomeForOthers();
});
