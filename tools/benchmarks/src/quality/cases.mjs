// SPDX-License-Identifier: Apache-2.0
// The cases of tools/bench quality. A case: `stream`, the settings of the host's and the viewer's wire, how
// long it takes, `run(scene, mark)` with what happens meanwhile (mark() notes the time of a step), and
// `judge(told)`, which adds figures of its own and gives the aims: [words, value, met]. `mediasoup`: its
// figures in the same case, medians, of which none may be worse here in the median of five runs (table.mjs).
import { setTimeout as sleep } from "node:timers/promises";
import { layered, simple } from "../../../../tests/e2e/lib/quality_scene.mjs";
import { estimates, figures, grown, reached, stalls, switches, usedShare } from "../../../../tests/e2e/lib/quality_figures.mjs";

const ROUND_TRIP_50 = "delay=25ms";
const RTX_MOST = 1.5; // times what was lost
const FALL = 0.03; // part by which an estimate falls at least: overuse makes it 0.85 of what arrives

const most = (words, value, limit) => [`${words} <= ${limit}`, value, value !== null && value <= limit];
const least = (words, value, limit) => [`${words} >= ${limit}`, value, value !== null && value >= limit];
const noSwitch = (told) => most("switches", told.switches.length, 0);

const JITTER = ["jitter=30ms", "reorder=3%", "dup=1%", "loss=2%"];

/** 300 of 300 frames, none frozen, no PLI; a frame at either edge may be counted on one side only. */
const REPAIRED = { missing_percent: 0.7, frozen_ms: 0, viewer_plis: 0 };

const ratio = (a, b) => b > 0 ? Number((a / b).toFixed(2)) : null;

/** Loss to the viewer, which RTX has to repair. */
function loss(percent, { decoded, stall = 500, mediasoup }) {
	return {
		mediasoup,
		words: `${percent} % loss to a viewer, 50 ms round trip`, seconds: 20, stream: simple(),
		viewer: [ROUND_TRIP_50, `down.loss=${percent}%`],
		judge: (told) => [least("decoded, %", told.decoded_percent, decoded), most("longest stall, ms", told.longest_stall_ms, stall),
			most("key frames asked of the host", told.host_plis, 0)],
	};
}

/** Encodings behind a bottleneck that is narrow in the middle of three equal parts. */
function step(rate, { fits, downMs, frozenMs = Infinity, stallMs, mediasoup }) {
	return {
		mediasoup,
		words: `link 3 -> ${rate} -> 3 Mbit/s, queue 200 ms`, seconds: 60, needsLayers: true, stream: layered(),
		viewer: ["delay=10ms", "down.rate=3M", "down.queue=200ms"],
		async run({ viewerWire }, mark, seconds) {
			mark("wide");
			await sleep(seconds * 1000 / 3);
			await viewerWire.set(`down.rate=${rate}M`);
			mark("narrow");
			await sleep(seconds * 1000 / 3);
			await viewerWire.set("down.rate=3M");
			mark("wide-again");
			await sleep(seconds * 1000 / 3);
		},
		judge(told, { viewer, host, marks, end, stream }) {
			const { heights, rids } = stream, top = heights.length - 1;
			const narrow = [marks.narrow, marks["wide-again"]], again = [marks["wide-again"], end];
			const down = reached(viewer, narrow, fits, heights), up = reached(viewer, again, top, heights);
			const share = (when, layer) => usedShare(viewer, host, when, rids[layer]);
			Object.assign(told, {
				down_ms: down, up_ms: up, switches_down: switches(viewer, narrow, heights).length,
				switches_up: switches(viewer, again, heights).length,
				share_narrow: share([narrow[0] + downMs, narrow[1]], fits), share_wide: share([again[0] + 8000, again[1]], top),
				narrow_frozen_ms: Math.round(grown(viewer, [narrow[0], end], "totalFreezesDuration") * 1000),
				narrow_stalls: stalls(viewer, [narrow[0], end], stallMs).length,
			});
			return [most("down, ms", down, downMs), most("up, ms", up, 8000), most("switches down", told.switches_down, 2),
				most("switches up", told.switches_up, 2), most(`stalls over ${stallMs} ms`, told.narrow_stalls, 0),
				most("frozen, ms", told.narrow_frozen_ms, frozenMs), least("share of the narrow link's layer", told.share_narrow, 0.7),
				least("share of the wide link's layer", told.share_wide, 0.7)];
		},
	};
}

