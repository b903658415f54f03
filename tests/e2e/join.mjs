// SPDX-License-Identifier: Apache-2.0
// Players who join a publisher that ignores requests for key frames, between two of its key frames:
// each one's first picture comes from the server's ring, and soon it is as close to live as a viewer
// who watches all the time. That one is watched by the same machine at the same time, so that a busy
// machine, which shows pictures late, shows them late to both.
import { setTimeout as sleep } from "node:timers/promises";
import { StampedScene, total } from "./lib/stamped_scene.mjs";
import { checkNoErrors } from "./lib/page.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const KEY_SECONDS = 8; // longer than a first picture may take on any machine
const CACHE = { cache_ms: 30000, cache_bytes: 4000000 }; // for a slow machine: its key frame is kept
const PARTS = [0.25, 0.6]; // of the time between two key frames, after which each joins
const WATCHED_S = 3;
const FIRST_MS = 500, BEHIND_MS = 300; // more than the one who watches all the time

await test(async ({ defer }) => {
	const scene = await StampedScene.open(defer, { media: CACHE, publisher: { keySeconds: KEY_SECONDS } });
	const { publisher } = scene;
	await sleep(1500); // the stream's rate is measured
	const begun = await total("catch_ups"), asked = await total("pli_out");

	for (const [i, part] of PARTS.entries()) {
		await until(`${part * 100} % of the time between key frames have passed`, KEY_SECONDS + 5, () => {
			const phase = publisher.times.length % publisher.group / publisher.group;
			return phase >= part && phase < part + 0.15;
		});
		const { errors, ...row } = await scene.join(WATCHED_S);
		log(`player ${i + 1}: ${JSON.stringify(row)}`);
		check(await total("catch_ups") - begun > i, "it began with a key frame of the past");
		check(row.first_ms <= FIRST_MS + row.steady_gap_ms, `its first picture came ${row.first_ms} ms after ICE`);
		const behind = row.behind_ms[WATCHED_S * 1000];
		check(behind <= BEHIND_MS + row.steady_behind_ms, `after ${WATCHED_S} s it was ${behind} ms behind live`);
		check(row.missing === 0, "it decoded each picture since the key frame");
		checkNoErrors({ errors }, "player");
	}
	check(await total("pli_out") === asked, "the publisher was asked for nothing");
});
