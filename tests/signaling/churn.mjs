// SPDX-License-Identifier: Apache-2.0
// Clients that come, do anything in any order and go, politely or not, while the data plane
// dies now and then. Afterwards nothing may be left of them in either process, and the
// control plane ends in the middle of a second crowd, with success.
//
//   node churn.mjs [SECONDS [SEED]]
//
// The seed decides what each client does; what meets what is up to the machine.
import { readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "../e2e/lib/namespace.mjs";
import { metric } from "../e2e/lib/metrics.mjs";
import { artifact, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, dtlsParameters, videoParameters } from "./client.mjs";
import { Transports } from "./transports.mjs";

const SECONDS = Number(process.argv[2] ?? 20);
const SEED = Number(process.argv[3] ?? Date.now() % 1e6);
const CROWD = 24; // clients at a time
const ROOMS = 3;
const KILL_EVERY_S = 12;
/* Small tables, so that the data plane often has to refuse. */
const SETTINGS = { log: { level: "debug" }, media: { consent_s: 10 }, resume: { grace_s: 1 },
	limits: { connects_per_second: 1000, handshakes_per_second: 1000, messages_per_address: 100000, share_percent: 100, reserve_percent: 0, transports: 40, producers: 24, consumers: 48,
		connections_per_address: 100,
		messages_per_second: 1000 } };

/** Numbers below `n`, the same for the same seed (mulberry32). */
function random(seed) {
	let a = seed >>> 0;
	return (n) => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % n;
	};
}

/** One client: what it has, and what it may do next. */
class Person {
	transports = [];
	mine = { producerId: [], consumerId: [] };
	#client;
	#dice;
	#media;

	constructor(client, media, dice) {
		this.#client = client;
		this.#media = media;
		this.#dice = dice;
	}

	#pick(list) {
		return list[this.#dice(list.length)];
	}

