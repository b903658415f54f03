// SPDX-License-Identifier: Apache-2.0
// The qualities in which a host sends its picture.

const MAX_BITRATE_BPS = 4_000_000;
/**
 * The encodings of a picture of at least so many pixels, smallest first: each has half the width
 * and height of the next one. Browsers send no more than these of a smaller picture
 * (libwebrtc's kSimulcastFormats), and then leave out the largest.
 */
const SIMULCAST = [
	{ pixels: 1920 * 1080, kbps: [200, 700, 2_500] },
	{ pixels: 960 * 540, kbps: [150, 500, 1_500] },
	{ pixels: 480 * 270, kbps: [150, 700] },
];
/** Codecs that carry all layers in one encoding. */
const SVC = new Set(["video/vp9", "video/av1"]);
/** The size of a picture whose track does not tell it. */
const USUAL = { width: 1280, height: 720 };

/** mediasoup-client writes into what it is given. */
const one = () => [{ maxBitrate: MAX_BITRATE_BPS }];

/**
 * mediasoup-client's `encodings` for a track of that codec ("video/VP8") and size, as its
 * getSettings() tells it. `layered`: each viewer gets the quality that its path carries; `svc`: the
 * browser sends the layers of an encoding that it is asked for (sendsLayers()).
 */
export function encodingsFor(mimeType, { layered, svc }, { width = USUAL.width, height = USUAL.height } = {}) {
	if (!layered)
		return one();
	if (SVC.has(mimeType.toLowerCase()))
		return svc ? [{ scalabilityMode: "L3T3_KEY", maxBitrate: MAX_BITRATE_BPS }] : one();
	const { kbps } = SIMULCAST.find(({ pixels }) => width * height >= pixels) ?? { kbps: [] };
	return kbps.length === 0 ? one() : kbps.map((rate, i) =>
		({ scaleResolutionDownBy: 2 ** (kbps.length - 1 - i), maxBitrate: rate * 1000 }));
}

/** Whether this browser looks at an encoding's `scalabilityMode`; others ignore it. */
export function sendsLayers() {
	let looked = false;
	const connection = new RTCPeerConnection();
	const encoding = {
		get scalabilityMode() {
			looked = true;
			return "L1T1";
		},
	};
	try {
		connection.addTransceiver("video", { sendEncodings: [encoding] });
	} catch {
		// It has looked, and knows no such mode.
	}
	connection.close();
	return looked;
}
