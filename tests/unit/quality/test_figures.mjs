// SPDX-License-Identifier: Apache-2.0
// The figures that tools/bench quality makes of what host and viewer have noted.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
	estimates, figures, grown, grownInAll, layerOf, reached, stalls, switches, syncError, usedShare,
} from "../../e2e/lib/quality_figures.mjs";

const HEIGHTS = [135, 270, 540];
const notes = (frames) => ({ frames, samples: [] });
const sample = (at, streams) => ({ at, streams });

test("a stall is a time without frames, also at the begin and at the end", () => {
	const viewer = notes([[900, 0, 540], [1100, 0, 540], [1200, 0, 540], [1900, 0, 540]]);
	assert.deepEqual(stalls(viewer, [1000, 2600], 500), [{ at: 1200, ms: 700 }, { at: 1900, ms: 700 }]);
	assert.deepEqual(stalls(notes([]), [1000, 2000], 500), [{ at: 1000, ms: 1000 }]);
	assert.deepEqual(stalls(viewer, [1000, 1300], 500), []);
});

test("a layer is that of the next height", () => {
	assert.deepEqual([135, 136, 200, 270, 268, 540, 720].map((h) => layerOf(h, HEIGHTS)), [0, 0, 0, 1, 1, 2, 2]);
});

test("switches count from what was shown before, and the first frame is none", () => {
	const viewer = notes([[100, 0, 135], [200, 0, 540], [300, 0, 540], [400, 0, 270], [500, 0, 135]]);
	assert.deepEqual(switches(viewer, [0, 1000], HEIGHTS),
		[{ at: 200, from: 0, to: 2 }, { at: 400, from: 2, to: 1 }, { at: 500, from: 1, to: 0 }]);
	assert.deepEqual(switches(viewer, [350, 450], HEIGHTS), [{ at: 400, from: 2, to: 1 }]);
	assert.deepEqual(switches(viewer, [100, 150], HEIGHTS), []);
});

test("the time to a layer", () => {
	const viewer = notes([[100, 0, 135], [400, 0, 540]]);
	assert.equal(reached(viewer, [150, 1000], 2, HEIGHTS), 250);
	assert.equal(reached(viewer, [150, 1000], 0, HEIGHTS), 0);
	assert.equal(reached(viewer, [150, 1000], 1, HEIGHTS), null);
	assert.equal(reached(viewer, [150, 300], 2, HEIGHTS), null);
});

test("counts grow between the samples at both times, of one encoding or of all", () => {
	const host = { samples: [
		sample(100, [{ kind: "video", rid: "r0", bytesSent: 10, pliCount: 1 }, { kind: "video", rid: "r1", bytesSent: 50, pliCount: 0 }]),
		sample(200, [{ kind: "video", rid: "r0", bytesSent: 30, pliCount: 2 }, { kind: "video", rid: "r1", bytesSent: 150, pliCount: 2 }]),
		sample(300, [{ kind: "video", rid: "r0", bytesSent: 99, pliCount: 9 }, { kind: "video", rid: "r1", bytesSent: 999, pliCount: 9 }]),
	] };
	assert.equal(grown(host, [100, 250], "bytesSent", { rid: "r1" }), 100);
	assert.equal(grown(host, [0, 250], "bytesSent", { rid: "r0" }), 20);
	assert.equal(grownInAll(host, [100, 250], "pliCount"), 3);
	assert.equal(grown(host, [100, 250], "bytesSent", { kind: "audio" }), 0);

	const viewer = { samples: [sample(100, [{ kind: "video", bytesReceived: 0 }]), sample(200, [{ kind: "video", bytesReceived: 70 }])] };
	assert.equal(usedShare(viewer, host, [100, 250], "r1"), 0.7);
	assert.equal(usedShare(viewer, host, [100, 250], "r2"), null);
});

test("picture and sound are compared where both are known", () => {
	const both = (at, video, audio) => sample(at, [{ kind: "video", estimatedPlayoutTimestamp: video },
		{ kind: "audio", estimatedPlayoutTimestamp: audio }]);
	const viewer = { samples: [both(1, 10, undefined), both(2, 10, 30), both(3, 50, 40), both(4, 60, 90), both(9, 0, 900)] };
	assert.deepEqual(syncError(viewer, [0, 5]), { median: 20, max: 30 });
	assert.equal(syncError(viewer, [5, 6]), null);
});

test("the figures of a simple stream", () => {
	const host = { samples: [sample(0, [{ kind: "video", framesSent: 0, pliCount: 0 }]),
		sample(1000, [{ kind: "video", framesSent: 15, pliCount: 1 }])] };
	const viewer = { frames: [[0, 640, 360], [500, 640, 360], [990, 640, 360]], samples: [
		sample(0, [{ kind: "video", framesDecoded: 0, bytesReceived: 0, totalFreezesDuration: 0 }]),
		sample(1000, [{ kind: "video", framesDecoded: 12, bytesReceived: 125_000, totalFreezesDuration: 0.25 }])] };
	const told = figures(viewer, host, [0, 1000], [360]);
	assert.equal(told.decoded_percent, 80);
	assert.equal(told.longest_stall_ms, 500);
	assert.deepEqual([told.kbps, told.frozen_ms, told.host_plis, told.av_ms], [1000, 250, 1, null]);
	assert.deepEqual([told.stalls, told.switches], [[], []]);
});

test("an estimate falls once each time that it goes below the highest before", () => {
	const at = (values) => ({ samples: values.map((value, i) => ({ at: i, streams: [], estimateBps: value })) });
	assert.deepEqual(estimates(at([100e3, 200e3, 190e3, 180e3, 210e3, 200e3]), [0, 9], 0.08), { first: 100, last: 200, lowest: 100, falls: 1 });
	assert.deepEqual(estimates(at([300e3, undefined, 100e3, 90e3, 310e3, 100e3]), [0, 9], 0.03), { first: 300, last: 100, lowest: 90, falls: 2 });
	assert.deepEqual(estimates(at([300e3, 100e3, 400e3]), [2, 9], 0.03), { first: 400, last: 400, lowest: 400, falls: 0 });
	assert.equal(estimates(at([undefined, undefined]), [0, 9], 0.03), null);
});
