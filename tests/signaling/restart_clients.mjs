// SPDX-License-Identifier: Apache-2.0
// The control plane is killed and started again while a host sends to viewers of both dialects: nobody
// loses a packet, and all come back with their tokens and find what they had, also one that takes
// longer than media.sweep_s and resume.grace_s. Who is new joins and hears within 2 s.
import { execFileSync } from "node:child_process";
import { Agent } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { workDir } from "../e2e/lib/namespace.mjs";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { roomNow } from "../e2e/lib/spatectl.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { SocketClient } from "./socket_client.mjs";
import { Transports } from "./transports.mjs";

const SWEEP_S = 1, GRACE_S = 1;
const SPATECTL = join(buildDir, "tools/spatectl");

/** The two dialects, and the second one over both of its carriers. */
const PLAIN = {
	name: "plain",
	join: () => Client.join("show"),
	resume: (token) => Client.open(`?room=show&resume=${token}`),
	given: async (client) => (await client.heard("resumed")).data,
	create: (client, purpose) => client.ask("createWebRtcTransport", { purpose }),
	connect: "connectWebRtcTransport",
};
const SOCKETS = ["websocket", "polling"].map((transport) => ({
	name: `Socket.IO over ${transport}`,
	join: () => SocketClient.join("show", { transports: [transport], agent: new Agent() }),
	resume: async (token) => {
		const client = await SocketClient.open({ transports: [transport], auth: { resume: token } });
		client.room = "show";
		return client;
	},
	given: (client) => client.heard("resumed"),
	create: (client, direction) => client.ask("createTransport", { direction }),
	connect: "connectTransport",
}));

/** A client with a connected transport; `kept` is what it has to be given back. */
class Peer {
	constructor(dialect, client, media) {
		Object.assign(this, { dialect, client, media });
	}

	static async join(dialect, purpose, media) {
		const peer = new Peer(dialect, await dialect.join(), media);
		const { client } = peer;
		const given = await dialect.create(client, purpose);
		const { id, transportId = id } = given;
		await client.ask(dialect.connect, { transportId, dtlsParameters: media.dtlsParameters("client") });
		peer.transportId = transportId;
		peer.wire = media.open(given, "client");
		peer.kept = { transports: [id], producers: [], consumers: [] };
		await until(`${dialect.name} connects`, 5, () => media.connected.has(peer.wire), { quiet: true });
		return peer;
	}

	async watch(producerId) {
		const { client, transportId } = this;
		const consumer = await client.ask("consume", { transportId, producerId, rtpCapabilities: client.capabilities });
		await client.ask("resumeConsumer", { consumerId: consumer.id });
		this.kept.consumers.push(consumer.id);
	}

	async hears(packets) {
		const before = (await this.media.received(this.wire)).packets;
		await until(`${this.dialect.name} hears`, 5, async () =>
			(await this.media.received(this.wire)).packets >= before + packets, { quiet: true });
	}

	/** On a new connection, as its old one is gone. */
	async resume() {
		const { dialect, kept } = this;
		await until("it has a token", 2, () => this.client.resume !== null, { quiet: true });
		this.client = Object.assign(await dialect.resume(this.client.resume), { capabilities: this.client.capabilities });
		const { transports, producers, consumers } = await dialect.given(this.client);
		const now = { transports: transports.map((t) => t.id), producers: producers.map((p) => p.id),
			consumers: consumers.map((c) => c.id) };
		check(JSON.stringify(now) === JSON.stringify(kept) && transports[0].state === "connected" &&
			(transports[0].transportId ?? transports[0].id) === this.transportId, `${dialect.name} has what it had`);
		return { producers, consumers };
	}
}

const ready = async () => (await fetch(`${ORIGIN}/readyz`).catch(() => ({ ok: false }))).ok;

/** A new client of the JSON dialect hears the host. */
async function newcomer(producerId, media) {
	const begun = Date.now();
	const peer = await Peer.join(PLAIN, "recv", media);
	await peer.watch(producerId);
	await peer.hears(1);
	const ms = Date.now() - begun;
	check(ms < 2000, `who is new joins and hears within 2 s (${ms} ms)`);
	await peer.client.end();
	media.close(peer.wire, false);
}

