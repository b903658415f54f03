// SPDX-License-Identifier: Apache-2.0
// The whole control plane against a model: clients, WHIP publishers and WHEP players do at random what they
// may and what they may not, and after each few actions the server must have what the model has, say that it
// is well, and have answered as the model says. The same seed makes the same choices.
//
//   [SECONDS=10] [SEED=1] node tests/signaling/model.mjs
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { metrics } from "../e2e/lib/metrics.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";
import { audioParameters, Client, dtlsParameters, layeredParameters, rids, videoParameters } from "./client.mjs";

const SECONDS = Number(process.env.SECONDS ?? 10), SEED = Number(process.env.SEED ?? 1);
const ROOMS = 3, CLIENTS = 8, PUBLISHERS = 3, SESSIONS = 40, ACTIONS_A_CHECK = 10;

let random = SEED * 2654435761 >>> 0 || 1;

/** Below n; xorshift. */
function dice(n) {
	random ^= random << 13;
	random ^= random >>> 17;
	random ^= random << 5;
	random >>>= 0;
	return random % n;
}

const pick = (list) => list[dice(list.length)];

/* --- the model ------------------------------------------------------------------------------------- */

const people = []; // {client, room, send, recv}: transports {id, connected, producers or consumers}
const sessions = []; // WHIP publishers and WHEP players: {location, publishes, room, producers, consumers}

const producers = () => people.flatMap((p) => p.send ? p.send.producers.map((one) => ({ ...one, owner: p })) : []);
const consumers = () => people.flatMap((p) => p.recv ? p.recv.consumers.map((one) => ({ ...one, owner: p })) : []);

function expected() {
	const sum = (list, what) => list.reduce((n, one) => n + what(one), 0);
	return {
		peers: people.length + sessions.length,
		transports: sum(people, (p) => !!p.send + !!p.recv) + sessions.length,
		producers: producers().length + sum(sessions, (s) => s.producers),
		consumers: consumers().length + sum(sessions, (s) => s.consumers),
		sockets: people.length,
	};
}

/** What ends with these producers: their consumers, wherever they are. */
function loseProducers(ids) {
	for (const { recv } of people)
		if (recv)
			recv.consumers = recv.consumers.filter((c) => !ids.includes(c.producerId));
}

function lose(person) {
	people.splice(people.indexOf(person), 1);
	loseProducers(person.send?.producers.map((p) => p.id) ?? []);
}

function same(has, expects) {
	const [a, b] = [has, expects].map((ids) => ids.toSorted().join());
	if (a !== b)
		throw new Error(`who comes back has ${a}, not ${b}`);
}

/* --- what clients do ---------------------------------------------------------------------------------- */

async function join() {
	if (people.length === CLIENTS)
		return;
	const room = `room${dice(ROOMS)}`;
	people.push({ client: await Client.join(room), room, send: null, recv: null });
}

async function leave() {
	if (people.length === 0)
		return;
	const person = pick(people);
	lose(person);
	if (dice(10) > 0)
		await person.client.end();
	else
		person.client.socket.terminate(); // it stays for resume.grace_s
}

/** A client whose connection is lost comes back, and has what it had. */
async function resume() {
	const person = pick(people);
	if (!person?.client.resume)
		return;
	const { resume: token, capabilities } = person.client;
	person.client.socket.terminate();
	person.client = Object.assign(await Client.open(`?room=${person.room}&resume=${token}`), { capabilities });
	const { transports, producers: mine, consumers: watched } = (await person.client.heard("resumed")).data;
	same(transports.map((t) => t.id), [person.send, person.recv].filter((t) => t).map((t) => t.id));
	same(mine.map((p) => p.id), person.send?.producers.map((p) => p.id) ?? []);
	same(watched.map((c) => c.id), person.recv?.consumers.map((c) => c.id) ?? []);
}

/** A request that the model expects to succeed, or to fail with that code. */
async function ask(person, type, data, code = null) {
	const answer = await person.client.request(type, data);
	const came = answer.type === "error" ? answer.data.code : null;
	if (came !== code)
		throw new Error(`${type} ${JSON.stringify(data).slice(0, 200)}: ${came ?? "success"}, not ${code ?? "success"} (${JSON.stringify(answer.data).slice(0, 200)})`);
	return answer.data;
}

