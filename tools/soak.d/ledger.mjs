// SPDX-License-Identifier: Apache-2.0
// Once a second: the counters of both processes, their memory and files; and the books of the data
// plane's packets, which must balance at every moment.
import { readdirSync, readFileSync } from "node:fs";
import { metrics } from "../../tests/e2e/lib/metrics.mjs";

const EVERY_MS = 1000;
/* The counters are read one after the other while the workers go on. */
const UNDER_WAY = 512;
const REASONS = new URL("../../shared/drop_reasons.def", import.meta.url);
/* Who is dropped in these stages has not been counted as RTP or RTCP before. */
const BEFORE_MEDIA = ["parse", "steer", "classify", "punt", "stun"];

const early = [...readFileSync(REASONS, "utf8").matchAll(/^DROP\(SH_DROP_\w+, "(\w+)", "(\w+)"/gm)]
	.filter(([, , stage]) => BEFORE_MEDIA.includes(stage)).map(([, name]) => name);

const sum = (all, start, end = "") => Object.entries(all)
	.reduce((n, [name, value]) => n + (name.startsWith(start) && name.endsWith(end) ? value : 0), 0);

/** The workers' counter of that name. */
export const worker = (all, name) => sum(all, `spate_worker_${name}_total{`);

const dropped = (all, reason) => sum(all, "spate_worker_drops_total{", `reason="${reason}"}`);

/** All workers' counters that are not zero, in words. */
export function counters(all) {
	const sums = {};
	for (const [name, value] of Object.entries(all)) {
		const [, counter, reason] = name.match(/^spate_worker_(\w+)_total\{worker="\d+"(?:,reason="(\w+)")?\}$/) ?? [];
		if (value > 0 && counter)
			sums[reason ?? counter] = (sums[reason ?? counter] ?? 0) + value;
	}
	return Object.entries(sums).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** { in, out }: packets that were received and are in no other counter; queued and neither sent nor dropped. */
export function books(all) {
	const add = (...names) => names.reduce((n, name) => n + worker(all, name), 0);
	const drops = (reasons) => reasons.reduce((n, reason) => n + dropped(all, reason), 0);
	const answered = add("stun_answered", "stun_refused", "arp_answered", "nd_answered", "icmp_answered");
	return {
		in: add("rx_packets", "handed_in") - add("handed_off", "rtp_in", "rtcp_in", "punted", "neighbor_answers") - answered - drops(early),
		out: add("rtp_out", "rtcp_out", "injected") + answered - add("tx_packets") - drops(["tx_age", "tx_queue", "no_mbuf"]),
	};
}

function process(server) {
	try {
		const status = readFileSync(`/proc/${server.pid}/status`, "utf8");
		return { pid: server.pid, kib: Number(status.match(/RssAnon:\s+(\d+) kB/)[1]), files: readdirSync(`/proc/${server.pid}/fd`).length };
	} catch {
		return null; // it has ended
	}
}

export class Ledger {
	samples = [];
	#timer;

	/** `began`: of the run; `fault(words)` is called for each rule that is broken. */
	constructor(servers, began, fault) {
		this.servers = servers;
		this.began = began;
		this.fault = fault;
		this.#timer = setInterval(() => this.sample().catch(() => {}), EVERY_MS); // the control plane may be away
	}

	async sample() {
		const all = await metrics(), { controlplane, dataplane } = this.servers;
		const value = (name) => all[`spate_${name}`];
		const one = { s: (Date.now() - this.began) / 1000, control: process(controlplane), data: process(dataplane),
			peers: value("peers"), transports: value("transports"), producers: value("producers"), consumers: value("consumers"),
			mbufs_free: value("mbufs_free"), rx: worker(all, "rx_packets"), tx: worker(all, "tx_packets"), rtp_in: worker(all, "rtp_in"),
			rtp_out: worker(all, "rtp_out"), drops: sum(all, "spate_worker_drops_total{") };
		this.samples.push(one);
		if (value("dataplane_connected") !== 1)
			return one;
		const { in: unnamed, out: unsent } = books(all);
		if (Math.abs(unnamed) > UNDER_WAY)
			this.fault(`of the received packets ${unnamed} are in no counter`);
		if (unsent > UNDER_WAY)
			this.fault(`of the packets that were queued ${unsent} were neither sent nor dropped`);
		return one;
	}

	/** Drops by reason since the data plane was started. */
	async drops() {
		const all = await metrics(), reasons = {};
		for (const [name, value] of Object.entries(all)) {
			const [, reason] = name.match(/^spate_worker_drops_total\{.*reason="(\w+)"\}$/) ?? [];
			if (value > 0 && reason)
				reasons[reason] = (reasons[reason] ?? 0) + value;
		}
		return reasons;
	}

	end() {
		clearInterval(this.#timer);
	}
}