async function restart(signal, { servers, media, host, viewers, paused, late, producerId }) {
	log(`----  ${signal}`);
	await servers.controlplane.end(signal);
	await viewers[0].hears(5);
	await servers.startControlplane();
	await until("clients can join", 5, ready, { quiet: true });
	const killed = Date.now();
	await newcomer(producerId, media);
	const all = [host, ...viewers, paused, late];
	check(await metric('restored_objects{object="transport"}') === all.length &&
		await metric('restored_objects{object="consumer"}') === all.length - 1 &&
		await metric("resume_lost") === all.length, "everybody is there, and may come back");
	const { producers } = await host.resume();
	check(producers[0].paused === false, "the host sends");
	const { id: second } = await host.client.ask("produce",
		{ transportId: host.transportId, kind: "audio", rtpParameters: audioParameters() });
	for (const viewer of viewers) {
		await viewer.resume();
		const { producerId: told } = viewer.dialect === PLAIN ? (await viewer.client.heard("newProducer")).data :
			await viewer.client.heard("newProducer");
		check(told === second, "and hears of what began meanwhile");
	}
	await host.client.ask("closeProducer", { producerId: second });
	check((await paused.resume()).consumers[0].paused, "who has paused is paused");
	await sleep(killed + (Math.max(SWEEP_S, GRACE_S) + 1) * 1000 - Date.now());
	await late.resume();
	const { peers, transports } = roomNow("show");
	check(peers === all.length && transports === all.length, "nobody is there twice, and nobody is missing");
	check(await metric('dtls_handshakes_total{result="ok"}') === 1, "only who was new made a DTLS handshake");
	await host.client.ask("pauseProducer", { producerId });
	await host.client.ask("resumeProducer", { producerId });
	for (const { client, kept } of viewers)
		await client.ask("requestKeyFrame", { consumerId: kept.consumers[0] });
	check(await metric("resumes_total") === all.length, "and all go on as before");
}

/** A drain goes on with the clients that are given back, and ends none of them before they could come back. */
async function drained({ servers, host, viewers, paused, late }) {
	log("----  the node is killed while it is drained");
	execFileSync(SPATECTL, ["--run-dir", join(workDir(), "run"), "drain", "--deadline", "120"]);
	await servers.controlplane.end("SIGKILL");
	await servers.startControlplane();
	await until("everybody is there", 5, async () => await metric("resume_lost") === viewers.length + 3, { quiet: true });
	const stranger = await Client.open("?room=show");
	check((await stranger.heard("error")).data.message.startsWith("this server is being drained"), "nobody new is let in");
	for (const peer of [host, ...viewers, paused, late]) {
		await peer.resume();
		const { deadlineMs } = peer.dialect === PLAIN ? (await peer.client.heard("draining")).data :
			await peer.client.heard("draining");
		check(deadlineMs > 60000 && deadlineMs < 120000, "who comes back is told so");
	}
	execFileSync(SPATECTL, ["--run-dir", join(workDir(), "run"), "undrain"]);
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { sweep_s: SWEEP_S }, resume: { grace_s: GRACE_S, max_s: 60 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());

	const host = await Peer.join(PLAIN, "send", media);
	const rtpParameters = audioParameters();
	const { id: producerId } = await host.client.ask("produce",
		{ transportId: host.transportId, kind: "audio", rtpParameters });
	host.kept.producers.push(producerId);
	media.send(host.wire, rtpParameters.encodings[0].ssrc, rtpParameters.codecs[0].payloadType);
	const watch = async (dialect) => {
		const peer = await Peer.join(dialect, "recv", media);
		await peer.watch(producerId);
		await peer.hears(5);
		return peer;
	};
	const viewers = [await watch(PLAIN), await watch(SOCKETS[0]), await watch(SOCKETS[1])];
	const paused = await watch(PLAIN), late = await watch(SOCKETS[0]);
	await paused.client.ask("pauseConsumer", { consumerId: paused.kept.consumers[0] });
	await sleep(200); // the first blob of a transport is not waited for

	const everything = { servers, media, host, viewers, paused, late, producerId };
	await restart("SIGKILL", everything);
	await restart("SIGTERM", everything); // what was restored can be restored again
	await drained(everything);

	await paused.client.ask("resumeConsumer", { consumerId: paused.kept.consumers[0] });
	await paused.hears(5);
	for (const viewer of [...viewers, late]) {
		await viewer.hears(1);
		const { packets, missing } = await media.received(viewer.wire);
		check(missing === 0, `${viewer.dialect.name}: of ${packets} packets ${missing} are missing`);
	}
	for (const peer of [...viewers, paused, late, host])
		await peer.client.end();
	await until("nothing is left", 5, async () => await metric("rooms") === 0 && await metric("dataplane_transports") === 0);
	check(!servers.dataplane.output.includes("swept"), "nothing had to be swept");
});
