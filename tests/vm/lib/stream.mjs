// SPDX-License-Identifier: Apache-2.0
// One RTP stream into a plain transport, and its viewers: sockets on this machine.
import { createSocket } from "node:dgram";
import { setTimeout as sleep } from "node:timers/promises";
import { headerLength, Srtp } from "./srtp.mjs";

/* So many packets are under way at most, so that no queue between here and there overflows. */
const WINDOW = 32;
const FIRST_NUMBER = 65536 - 300; // so that the numbers wrap, and the roll-over counter grows
const KEY_EVERY = 32;
const PAYLOAD = 1100;
const SILENCE_MS = 20000;

function isRtcp(packet) {
	return packet[1] >= 192 && packet[1] <= 223; // RFC 5761, 4
}

function bind(address, port) {
	const socket = createSocket({ type: "udp4", recvBufferSize: 1 << 20 });
	return new Promise((resolve, reject) => {
		socket.once("error", reject);
		socket.bind(port, address, () => resolve(socket));
	});
}

/** VP8 (RFC 7741), a frame a packet: what a viewer may start with, and a content of its own. */
function payload(n) {
	const out = Buffer.alloc(PAYLOAD);
	out[0] = 0x10;
	out[1] = n % KEY_EVERY === 0 ? 0 : 1;
	for (let i = 2; i < PAYLOAD; i++)
		out[i] = n * 31 + i * 7 + (i >> 8);
	return out;
}

function packet(n, { ssrc, payload_type: type }) {
	const header = Buffer.alloc(12);
	header[0] = 0x80;
	header[1] = 0x80 | type;
	header.writeUInt16BE((FIRST_NUMBER + n) & 0xffff, 2);
	header.writeUInt32BE(n * 3000, 4);
	header.writeUInt32BE(ssrc, 8);
	return Buffer.concat([header, payload(n)]);
}

/** Everything that a viewer gets must be the next packet, and what was sent. */
export class Viewer {
	received = 0;
	#number = null;

	constructor(made, socket) {
		this.made = made;
		this.socket = socket;
		this.srtp = made.srtp ? new Srtp(made.srtp.suite, made.srtp.send_key) : null;
		socket.on("message", (p, from) => {
			if (isRtcp(p) || this.wrong)
				return;
			try {
				this.#take(p, from);
			} catch (error) {
				this.wrong = `packet ${this.received} of ${made.srtp?.suite ?? "RTP"} from port ${made.port}: ${error.message}`;
			}
		});
	}

	#take(protectedPacket, from) {
		if (from.address !== this.made.address || from.port !== this.made.port)
			throw new Error(`comes from ${from.address}:${from.port}`);
		const p = this.srtp ? this.srtp.unprotect(protectedPacket) : protectedPacket;
		if (p.readUInt32BE(8) !== this.made.ssrc || (p[1] & 127) !== this.made.payload_type)
			throw new Error("has another SSRC or payload type");
		const number = p.readUInt16BE(2);
		if (this.#number !== null && number !== ((this.#number + 1) & 0xffff))
			throw new Error(`number ${number} follows ${this.#number}`);
		this.#number = number;
		if (!p.subarray(headerLength(p)).equals(payload(this.received)))
			throw new Error("carries other bytes than were sent");
		this.received++;
	}

	static async open(address, port, made) {
		return new Viewer(made, await bind(address, port));
	}
}

export class Stream {
	constructor(made, socket, viewers) {
		this.made = made;
		this.socket = socket;
		this.viewers = viewers;
		this.srtp = made.srtp ? new Srtp(made.srtp.suite, made.srtp.receive_key) : null;
		this.reported = new Promise((resolve) => socket.once("message", resolve));
	}

	static async open(address, port, made, viewers) {
		return new Stream(made, await bind(address, port), viewers);
	}

	#sendOne(n) {
		const p = packet(n, this.made);
		this.socket.send(this.srtp ? this.srtp.protect(p) : p, this.made.port, this.made.address);
	}

	/**
	 * Sends `count` packets, no faster than the slowest viewer gets them. Ends when each has all. The
	 * kernel's TAP sends a flow by another queue once it has seen an answer, here the first receiver
	 * report: packets on both queues at that moment may overtake each other, so only one is sent before.
	 */
	async send(count) {
		let sent = 1, slowest = 0, since = Date.now();
		this.#sendOne(0);
		await Promise.race([this.reported, sleep(SILENCE_MS)]);
		while (slowest < count) {
			for (; sent < count && sent < slowest + WINDOW; sent++)
				this.#sendOne(sent);
			await sleep(1);
			const wrong = this.viewers.find((v) => v.wrong);
			if (wrong)
				throw new Error(wrong.wrong);
			const now = Math.min(...this.viewers.map((v) => v.received));
			if (now > slowest)
				since = Date.now();
			else if (Date.now() - since > SILENCE_MS)
				throw new Error(`${sent} were sent, and viewers have ${this.viewers.map((v) => v.received).join(", ")}`);
			slowest = now;
		}
	}

	close() {
		this.socket.close();
		this.viewers.forEach((v) => v.socket.close());
	}
}