	#any(id) {
		return this.#pick(this.mine[id]) ?? "none";
	}

	#transport(purpose) {
		return this.#pick(this.transports.filter((t) => t.purpose === purpose))?.id ?? "none";
	}

	/** Producers it heard of, gone or not. */
	#seen() {
		return this.#client.messages.filter((m) => m.type === "newProducer").map((m) => m.data.producerId);
	}

	/** A request of any kind: [type, data]. */
	#wish() {
		const kind = this.#pick(["audio", "video"]);
		return this.#pick([
			["createWebRtcTransport", { purpose: "send" }],
			["createWebRtcTransport", { purpose: "recv" }],
			["connectWebRtcTransport", { transportId: this.#pick(this.transports)?.id ?? "none" }],
			["produce", { transportId: this.#transport("send"), kind, paused: this.#dice(4) === 0,
				rtpParameters: kind === "audio" ? audioParameters() : videoParameters() }],
			["consume", { producerId: this.#pick(this.#seen()) ?? "none", paused: this.#dice(4) === 0,
				rtpCapabilities: this.#client.capabilities }],
			["consume", { producerId: this.#pick(this.#seen()) ?? "none", transportId: this.#transport("recv"),
				rtpCapabilities: this.#client.capabilities }],
			["pauseProducer", { producerId: this.#any("producerId") }],
			["resumeProducer", { producerId: this.#any("producerId") }],
			["closeProducer", { producerId: this.#any("producerId") }],
			["pauseConsumer", { consumerId: this.#any("consumerId") }],
			["resumeConsumer", { consumerId: this.#any("consumerId") }],
			["requestKeyFrame", { consumerId: this.#any("consumerId") }],
			["closeConsumer", { consumerId: this.#any("consumerId") }],
			["restartIce", { transportId: this.#pick(this.transports)?.id ?? "none" }],
			["closeTransport", { transportId: this.#pick(this.transports)?.id ?? "none" }],
			["getStats", { transportId: this.#pick(this.transports)?.id }],
			["getStats", { consumerId: this.#any("consumerId") }],
			["getProducers", {}],
		]);
	}

	/** Connects with what it is, with a lie, or before or after the checks begin. */
	async #connect(id) {
		const t = this.transports.find((transport) => transport.id === id);
		if (t === undefined)
			return this.#client.request("connectWebRtcTransport", { transportId: id, dtlsParameters });
		const role = this.#pick(["client", "client", "client", "server"]);
		const early = this.#dice(3) === 0;
		if (early)
			this.#open(t, role);
		const parameters = this.#dice(8) === 0 ? dtlsParameters : this.#media.dtlsParameters(role);
		const reply = await this.#client.request("connectWebRtcTransport",
			{ transportId: id, dtlsParameters: parameters });
		if (!early && reply.type !== "error")
			this.#open(t, role);
		if (this.#dice(2) === 0)
			await sleep(this.#dice(200));
		return reply;
	}

	#open(t, role) {
		t.names.push(this.#media.open(t, role));
	}

	#hangUp(t) {
		for (const name of t.names.splice(0))
			this.#media.close(name, this.#dice(2) === 0);
	}

	async #ask([type, data]) {
		const reply = type === "connectWebRtcTransport" ? await this.#connect(data.transportId)
			: await this.#client.request(type, data);
		const got = reply.data;
		if (reply.type === "error")
			return;
		if (type === "createWebRtcTransport")
			this.transports.push({ ...got, names: [] });
		else if (type === "produce")
			this.mine.producerId.push(got.id);
		else if (type === "consume")
			this.mine.consumerId.push(got.id);
		else if (type === "restartIce")
			Object.assign(this.transports.find((t) => t.id === got.transportId), { iceParameters: got.iceParameters });
		else if (type === "closeTransport")
			this.#hangUp(this.transports.splice(this.transports.findIndex((t) => t.id === got.transportId), 1)[0]);
	}

	async live() {
		for (let i = 5 + this.#dice(30); i > 0 && this.#client.closed === null; i--) {
			await this.#ask(i > 30 ? this.#wish() : this.#likely());
			if (this.#dice(6) === 0)
				await sleep(this.#dice(60));
		}
		// Some leave while they are asking.
		for (let i = this.#pick([0, 0, 3, 12]); i > 0 && this.#client.closed === null; i--) {
			const [type, data] = this.#wish();
			this.#client.send({ type, data });
		}
		if (this.#dice(3) === 0)
			await sleep(this.#dice(5));
		for (const t of this.transports)
			this.#hangUp(t);
		if (this.#dice(2) === 0)
			this.#client.socket.terminate();
		else
			await this.#client.end();
	}

	/** What a real client would ask next, more often than not. */
	#likely() {
		if (this.transports.length === 0)
			return ["createWebRtcTransport", { purpose: this.#pick(["send", "recv"]) }];
		const idle = this.transports.find((t) => t.names.length === 0);
		if (idle !== undefined && this.#dice(3) === 0)
			return ["connectWebRtcTransport", { transportId: idle.id }];
		return this.#wish();
	}
}

/** HTTP that does not keep to any order: half a request, two at once, a body where none belongs. */
async function heckle(dice) {
	const socket = net.connect(PORT, "127.0.0.1");
	socket.on("error", () => {});
	const get = "GET /rooms HTTP/1.1\r\nHost: localhost\r\n\r\n";
	socket.write([get + get, get.slice(0, 20), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
		"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + get, "\x16\x03\x01 not HTTP at all\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"][dice(6)]);
	await sleep(dice(30));
	socket.destroy();
}

/**
 * One place in the crowd, taken by one client after the other until `over()`. What fails once the control plane is
 * `gone()` is no failure. No client stays behind connected: its peer would be taken for one that was not removed.
 */
async function place(media, dice, over, gone) {
	while (!over()) {
		let client = null;
		if (dice(8) === 0)
			await heckle(dice);
		try {
			client = await Client.join(`room${dice(ROOMS)}`);
			await new Person(client, media, dice).live();
		} catch (error) {
			if (!gone())
				throw error;
		} finally {
			client?.socket.terminate();
		}
	}
}

function crowd(media, seed, over, gone) {
	return Promise.all(Array.from({ length: CROWD }, (_, i) => place(media, random(seed * 1000 + i), over, gone)));
}

function status() {
	return new Promise((resolve, reject) => {
		const socket = net.connect(join(workDir(), "run/control/socket"));
		socket.once("error", reject);
		socket.once("end", () => reject(new Error("the administration socket gave no answer")));
		socket.once("data", (data) => {
			socket.destroy();
			resolve(JSON.parse(data));
		});
		socket.write("{\"cmd\":\"status\"}\n");
	});
}

function residentKib(pid) {
	return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

async function nothingLeft(mbufs) {
	let now;
	await until("rooms, peers, transports, producers and consumers are gone", 15, async () => {
		now = await status();
		return now.rooms + now.peers + now.transports + now.producers + now.consumers === 0;
	});
	// The data plane's own statistics are a second old at most.
	await until("the data plane has none either", 15, async () =>
		await metric("dataplane_transports") === 0 && await metric("dataplane_producers") === 0 &&
			await metric("dataplane_consumers") === 0);
	await until(`its packet buffers are free as before (${mbufs})`, 15, async () => await metric("mbufs_free") >= mbufs);
	check(await metric("sockets") === 0, "no WebSocket is open");
}

function checkReports(servers) {
	for (const { name, output } of [servers.dataplane, servers.controlplane]) {
		const report = /^.*(Sanitizer|runtime error:|Assertion).*$/m.exec(output);
		check(report === null, `no report of the ${name} ${report?.[0] ?? ""}`);
	}
}

await test(async ({ defer }) => {
	const servers = new Servers(SETTINGS);
	defer((failed) => servers.end(failed));
	defer((failed) => {
		for (const server of failed ? [servers.dataplane, servers.controlplane] : [])
			writeFileSync(artifact(`churn-${server.name}.log`), server.output);
	});
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());
	await sleep(1500);
	const mbufs = await metric("mbufs_free"), before = residentKib(servers.controlplane.pid);
	log(`seed ${SEED}, ${SECONDS} s, ${CROWD} clients at a time, ${mbufs} packet buffers free`);

	let over = false;
	const end = Date.now() + SECONDS * 1000;
	const gone = () => over || !servers.controlplane.running;
	const everybody = crowd(media, SEED, () => gone() || Date.now() > end, gone);
	const killer = async () => {
		for (let next = Date.now() + KILL_EVERY_S * 1000; next < end - 4000; next += KILL_EVERY_S * 1000) {
			await sleep(next - Date.now());
			await servers.dataplane.end("SIGKILL");
			await servers.startDataplane();
		}
	};
	await Promise.all([everybody, killer()]).finally(() => { over = true; });
	check(servers.controlplane.running, "the control plane is alive");
	log(`${await metric("sockets_accepted_total")} clients; of their transports ${JSON.stringify(media.counts)}`);
	check(media.counts.connected > SECONDS, "DTLS was reached");
	await nothingLeft(mbufs);
	const grown = residentKib(servers.controlplane.pid) - before;
	// AddressSanitizer keeps what was freed for a while.
	const sanitized = /lib[at]san/.test(readFileSync(`/proc/${servers.controlplane.pid}/maps`, "utf8"));
	check(grown < (sanitized ? 640 : 24) * 1024, `the control plane has grown by ${grown} KiB`);

	over = false;
	const second = crowd(media, SEED + 1, () => over, () => over);
	await sleep(2000);
	over = true;
	await servers.controlplane.end();
	check(servers.controlplane.status === 0, `it ends well among clients (${servers.controlplane.status})`);
	await second;
	check(await media.end() === 0, "the clients' media ends well");
	checkReports(servers);
}, { limit: SECONDS + 100 });
