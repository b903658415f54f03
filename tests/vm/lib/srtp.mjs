// SPDX-License-Identifier: Apache-2.0
// SRTP for one stream in one direction, by Node's OpenSSL: nothing of what is tested is in it.
import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from "node:crypto";

const HMAC_TAG = 10; // RFC 3711, 5.2
const GCM_TAG = 16; // RFC 7714, 13
const SUITES = {
	AES_CM_128_HMAC_SHA1_80: { key: 16, salt: 14 },
	AEAD_AES_128_GCM: { key: 16, salt: 12 },
	AEAD_AES_256_GCM: { key: 32, salt: 12 },
};

/** Length of the RTP header with CSRCs and extension (RFC 3550, 5.1 and 5.3.1). */
export function headerLength(packet) {
	const fixed = 12 + 4 * (packet[0] & 15);
	return packet[0] & 0x10 ? fixed + 4 + 4 * packet.readUInt16BE(fixed + 2) : fixed;
}

function keystream(key, iv, length) {
	return createCipheriv(`aes-${key.length * 8}-ctr`, key, iv).update(Buffer.alloc(length));
}

/** RFC 3711, 4.3.1 and 4.3.3: label over the master salt, in AES counter mode. */
function derive(master, salt, label, length) {
	const iv = Buffer.alloc(16);
	salt.copy(iv);
	iv[7] ^= label;
	return keystream(master, iv, length);
}

export class Srtp {
	#suite;
	#roc = 0;
	#last = null;

	/** `text`: base64 of master key and salt, as spatectl prints it. */
	constructor(name, text) {
		const { key, salt } = SUITES[name], bytes = Buffer.from(text, "base64");
		if (bytes.length !== key + salt)
			throw new Error(`${bytes.length} bytes are no key of ${name}`);
		const master = bytes.subarray(0, key), masterSalt = bytes.subarray(key);
		this.#suite = name;
		this.key = derive(master, masterSalt, 0, key);
		this.authKey = derive(master, masterSalt, 1, 20);
		this.salt = derive(master, masterSalt, 2, salt);
	}

	get #gcm() {
		return this.#suite !== "AES_CM_128_HMAC_SHA1_80";
	}

	/** Packets come in order here: a smaller number than the last is the next round. */
	#iv(packet) {
		const number = packet.readUInt16BE(2);
		if (this.#last !== null && number < this.#last)
			this.#roc++;
		this.#last = number;
		const iv = Buffer.alloc(this.#gcm ? 12 : 16), at = this.#gcm ? 2 : 4;
		packet.copy(iv, at, 8, 12);
		iv.writeUInt32BE(this.#roc, at + 4);
		iv.writeUInt16BE(number, at + 8);
		this.salt.forEach((byte, i) => { iv[i] ^= byte; });
		return iv;
	}

	#tag(packet) {
		const roc = Buffer.alloc(4);
		roc.writeUInt32BE(this.#roc);
		return createHmac("sha1", this.authKey).update(packet).update(roc).digest().subarray(0, HMAC_TAG);
	}

	protect(packet) {
		const iv = this.#iv(packet), from = headerLength(packet), header = packet.subarray(0, from);
		if (this.#gcm) {
			const cipher = createCipheriv(`aes-${this.key.length * 8}-gcm`, this.key, iv);
			cipher.setAAD(header);
			return Buffer.concat([header, cipher.update(packet.subarray(from)), cipher.final(), cipher.getAuthTag()]);
		}
		const cipher = createCipheriv("aes-128-ctr", this.key, iv);
		const out = Buffer.concat([header, cipher.update(packet.subarray(from))]);
		return Buffer.concat([out, this.#tag(out)]);
	}

	/** The plain packet. Throws where it does not authenticate. */
	unprotect(packet) {
		const iv = this.#iv(packet), from = headerLength(packet), header = packet.subarray(0, from);
		const end = packet.length - (this.#gcm ? GCM_TAG : HMAC_TAG);
		if (this.#gcm) {
			const cipher = createDecipheriv(`aes-${this.key.length * 8}-gcm`, this.key, iv);
			cipher.setAAD(header);
			cipher.setAuthTag(packet.subarray(end));
			return Buffer.concat([header, cipher.update(packet.subarray(from, end)), cipher.final()]);
		}
		if (!timingSafeEqual(this.#tag(packet.subarray(0, end)), packet.subarray(end)))
			throw new Error("an SRTP packet does not authenticate");
		return Buffer.concat([header, createDecipheriv("aes-128-ctr", this.key, iv).update(packet.subarray(from, end))]);
	}
}