async function transport() {
	const person = pick(people), purpose = pick(["send", "recv"]);
	if (person?.[purpose] !== null)
		return;
	const { id } = await ask(person, "createWebRtcTransport", { purpose });
	person[purpose] = { id, connected: false, producers: [], consumers: [] };
}

async function connectTransport() {
	const person = pick(people), one = person && (person.send ?? person.recv);
	if (!one)
		return;
	await ask(person, "connectWebRtcTransport", { transportId: one.id, dtlsParameters }, one.connected ? "conflict" : null);
	one.connected = true;
}

async function produce() {
	const person = pick(people);
	if (!person?.send || person.send.producers.length === 8)
		return;
	const kind = pick(["audio", "video", "layers"]);
	const rtpParameters = kind === "audio" ? audioParameters() : kind === "video" ? videoParameters() : layeredParameters(rids(3));
	rtpParameters.mid = `m${person.send.made = (person.send.made ?? 0) + 1}`;
	const { id } = await ask(person, "produce", { transportId: person.send.id, kind: kind === "audio" ? kind : "video",
		rtpParameters, paused: dice(4) === 0 });
	person.send.producers.push({ id });
}

async function consume() {
	const person = pick(people), producer = pick(producers());
	if (!person || !producer)
		return;
	const mayWatch = producer.owner.room === person.room && producer.owner !== person;
	const data = { producerId: producer.id, rtpCapabilities: person.client.capabilities, paused: dice(2) === 0 };
	if (!mayWatch || !person.recv) {
		const answer = await person.client.request("consume", data);
		check(answer.type === "error" && ["not-found", "bad-request", "conflict"].includes(answer.data.code),
			"what one may not watch is refused");
		return;
	}
	if (person.recv.consumers.some((c) => c.producerId === producer.id)) {
		await ask(person, "consume", data, "conflict");
		return;
	}
	const { id } = await ask(person, "consume", data);
	person.recv.consumers.push({ id, producerId: producer.id });
}

async function change() {
	const producer = pick(producers()), consumer = pick(consumers());
	if (producer)
		await ask(producer.owner, pick(["pauseProducer", "resumeProducer"]), { producerId: producer.id });
	if (consumer)
		await ask(consumer.owner, pick(["pauseConsumer", "resumeConsumer", "requestKeyFrame"]), { consumerId: consumer.id });
}

async function close() {
	const producer = pick(producers()), consumer = pick(consumers()), person = pick(people);
	switch (dice(3)) {
	case 0:
		if (!producer)
			return;
		await ask(producer.owner, "closeProducer", { producerId: producer.id });
		producer.owner.send.producers = producer.owner.send.producers.filter((p) => p.id !== producer.id);
		loseProducers([producer.id]);
		break;
	case 1:
		if (!consumer)
			return;
		await ask(consumer.owner, "closeConsumer", { consumerId: consumer.id });
		consumer.owner.recv.consumers = consumer.owner.recv.consumers.filter((c) => c.id !== consumer.id);
		break;
	default: {
		const purpose = pick(["send", "recv"]);
		if (!person?.[purpose])
			return;
		await ask(person, "closeTransport", { transportId: person[purpose].id });
		loseProducers(person[purpose].producers.map((p) => p.id));
		person[purpose] = null;
	}
	}
}

/** What nobody may ask for: it is refused, and changes nothing. */
async function malformed() {
	const person = pick(people), id = "00000000-0000-0000-0000-000000000000";
	if (!person)
		return;
	const [type, data, code] = pick([["nothing", {}, "bad-request"], ["createWebRtcTransport", { purpose: "x" }, "bad-request"],
		["closeProducer", { producerId: id }, "not-found"], ["closeConsumer", { consumerId: id }, "not-found"],
		["closeTransport", { transportId: id }, "not-found"], ["produce", { transportId: id, kind: "video" }, "not-found"],
		["consume", { producerId: 7 }, "bad-request"], ["getStats", {}, "bad-request"], ["pauseProducer", {}, "bad-request"],
		["setPriority", { consumerId: id, priority: 1 }, "not-found"]]);
	await ask(person, type, data, code);
}

