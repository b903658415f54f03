// SPDX-License-Identifier: Apache-2.0
// What the notes of pages/quality.js say about a viewer's quality. Pure functions of the notes of a
// host and of a viewer; times are in milliseconds of one clock.

/** The stream of a sample with that kind, and of a host with that RID. */
function streamOf(sample, kind, rid) {
	return sample?.streams.find((s) => s.kind === kind && (rid === undefined || s.rid === rid));
}

/** The last sample at or before `at`. */
function sampleAt({ samples }, at) {
	return samples.findLast((s) => s.at <= at) ?? samples[0];
}

/** How much a count of the stream has grown from one time to another. */
export function grown(notes, [from, to], name, { kind = "video", rid } = {}) {
	const value = (at) => streamOf(sampleAt(notes, at), kind, rid)?.[name] ?? 0;
	return value(to) - value(from);
}

/** Sums over all streams of a kind, over the encodings of a host. */
export function grownInAll(notes, [from, to], name, kind = "video") {
	const sum = (at) => (sampleAt(notes, at)?.streams ?? []).filter((s) => s.kind === kind)
		.reduce((total, s) => total + (s[name] ?? 0), 0);
	return sum(to) - sum(from);
}

/** Each time over `limitMs` without a new frame: { at, ms }. */
export function stalls({ frames }, [from, to], limitMs) {
	const times = [from, ...frames.map(([at]) => at).filter((at) => at > from && at < to), to];
	return times.slice(1).map((at, i) => ({ at: times[i], ms: at - times[i] })).filter(({ ms }) => ms > limitMs);
}

/** Which layer has this height, of heights from the smallest layer to the largest. */
export function layerOf(height, heights) {
	const off = heights.map((h) => Math.abs(h - height));
	return off.indexOf(Math.min(...off));
}

/** Each change of the layer that is shown: { at, from, to }; the first one has no `from`. */
export function switches({ frames }, [from, to], heights) {
	const out = [];
	let last = null;
	for (const [at, , height] of frames.filter(([at]) => at < to)) {
		const layer = layerOf(height, heights);
		if (layer !== last && at > from && last !== null)
			out.push({ at, from: last, to: layer });
		last = layer;
	}
	return out;
}

/** How long after `from` that layer is first shown; null: not by `to`. */
export function reached({ frames }, [from, to], layer, heights) {
	const before = frames.findLast(([at]) => at <= from);
	if (before && layerOf(before[2], heights) === layer)
		return 0;
	const first = frames.find(([at, , height]) => at > from && at <= to && layerOf(height, heights) === layer);
	return first ? first[0] - from : null;
}

/** The part of an encoding's bytes that the viewer has received of video in that time. */
export function usedShare(viewer, host, when, rid) {
	const sent = grown(host, when, "bytesSent", { rid });
	return sent > 0 ? grown(viewer, when, "bytesReceived") / sent : null;
}

/** By how much the picture is ahead of the sound where both are played: { median, max } in ms, or null. */
export function syncError({ samples }, [from, to]) {
	const off = samples.filter(({ at }) => at >= from && at <= to).map((s) =>
		streamOf(s, "video")?.estimatedPlayoutTimestamp - streamOf(s, "audio")?.estimatedPlayoutTimestamp)
		.filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
	return off.length > 0 ? { median: off[off.length >> 1], max: off.at(-1) } : null;
}

/**
 * What the viewer's browser estimated of its path, as it reports it by REMB: { first, last, lowest } in
 * kbit/s, and how often it was lower than the highest before by more than `part`. Null: it estimated nothing.
 */
export function estimates({ samples }, [from, to], part) {
	const all = samples.filter(({ at }) => at >= from && at <= to).map(({ estimateBps }) => estimateBps).filter(Number.isFinite);
	let highest = 0, falls = 0, low = false;
	for (const now of all) {
		falls += now < highest * (1 - part) && !low;
		low = now < highest * (1 - part);
		highest = Math.max(highest, now);
	}
	const kbps = (bps) => Math.round(bps / 1000);
	return all.length > 0 ? { first: kbps(all[0]), last: kbps(all.at(-1)), lowest: kbps(Math.min(...all)), falls } : null;
}

const round = (value, digits = 1) => value === null ? null : Number(value.toFixed(digits));

/** The figures that every case has. `heights`: of the layers, one for a simple stream. */
export function figures(viewer, host, when, heights) {
	const seconds = (when[1] - when[0]) / 1000;
	const still = stalls(viewer, when, 0);
	// Frames of the largest encoding: encoders leave none out in a smaller one only.
	const sent = Math.max(...(sampleAt(host, when[1])?.streams ?? []).filter((s) => s.kind === "video")
		.map(({ rid }) => grown(host, when, "framesSent", { rid })));
	const decoded = grown(viewer, when, "framesDecoded");
	const sync = syncError(viewer, when);
	return {
		seconds: round(seconds),
		frames_sent: sent, frames_decoded: decoded, decoded_percent: round(decoded * 100 / sent),
		longest_stall_ms: Math.max(...still.map(({ ms }) => ms)),
		stalls: stalls(viewer, when, 500).map(({ at, ms }) => ({ t: round((at - when[0]) / 1000), ms })),
		freezes: grown(viewer, when, "freezeCount"),
		frozen_ms: Math.round(grown(viewer, when, "totalFreezesDuration") * 1000),
		switches: switches(viewer, when, heights).map(({ at, from, to }) => ({ t: round((at - when[0]) / 1000, 2), from, to })),
		kbps: Math.round(grown(viewer, when, "bytesReceived") * 8 / seconds / 1000),
		viewer_plis: grown(viewer, when, "pliCount"), host_plis: grownInAll(host, when, "pliCount"),
		key_frames: grown(viewer, when, "keyFramesDecoded"),
		nacks: grown(viewer, when, "nackCount"), rtx: grown(viewer, when, "retransmittedPacketsReceived"),
		packets: grown(viewer, when, "packetsReceived"), lost: grown(viewer, when, "packetsLost"),
		av_ms: sync && round(sync.median), av_ms_max: sync && round(sync.max),
	};
}
