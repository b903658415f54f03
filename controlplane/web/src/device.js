// SPDX-License-Identifier: Apache-2.0
import { Device } from "mediasoup-client";
import { Chrome74 } from "mediasoup-client/handlers/Chrome74";
import { Chrome111 } from "mediasoup-client/handlers/Chrome111";
import { Firefox120 } from "mediasoup-client/handlers/Firefox120";
import { Safari12 } from "mediasoup-client/handlers/Safari12";

const HANDLERS = { Chrome74, Chrome111, Firefox120, Safari12 };

let factory = null;

/**
 * Reads what the browser can send and receive. This takes two RTCPeerConnections, about 60 ms of
 * the time until the first picture: the page calls it when it has loaded, before anybody presses
 * Watch. Safe to call again. It never rejects: a browser that mediasoup-client does not know fails
 * in makeDevice().
 */
export function prepareDevice() {
	factory ??= makeFactory();
	factory.catch(() => {
		factory = null;
	});
}

/** Resolves with a mediasoup-client Device for a router of these capabilities. */
export async function makeDevice(routerRtpCapabilities) {
	prepareDevice();
	const device = new Device({ handlerFactory: await factory });
	await device.load({ routerRtpCapabilities });
	return device;
}

/**
 * mediasoup-client's own factory for this browser; its native capabilities are read once. Rejects
 * with UnsupportedError if it has none.
 */
async function makeFactory() {
	const { handlerName } = await Device.factory();
	const own = HANDLERS[handlerName].createFactory({});
	const [sendonly, recvonly] = await Promise.all(["sendonly", "recvonly"]
		.map((direction) => own.getNativeRtpCapabilities({ direction })));
	const native = { sendonly, recvonly };
	return { ...own, getNativeRtpCapabilities: async ({ direction }) => native[direction] };
}
