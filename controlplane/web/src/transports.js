// SPDX-License-Identifier: Apache-2.0

import { NoPathError } from "./words.js";

const CONNECT_TIMEOUT_MS = 15000;

/** Thrown inside a join that a newer join has replaced; never shown. */
export class Superseded extends Error {}

/** Resolves once `transport` has a media path; rejects after `patienceMs`, or when it closes. */
export function connected(transport, patienceMs = CONNECT_TIMEOUT_MS) {
	if (transport.connectionState === "connected")
		return Promise.resolve();
	return new Promise((resolve, reject) => {
		const settle = (end, value) => {
			clearTimeout(timer);
			transport.off("connectionstatechange", changed);
			transport.observer.off("close", closed);
			end(value);
		};
		const changed = (state) => {
			if (state === "connected")
				settle(resolve);
		};
		const closed = () => settle(reject, new Superseded());
		const timer = setTimeout(settle, patienceMs, reject, new NoPathError());
		transport.on("connectionstatechange", changed);
		transport.observer.on("close", closed);
	});
}

/**
 * Makes and closes mediasoup-client's transports, here and on the server. A transport carries the
 * epoch of the socket that it was made on: on a later one the server does not know it.
 */
export class Transports {
	#signaling;

	constructor(signaling) {
		this.#signaling = signaling;
	}

	/**
	 * Makes a transport ("send" or "recv") on the present socket. Throws Superseded if
	 * `isWanted` returns false when the server has answered.
	 */
	async open(device, purpose, isWanted) {
		const signaling = this.#signaling;
		const { epoch } = signaling;
		const options = await signaling.request("createWebRtcTransport", { purpose });
		if (!isWanted()) {
			this.#forget(epoch, options.id);
			throw new Superseded();
		}
		const transport = purpose === "send" ? device.createSendTransport(options)
			: device.createRecvTransport(options);
		transport.appData.epoch = epoch;
		transport.on("connect", ({ dtlsParameters }, done, fail) => {
			signaling.request("connectWebRtcTransport", { transportId: transport.id, dtlsParameters })
				.then(done, fail);
		});
		return transport;
	}

	/** True if `transport` is open here, and one of those that the server has given back. */
	isAmong(transport, given) {
		return !transport.closed && given.some(({ id }) => id === transport.id);
	}

	/** True if the server knows `transport` on the present socket. */
	isKnown({ appData }) {
		return appData.epoch === this.#signaling.epoch && this.#signaling.connected;
	}

	/** Closes a transport here, and on the server if it is known there. It may be undefined. */
	retire(transport) {
		if (!transport || transport.closed)
			return;
		transport.close();
		this.#forget(transport.appData.epoch, transport.id);
	}

	/**
	 * Call before making a new transport: closes the one it replaces if the server allows only
	 * one at a time.
	 */
	makeRoomFor(transport) {
		if (!this.#signaling.overlaps && transport && this.isKnown(transport))
			this.retire(transport);
	}

	async restartIce(transport) {
		const { iceParameters } = await this.#signaling.request("restartIce", { transportId: transport.id });
		await transport.restartIce({ iceParameters });
	}

	#forget(epoch, transportId) {
		if (epoch !== this.#signaling.epoch || !this.#signaling.connected)
			return;
		this.#signaling.request("closeTransport", { transportId }).catch(() => {
			// It no longer exists on the server, as intended.
		});
	}
}
