// SPDX-License-Identifier: Apache-2.0
// Who stays for the whole run: in each room a publisher and viewers who must not miss a packet, and
// viewers behind a bad link, who may. After a restart those come again whose transports are gone.
import { setTimeout as sleep } from "node:timers/promises";
import { DIALECTS } from "./dialects.mjs";

/* One room for each way to publish; players of WHEP are where the publisher's objects outlive the control plane. */
const ROOMS = [{ name: "hall", publisher: "plain", viewers: ["plain", "socket"] },
	{ name: "stage", publisher: "socket", viewers: ["plain", "socket"] },
	{ name: "church", publisher: "http", viewers: ["plain", "http", "http"] }];
const ENCODINGS = 3;
const WAIT_MS = 20000; // for packets that are under way, on a busy machine
const RETRY_MS = 50;
const FAR_SILENCE_MS = 20000; // a handshake of which flights are lost takes several seconds

let lastSsrc = 7_000_000;

export class World {
	publishers = [];
	viewers = [];
	far = []; // viewers behind the bad link
	/** Packets, of those who may miss none. `missing`: of those behind the bad link. */
	totals = { packets: 0, far: 0, missing: 0 };
	#lastFar = new Map(); // by the names of their transports: packets, and when they were so many

	constructor(media, farMedia) {
		this.media = media;
		for (const { name, publisher, viewers } of ROOMS) {
			const ssrcs = Array.from({ length: 1 + ENCODINGS }, () => ++lastSsrc);
			this.publishers.push({ member: new DIALECTS[publisher](media, name), ssrcs });
			this.viewers.push(...viewers.map((dialect) => new DIALECTS[dialect](media, name)));
			if (farMedia)
				this.far.push(new DIALECTS.plain(farMedia, name));
		}
	}

	get rooms() {
		return ROOMS.map(({ name }) => name);
	}

	get all() {
		return [...this.publishers.map(({ member }) => member), ...this.viewers, ...this.far];
	}

	publish({ member, ssrcs: [sound, ...film] }) {
		return member.publish(sound, film);
	}

	async open() {
		for (const publisher of this.publishers)
			await this.publish(publisher);
		for (const viewer of [...this.viewers, ...this.far])
			await viewer.watch();
		await this.check();
	}

	/** What each publisher has sent so far: SSRCs to numbers of packets. */
	async sent() {
		const told = await Promise.all(this.publishers.flatMap(({ member }) => member.names.map((name) => this.media.tell(name))));
		return new Map(told.flatMap(({ sent }) => sent).map(({ ssrc, packets }) => [ssrc, packets]));
	}

	/** Throws unless each viewer has, or soon gets, all that was sent until now. */
	async check() {
		const sent = await this.sent();
		await Promise.all(this.viewers.map((viewer) => wholeStreams(viewer, sent)));
	}

	/** Viewers behind the bad link get something now and then, and nothing that is wrong. */
	async checkFar() {
		for (const viewer of this.far) {
			const [name] = viewer.names, { heard } = await viewer.media.tell(name);
			const packets = heard.reduce((n, stream) => n + stream.packets, 0), last = this.#lastFar.get(name);
			if (heard.some(({ wrong, jumps }) => wrong + jumps > 0))
				throw new Error(`behind the bad link, ${viewer.room}: ${JSON.stringify(heard)}`);
			if (packets !== last?.packets)
				this.#lastFar.set(name, { packets, at: Date.now() });
			else if (Date.now() - last.at > FAR_SILENCE_MS)
				throw new Error(`behind the bad link, ${viewer.room}, nothing has come for ${FAR_SILENCE_MS} ms after ${packets} packets`);
		}
	}

	/** Adds what was received to the totals, before the transports are given up. */
	async #count(member) {
		for (const name of member.names)
			for (const { packets, missing } of (await member.media.tell(name)).heard) {
				this.totals[this.far.includes(member) ? "far" : "packets"] += packets;
				this.totals.missing += missing;
			}
	}

	async #again(member, begin) {
		await this.#count(member);
		await member.leave(false);
		await begin();
	}

	/** Those whose transports the data plane has lost. */
	async afterDataplane() {
		for (const member of this.all)
			await soon(`${member.room}: a ${member.constructor.name} is told that its transport is gone`, () => member.hasLost);
		await this.#allAgain(() => true);
	}

	/** Those who are not known any more. Returns how many. */
	async afterControlplane() {
		const lost = new Set();
		for (const member of this.all)
			if (!await comeBack(member))
				lost.add(member);
		await this.#allAgain((member) => lost.has(member));
		return lost.size;
	}

	/** The viewers of a publisher who publishes again come again, too. */
	async #allAgain(needs) {
		const rooms = this.publishers.filter(({ member }) => needs(member)).map(({ member }) => member.room);
		for (const publisher of this.publishers)
			if (needs(publisher.member))
				await this.#again(publisher.member, () => this.publish(publisher));
		for (const viewer of [...this.viewers, ...this.far])
			if (needs(viewer) || rooms.includes(viewer.room))
				await this.#again(viewer, () => viewer.watch());
		await this.check();
	}

	async end() {
		for (const member of this.all)
			await this.#count(member);
		for (const member of [...this.viewers, ...this.far, ...this.publishers.map((p) => p.member)])
			await member.leave(true);
	}
}

/** Tries again while the server sends it away. */
async function comeBack(member) {
	for (const end = Date.now() + WAIT_MS; ; await sleep(RETRY_MS)) {
		try {
			return await member.comeBack();
		} catch (error) {
			if (Date.now() > end)
				throw error;
		}
	}
}

async function soon(words, probe) {
	for (const end = Date.now() + WAIT_MS; !probe(); await sleep(RETRY_MS))
		if (Date.now() > end)
			throw new Error(`not within ${WAIT_MS} ms: ${words}`);
}

/** `jumps`: how often a viewer's streams may go on at another packet than the source's next. */
export async function wholeStreams(viewer, sent, { jumps = 0 } = {}) {
	const words = `${viewer.room}: a viewer (${viewer.constructor.name})`;
	for (const end = Date.now() + WAIT_MS; ; await sleep(RETRY_MS)) {
		const { heard } = await viewer.media.tell(viewer.names[0]);
		const bad = heard.filter((s) => s.missing + s.wrong > 0 || s.jumps > jumps);
		if (bad.length > 0)
			throw new Error(`${words} has missed packets or got wrong ones: ${JSON.stringify(bad)}`);
		const late = heard.filter((s) => s.next < (sent.get(s.source) ?? 0));
		if (late.length === 0 && heard.length >= viewer.streams)
			return heard.reduce((n, { packets }) => n + packets, 0);
		if (Date.now() > end)
			throw new Error(`${words} does not get what was sent: ${JSON.stringify({ heard, streams: viewer.streams, sent: [...sent] })}`);
	}
}
