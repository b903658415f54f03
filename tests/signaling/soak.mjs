// SPDX-License-Identifier: Apache-2.0
// Rooms opened, filled and closed, over and over: a host with two streams and two viewers in
// each, one in either dialect, with real ICE and DTLS. Afterwards every count of both processes
// is where it was before the first, and the control plane's memory where it was after the first hundreds.
//
//   node soak.mjs [ROOMS]
import { readFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, videoParameters } from "./client.mjs";
import { metrics } from "../e2e/lib/metrics.mjs";
import { SocketClient } from "./socket_client.mjs";
import { Transports } from "./transports.mjs";

const ROOMS = Number(process.argv[2] ?? 1000);
const WARM = 200; // rooms after which memory is taken down
const AT_ONCE = 40;
/*
 * What the heap may grow after WARM rooms. The objects in use do not grow: 1,403 KB after 1,100 rooms, 1,407 KB after
 * 2,600. Pages that trimming finds partly in use make a difference of up to 1 MiB from one time to the next.
 */
const SLACK_BYTES = 2 * 1024 * 1024;
const TRIMMED_BYTES = 3 * 1024 * 1024; // more than at first; trimming has left 1.7 to 3.0 MiB
const SETTINGS = { log: { level: "warn" }, rooms: { grace_s: 1 },
	limits: { connects_per_second: 1000, handshakes_per_second: 1000, messages_per_address: 100000 } };

/** What has to be exactly where it was. */
const COUNTS = ["rooms", "rooms_grace", "rooms_closing", "peers", "transports", "producers", "consumers", "sockets",
	'engineio_sessions{transport="polling"}', 'engineio_sessions{transport="websocket"}', "engineio_polls_held",
	"timers", "dataplane_transports", "dataplane_producers", "dataplane_consumers", "mbufs_free"];

async function counts() {
	const now = await metrics();
	const missing = COUNTS.filter((name) => now[`spate_${name}`] === undefined);
	if (missing.length > 0)
		throw new Error(`/metrics does not say ${missing.join(", ")}`);
	return Object.fromEntries(COUNTS.map((name) => [name, now[`spate_${name}`]]));
}

/**
 * The resident memory of the control plane's own: heap and stacks. The memory that it shares with the data plane has a
 * fixed size. It becomes resident as rings and slots are used for the first time: 3.9 MiB after 100 rooms, 5.0 MiB
 * after 600 and after 3,100.
 */
function memory(pid) {
	return Number(readFileSync(`/proc/${pid}/status`, "utf8").match(/RssAnon:\s+(\d+) kB/)[1]) * 1024;
}

/** One line to the operator's socket. */
function operator(request) {
	return new Promise((resolve, reject) => {
		const socket = net.connect(join(workDir(), "run/control/socket"));
		let text = "";
		socket.on("data", (data) => { text += data; });
		socket.on("end", () => resolve(JSON.parse(text)));
		socket.on("error", reject);
		socket.end(`${JSON.stringify(request)}\n`);
	});
}

/** A transport of a client of the JSON dialect, connected for real. */
async function connectA(client, media, purpose) {
	const made = await client.transport(purpose);
	const name = media.open(made, "client");
	await client.ask("connectWebRtcTransport", { transportId: made.id, dtlsParameters: media.dtlsParameters("client") });
	return { id: made.id, name };
}

async function connectB(client, media, direction) {
	const made = await client.transport(direction);
	const name = media.open(made, "client");
	await client.ask("connectTransport", { transportId: made.transportId,
		dtlsParameters: media.dtlsParameters("client") });
	return { id: made.transportId, name };
}

/** Four ends that a room can have; each resolves when it has come. */
const ENDS = [
	async function byItsHost({ host, hears }) {
		await host.ask("closeRoom");
		await hears();
	},
	async function byTheOperator({ room, hears }) {
		const answer = await operator({ cmd: "room-close", room });
		if (!answer.ok)
			throw new Error(answer.error);
		await hears();
	},
	async function byTheGraceTime({ host, hears }) {
		host.end();
		await hears();
	},
	async function becauseAllLeave() {},
];

async function oneRoom(number, media) {
	const room = `soak-${number}`;
	const host = await SocketClient.join(room);
	const [a, b] = await Promise.all([Client.join(room), SocketClient.join(room)]);
	const names = [];
	const sends = await connectB(host, media, "send");
	const producers = [
		await host.ask("produce", { transportId: sends.id, kind: "audio", rtpParameters: audioParameters() }),
		await host.ask("produce", { transportId: sends.id, kind: "video", rtpParameters: videoParameters() }),
	];
	const [toA, toB] = await Promise.all([connectA(a, media, "recv"), connectB(b, media, "recv")]);
	names.push(sends.name, toA.name, toB.name);
	for (const { id: producerId } of producers) {
		await a.ask("consume", { producerId, rtpCapabilities: a.capabilities });
		const { id } = await b.ask("consume", { transportId: toB.id, producerId, rtpCapabilities: b.capabilities });
		await b.ask("resumeConsumer", { consumerId: id });
	}
	await until(`${room} has its media`, 10, () => names.every((name) => media.connected.has(name)), { quiet: true });
	const hears = () => Promise.all([a.heard("roomClosed"), b.heard("roomClosed")]);
	await ENDS[number % ENDS.length]({ room, host, hears });
	for (const name of names)
		media.close(name, number % 3 === 0);
	host.end();
	b.end();
	await a.end();
}

async function rooms(from, to, media) {
	for (let next = from; next < to; next += AT_ONCE) {
		await Promise.all(Array.from({ length: Math.min(AT_ONCE, to - next) }, (_, i) => oneRoom(next + i, media)));
		log(`${Math.min(next + AT_ONCE, to)} rooms`);
	}
}

async function backTo(start) {
	let now;
	const differs = () => COUNTS.filter((name) => now[name] !== start[name]);
	for (const end = Date.now() + 15000; ; await sleep(200)) {
		now = await counts();
		if (differs().length === 0 || Date.now() > end)
			break;
	}
	for (const name of COUNTS)
		check(now[name] === start[name], `${name}: ${now[name]} (${start[name]} at first)`);
}

/** What handshakes leave in the heap goes back when trimming it has become cheap enough: some seconds. */
async function restingMemory(pid, enough) {
	for (const end = Date.now() + 30000; Date.now() < end && memory(pid) > enough; )
		await sleep(500);
	return memory(pid);
}

await test(async ({ defer }) => {
	const servers = new Servers(SETTINGS);
	defer((failed) => servers.end(failed));
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());
	await sleep(1500); // the data plane brings its counts up to date each second
	const start = await counts();
	const { pid } = servers.controlplane;
	const first = memory(pid);

	await rooms(0, WARM, media);
	await backTo(start);
	const warm = await restingMemory(pid, first + TRIMMED_BYTES);
	await rooms(WARM, ROOMS, media);
	await backTo(start);
	const grown = await restingMemory(pid, warm + SLACK_BYTES / 2) - warm;
	check(grown <= SLACK_BYTES, `memory after ${ROOMS} rooms: ${(grown / 1024).toFixed(0)} KiB more than after ${WARM} ` +
		`(${(warm / 1048576).toFixed(1)} MiB; ${(first / 1048576).toFixed(1)} MiB at first)`);
	check(media.counts.failed === 0, `${media.counts.connected} transports connected, none failed`);
}, { limit: 280 });
