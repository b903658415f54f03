// SPDX-License-Identifier: Apache-2.0
// The qualities in which a host sends its picture.

const MAX_BITRATE_BPS = 4_000_000;
/** Each encoding has half the width and height of the next one. */
const SIMULCAST = [
	{ scaleResolutionDownBy: 4, maxBitrate: 150_000 },
	{ scaleResolutionDownBy: 2, maxBitrate: 500_000 },
	{ scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];
/** Codecs that carry all layers in one encoding. */
const SVC = new Set(["video/vp9", "video/av1"]);

/**
 * mediasoup-client's `encodings` for a track of that codec ("video/VP8"). `layered`: each viewer
 * gets the quality that its path carries.
 */
export function encodingsFor(mimeType, layered) {
	if (!layered)
		return [{ maxBitrate: MAX_BITRATE_BPS }];
	if (SVC.has(mimeType.toLowerCase()))
		return [{ scalabilityMode: "L3T3_KEY", maxBitrate: MAX_BITRATE_BPS }];
	return SIMULCAST.map((encoding) => ({ ...encoding }));
}