/** setPreferredLayers changes the picture's size, both ways. */
function preferred(stream, { limitMs = 1200, firefox = false, mediasoup } = {}) {
	const wishes = [0, 2, 1, 2, 0];
	return {
		firefox, mediasoup,
		words: `setPreferredLayers ${wishes.join(" ")}`, seconds: 20, needsLayers: true, stream,
		async run(scene, mark, seconds) {
			for (const [i, layer] of wishes.entries()) {
				mark(`wish-${i}`);
				await scene.viewer.evaluate(`quality.prefer(${layer})`);
				await sleep(seconds * 1000 / wishes.length);
			}
		},
		judge(told, { viewer, marks, end }) {
			told.switch_ms = wishes.map((layer, i) =>
				reached(viewer, [marks[`wish-${i}`], marks[`wish-${i + 1}`] ?? end], layer, stream.heights));
			told.slowest_ms = told.switch_ms.includes(null) ? null : Math.max(...told.switch_ms);
			return [most("slowest switch, ms", told.slowest_ms, limitMs),
				most("longest stall, ms", told.longest_stall_ms, 500)];
		},
	};
}

export const CASES = {
	"constant": {
		words: "constant link of 3 Mbit/s", seconds: 30, stream: simple(), viewer: ["delay=10ms", "down.rate=3M", "down.queue=200ms"],
		judge: (told) => [noSwitch(told), most("stalls over 500 ms", told.stalls.length, 0)],
	},
	"crowd": {
		// The viewer aside has the same picture and the same machine, but nobody to take turns with.
		words: "two viewers among 800, who are served in an order that rotates, and one aside", seconds: 60, stream: simple(),
		settle: 10, others: 1, loaders: 800, aside: true,
		judge(told, { viewer, others: [second, aside], when, pass_ms }) {
			const [mine, theirs, alone] = [viewer, second, aside].map((notes) => estimates(notes, when, FALL));
			Object.assign(told, { pass_ms, estimates: [mine, theirs], estimate_aside: alone });
			const both = mine && theirs;
			return [least("mean pass, ms", pass_ms, 1), most("falls of the estimates", both && mine.falls + theirs.falls, 0),
				least("estimates at the end per bitrate", both && ratio(Math.min(mine.last, theirs.last), told.kbps), 0.9),
				most("longest stall, ms", told.longest_stall_ms, 500)];
		},
	},
	"loss-2": loss(2, { decoded: 95 }),
	"loss-5": loss(5, { decoded: 95, mediasoup: REPAIRED }),
	"loss-10": loss(10, { decoded: 90, mediasoup: REPAIRED }),
	"burst": {
		words: "bursts of 4 lost packets, 1 in 100 packets begins one, 50 ms round trip", seconds: 20, stream: simple(),
		viewer: [ROUND_TRIP_50, "down.burst=1%", "down.burst.length=4"],
		judge: (told) => [least("decoded, %", told.decoded_percent, 95), most("longest stall, ms", told.longest_stall_ms, 500)],
	},
	"host-loss-5": {
		words: "5 % loss on the host's leg", seconds: 20, stream: simple(), host: [ROUND_TRIP_50, "up.loss=5%"],
		judge: (told) => [noSwitch(told), least("decoded, %", told.decoded_percent, 95),
			most("longest stall, ms", told.longest_stall_ms, 500)],
	},
	"jitter": {
		words: "jitter 30 ms, 3 % re-ordered, 1 % twice, 2 % lost to a viewer, 50 ms round trip", seconds: 20, stream: simple(),
		viewer: [ROUND_TRIP_50, ...JITTER.map((word) => `down.${word}`)],
		judge(told) {
			// Chromium sends a NACK for each gap at once, also for a packet that is only late.
			told.rtx_per_lost = ratio(told.server_rtx, told.down.lost);
			told.rtx_per_lost_or_late = ratio(told.server_rtx, told.down.lost + told.down.reordered);
			return [most("RTX per packet that was lost or late", told.rtx_per_lost_or_late, RTX_MOST),
				least("decoded, %", told.decoded_percent, 95), most("longest stall, ms", told.longest_stall_ms, 500)];
		},
	},
	"host-jitter": {
		words: "the same on the host's leg", seconds: 20, stream: simple(),
		host: [ROUND_TRIP_50, ...JITTER.map((word) => `up.${word}`)],
		judge(told, { host, when }) {
			told.host_rtx = grown(host, when, "retransmittedPacketsSent") +
				grown(host, when, "retransmittedPacketsSent", { kind: "audio" });
			told.rtx_per_lost = ratio(told.host_rtx, told.up.lost);
			return [most("RTX per lost packet", told.rtx_per_lost, RTX_MOST), least("decoded, %", told.decoded_percent, 95),
				most("longest stall, ms", told.longest_stall_ms, 500)];
		},
	},
	"step-1": step(1, { fits: 1, downMs: 2000, stallMs: 500 }),
	"step-0.4": step(0.4, { fits: 0, downMs: 2500, stallMs: 1000, frozenMs: 1500,
		mediasoup: { down_ms: 4000, up_ms: 11100, switches_down: 1, narrow_frozen_ms: 2700, longest_stall_ms: 3600 } }),
	"layers-constant": {
		words: "constant link of 3 Mbit/s, three encodings", seconds: 600, needsLayers: true, stream: layered(),
		viewer: ["delay=10ms", "down.rate=3M", "down.queue=200ms"],
		judge(told) {
			told.late_switches = told.switches.filter(({ t }) => t > 20).length;
			return [most("switches after 20 s", told.late_switches, 0), most("stalls over 500 ms", told.stalls.length, 0)];
		},
	},
	"layers-host-loss-5": {
		words: "5 % loss on the host's leg, three encodings", seconds: 30, needsLayers: true, stream: layered(),
		host: [ROUND_TRIP_50, "up.loss=5%"], settle: 15, mediasoup: { longest_stall_ms: 300, lost: 0, missing_percent: 10 },
		judge: (told) => [noSwitch(told), most("longest stall, ms", told.longest_stall_ms, 500)],
	},
	"thin": {
		// A picture of 5 frames a second, because one machine decodes all of them.
		words: "one thin viewer among 50", seconds: 30, needsLayers: true, stream: layered({ fps: 5 }), settle: 15,
		crowd: { count: 49, every: 1000 },
		viewer: ["delay=10ms", "down.rate=400k", "down.queue=200ms"],
		judge(told, { others, host, when, stream }) {
			const theirs = others.map((notes) => figures(notes, host, when, stream.heights));
			told.others_switches = theirs.reduce((sum, { switches: s }) => sum + s.length, 0);
			told.others_lost = theirs.reduce((sum, { lost }) => sum + lost, 0);
			return [most("switches of the others", told.others_switches, 0), most("lost by the others", told.others_lost, 0)];
		},
	},
	"random-switches": {
		words: "1,000 random switches of five viewers, 1 % loss, 50 ms round trip", seconds: 200, needsLayers: true,
		stream: layered(), settle: 10, crowd: { count: 5, every: 1000, wired: true, estimate: false },
		viewer: [ROUND_TRIP_50, "down.loss=1%"],
		async run({ crowd }, mark, seconds) {
			const wishes = Array(5).fill(2);
			for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
				for (const i of wishes.keys()) // never the same layer again
					wishes[i] = (wishes[i] + 1 + Math.floor(Math.random() * 2)) % 3;
				await Promise.all([crowd.evaluate(`quality.preferEach(${JSON.stringify(wishes)})`), sleep(1000)]);
			}
		},
		judge(told, { others, host, when, stream }) {
			const theirs = others.map((notes) => figures(notes, host, when, stream.heights));
			const sum = (of) => theirs.reduce((total, each) => total + of(each), 0);
			told.all_switches = sum(({ switches: s }) => s.length);
			told.all_plis = sum((each) => each.viewer_plis);
			told.all_stalls = sum((each) => each.stalls.length);
			told.least_decoded_percent = Math.min(...theirs.map((each) => each.decoded_percent));
			// The encoder answers a request for one encoding by key frames of all; each has its own count.
			told.key_requests = Math.max(...stream.rids.map((rid) => grown(host, when, "pliCount", { rid })));
			const seconds = Math.ceil(told.seconds);
			return [least("switches", told.all_switches, seconds * 4), most("PLIs of viewers", told.all_plis, 0),
				most("stalls over 500 ms", told.all_stalls, 0), least("decoded, %", told.least_decoded_percent, 95),
				most("key frames asked of an encoding", told.key_requests, seconds + 1)];
		},
	},
	"top-stops": {
		words: "the top encoding stops", seconds: 20, needsLayers: true, stream: layered(), settle: 15,
		async run({ host }, mark, seconds) {
			await sleep(seconds * 500);
			mark("stops");
			await host.evaluate("quality.sendUpTo(1)");
			await sleep(seconds * 500);
		},
		judge(told, { viewer, marks, end, stream }) {
			told.next_ms = reached(viewer, [marks.stops, end], 1, stream.heights);
			return [most("the next layer is shown after, ms", told.next_ms, 1000)];
		},
	},
	"sync": {
		words: "sound and picture after 20 switches", seconds: 40, needsLayers: true, stream: layered(),
		async run({ viewer }, mark, seconds) {
			for (let i = 0; i < 20; i++) {
				await viewer.evaluate(`quality.prefer(${i % 3})`);
				await sleep(seconds * 750 / 20);
			}
			mark("switched");
			await sleep(seconds * 250);
		},
		judge: (told) => [least("switches", told.switches.length, 15), most("out of sync, ms (median)", told.av_ms, 40)],
	},
	"prefer-vp8": preferred(layered(), { mediasoup: { slowest_ms: 764, frozen_ms: 860 } }),
	"prefer-h264": preferred(layered({ codec: "H264" })),
	"prefer-vp9": preferred(layered({ codec: "VP9", scalabilityMode: "L3T3_KEY" }),
		{ mediasoup: { slowest_ms: 1121, frozen_ms: 2000 } }),
	"prefer-av1": preferred(layered({ codec: "AV1", scalabilityMode: "L3T3_KEY" })),
	"prefer-firefox": preferred(layered(), { firefox: true, mediasoup: { slowest_ms: 1150, frozen_ms: 0 } }),
};
