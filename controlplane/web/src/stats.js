// SPDX-License-Identifier: Apache-2.0

const FIELDS = {
	"inbound-rtp": ["packetsReceived", "packetsLost", "bytesReceived", "jitter", "framesReceived", "framesDecoded",
		"framesDropped", "keyFramesDecoded", "framesPerSecond", "frameWidth", "frameHeight", "freezeCount",
		"totalFreezesDuration", "nackCount", "pliCount", "firCount", "retransmittedPacketsReceived",
		"totalSamplesReceived", "concealedSamples"],
	"outbound-rtp": ["packetsSent", "bytesSent", "framesSent", "framesEncoded", "framesPerSecond", "frameWidth",
		"frameHeight", "keyFramesEncoded", "targetBitrate", "nackCount", "pliCount", "firCount",
		"retransmittedPacketsSent", "qualityLimitationReason", "encoderImplementation"],
};

function pick(stat, names) {
	const out = { kind: stat.kind, ssrc: stat.ssrc, mid: stat.mid };
	for (const name of names)
		if (stat[name] !== undefined)
			out[name] = stat[name];
	return out;
}

/**
 * The round-trip time in milliseconds: that of the path in use, else the one that RTCP measured,
 * else null.
 */
function roundTrip(stats) {
	const transport = stats.find((s) => s.type === "transport" && s.selectedCandidatePairId);
	const pair = stats.find((s) => s.type === "candidate-pair" &&
		(transport ? s.id === transport.selectedCandidatePairId : s.selected || s.nominated));
	const remote = stats.find((s) => s.type === "remote-inbound-rtp" && s.roundTripTime !== undefined);
	const seconds = pair?.currentRoundTripTime ?? remote?.roundTripTime;
	return seconds === undefined ? null : seconds * 1000;
}

/**
 * Brings a browser's statistics into one form for all browsers: { atMs, connection, roundTripMs,
 * availableOutgoingBps, inbound: [...], outbound: [...] }. The streams keep the names of the WebRTC
 * statistics standard. `mids` names the media sections in use: a browser continues to report closed
 * ones, and Chromium its bandwidth probe as well.
 */
export async function collect(transport, mids) {
	const stats = [...(await transport.getStats()).values()];
	const codecName = (s) => stats.find((c) => c.id === s.codecId)?.mimeType?.split("/")[1] ?? null;
	const inUse = (s) => s.mid === undefined || mids.has(s.mid);
	const streams = (type) => stats.filter((s) => s.type === type && inUse(s))
		.map((s) => ({ ...pick(s, FIELDS[type]), codec: codecName(s) }));
	const outbound = streams("outbound-rtp");
	for (const s of outbound) {
		const remote = stats.find((r) => r.type === "remote-inbound-rtp" && r.ssrc === s.ssrc);
		s.fractionLost = remote?.fractionLost ?? null;
		s.packetsLost = remote?.packetsLost ?? null;
	}
	return {
		atMs: performance.now(),
		connection: transport.connectionState,
		roundTripMs: roundTrip(stats),
		availableOutgoingBps: stats.find((s) => s.availableOutgoingBitrate)?.availableOutgoingBitrate ?? null,
		inbound: streams("inbound-rtp"),
		outbound,
	};
}

function sum(streams, name) {
	return streams.reduce((total, s) => total + (s[name] ?? 0), 0);
}

/** Turns two results of collect() into the figures that a person reads. `before` may be null. */
export function figures(now, before) {
	const sending = now.outbound.length > 0;
	const streams = sending ? now.outbound : now.inbound;
	const video = streams.filter((s) => s.kind === "video").sort((a, b) =>
		(b.frameWidth ?? 0) - (a.frameWidth ?? 0))[0];
	const bytes = sending ? "bytesSent" : "bytesReceived";
	const seconds = before ? (now.atMs - before.atMs) / 1000 : 0;
	const gone = before ? sum(streams, bytes) - sum(sending ? before.outbound : before.inbound, bytes) : 0;
	return {
		bitrateBps: seconds > 0 && gone >= 0 ? (gone * 8) / seconds : null,
		framesPerSecond: video?.framesPerSecond ?? null,
		frames: sending ? video?.framesSent ?? video?.framesEncoded ?? null : video?.framesDecoded ?? null,
		width: video?.frameWidth ?? null,
		height: video?.frameHeight ?? null,
		codec: video?.codec ?? null,
		roundTripMs: now.roundTripMs,
		lossPercent: sending ? sendLoss(now) : receiveLoss(now, before),
		freezes: video?.freezeCount ?? null,
	};
}

function sendLoss(now) {
	const told = now.outbound.filter((s) => s.fractionLost !== null).map((s) => s.fractionLost);
	return told.length ? Math.max(...told) * 100 : null;
}

/** Loss on the network over the last interval, in percent, before retransmission repairs it. */
function receiveLoss(now, before) {
	if (!before)
		return null;
	const lost = sum(now.inbound, "packetsLost") - sum(before.inbound, "packetsLost");
	const came = sum(now.inbound, "packetsReceived") - sum(before.inbound, "packetsReceived");
	return lost + came > 0 ? (Math.max(0, lost) * 100) / (Math.max(0, lost) + came) : null;
}
