// SPDX-License-Identifier: Apache-2.0
// A viewer behind a wire that loses 5 % of the packets to it, with a round trip of 50 ms: RTX repairs
// them, so that next to every frame is decoded, nothing freezes, and the host is asked for no key frame.
// tools/bench quality measures this case for longer, and others.
import { setTimeout as sleep } from "node:timers/promises";
import { figures } from "./lib/quality_figures.mjs";
import { NAMESPACES, openScene, simple } from "./lib/quality_scene.mjs";
import { check, log, test } from "./lib/test.mjs";

const SECONDS = 8;

await test(async ({ defer }) => {
	const stream = simple();
	const scene = await openScene(defer, { stream, viewer: ["delay=25ms"] });
	await sleep(1000); // for the estimate of the round trip
	await scene.viewerWire.set("down.loss=5%");
	const from = Date.now();
	await sleep(SECONDS * 1000);
	const to = Date.now();
	await scene.viewerWire.set("down.loss=0%");
	await sleep(500);
	const told = figures(await scene.notes(scene.viewer), await scene.notes(scene.host), [from, to], stream.heights);
	log(JSON.stringify(told));
	const { down } = await scene.viewerWire.end();
	log(`the wire: ${JSON.stringify(down)}`);
	check(down.lost > down.packets * 0.02, `the wire has lost ${down.lost} of ${down.packets} packets`);
	// The wire loses audio, feedback and checks, too; of these none is retransmitted.
	check(told.rtx > told.packets * 0.02, `${told.rtx} packets came by retransmission beside ${told.packets}`);
	check(told.decoded_percent >= 95, `${told.frames_decoded} of ${told.frames_sent} frames were decoded`);
	check(told.longest_stall_ms <= 500, `the longest stall was ${told.longest_stall_ms} ms`);
	check(told.host_plis === 0, "no key frame was requested from the host");
}, { namespaces: NAMESPACES });