/* --- WHIP and WHEP ------------------------------------------------------------------------------------ */

const offers = Object.fromEntries(["whip", "whep"].map((name) => [name,
	readFileSync(fileURLToPath(new URL(`../unit/sdp/data/chromium-${name}.sdp`, import.meta.url)), "utf8")]));

async function http(method, path, status, body) {
	const response = await fetch(path, { method, body, headers: body ? { "content-type": "application/sdp" } : {} });
	const text = await response.text();
	if (response.status !== status)
		throw new Error(`${method} ${path}: ${response.status}, not ${status} (${text.slice(0, 200)})`);
	return response;
}

/** Each publisher has a room of its own; its players stay there when it ends, and have nothing to play. */
async function publish() {
	if (sessions.filter((s) => s.publishes).length === PUBLISHERS || sessions.length === SESSIONS)
		return;
	const room = `whip${dice(1000000)}`;
	const response = await http("POST", `${ORIGIN}/whip/${room}`, 201, offers.whip);
	sessions.push({ location: response.headers.get("location"), publishes: true, room, producers: 2, consumers: 0 });
}

async function play() {
	const publisher = pick(sessions.filter((s) => s.publishes));
	if (sessions.length === SESSIONS)
		return;
	if (!publisher) {
		await http("POST", `${ORIGIN}/whep/nobody`, 409, offers.whep);
		return;
	}
	const response = await http("POST", `${ORIGIN}/whep/${publisher.room}`, 201, offers.whep);
	sessions.push({ location: response.headers.get("location"), publishes: false, room: publisher.room, producers: 0, consumers: 2 });
}

async function end() {
	const session = pick(sessions);
	if (!session)
		return;
	await http("DELETE", session.location, 200);
	sessions.splice(sessions.indexOf(session), 1);
	for (const player of sessions.filter((s) => session.publishes && s.room === session.room))
		player.consumers = 0;
	await http("DELETE", session.location, 404);
}

/* --- the run -------------------------------------------------------------------------------------------- */

const actions = [join, join, leave, resume, transport, transport, transport, connectTransport, produce, produce, consume, consume,
	consume, change, close, malformed, publish, play, end];

async function compare(words) {
	const want = expected();
	let now, wrong;
	for (const until = Date.now() + 5000; ; await sleep(20)) {
		now = await metrics();
		wrong = Object.keys(want).filter((name) => now[`spate_${name}`] !== want[name]);
		if (wrong.length === 0)
			break;
		if (Date.now() > until)
			throw new Error(`${words}: ${wrong.map((n) => `${n} are ${now[`spate_${n}`]}, not ${want[n]}`).join(", ")}`);
	}
	const health = await fetch(`${ORIGIN}/healthz`);
	if (!health.ok)
		throw new Error(`${words}: /healthz says ${health.status}`);
}

await test(async ({ defer }) => {
	const many = 10000;
	const servers = new Servers({ rooms: { grace_s: 3600 }, resume: { grace_s: 1 }, limits: { messages_per_second: many, messages_per_address: many,
		connects_per_second: many, handshakes_per_second: many, pages_per_second: many, page_builds_per_second: 1000,
		produces_per_minute: many } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const until = Date.now() + SECONDS * 1000;
	const done = {};
	let n = 0;
	try {
		for (; Date.now() < until; n++) {
			const action = pick(actions);
			await action();
			done[action.name] = (done[action.name] ?? 0) + 1;
			if (n % ACTIONS_A_CHECK === 0)
				await compare(`after action ${n}, ${action.name}`);
		}
	} catch (error) {
		throw new Error(`seed ${SEED}, action ${n}: ${error.message}`);
	}
	check(n > 20, `${n} actions: ${JSON.stringify(done)}, ${JSON.stringify(expected())} in the end`);
	for (const session of sessions.splice(0))
		await fetch(session.location, { method: "DELETE" });
	for (const person of people.splice(0))
		await person.client.end();
	await compare("when everybody has left");
}, { limit: SECONDS + 60 });
