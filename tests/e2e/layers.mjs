// SPDX-License-Identifier: Apache-2.0
// A host sends three sizes of its picture, as layers.mjs CODEC [MODE] says: encodings, or with a mode
// the spatial layers of one. A viewer asks for one after the other, up and down: it sees that layer's
// size soon, without a freeze and without a PLI, and hears a layersChange each time. tools/bench
// quality measures it.
import { setTimeout as sleep } from "node:timers/promises";
import { figures, layerOf } from "./lib/quality_figures.mjs";
import { layered, openScene } from "./lib/quality_scene.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const WISHES = [0, 2, 1, 2, 0];
const TOP = 2;
const STEP_MS = 1200;
/** After it the encoder has its rate, and the server knows that the path carries the largest layer. */
const SETTLE_MS = 2500;
const [codec, scalabilityMode] = process.argv.slice(2);

/** What the viewer was told last of its layers. */
function lastChange({ notices }) {
	return notices.findLast(({ type }) => type === "layersChange")?.data;
}

await test(async ({ defer }) => {
	const stream = layered({ codec, scalabilityMode });
	const scene = await openScene(defer, { stream });
	defer(async (failed) => failed && log(JSON.stringify(await scene.viewer.evaluate("quality.stats()"))));
	const { viewer } = scene;
	const shows = async (layer) => layerOf(await viewer.evaluate("quality.height"), stream.heights) === layer;
	await until("the viewer sees the largest layer", 15, () => shows(TOP));
	await sleep(SETTLE_MS);
	const from = Date.now();
	for (const layer of WISHES) {
		const began = Date.now();
		await viewer.evaluate(`quality.prefer(${layer})`);
		await until(`layer ${layer} is shown`, 4, () => shows(layer));
		const told = await until(`layersChange tells of layer ${layer}`, 2, async () => {
			const change = lastChange(await scene.notes(viewer));
			return change?.spatialLayer === layer && change;
		});
		check(typeof told.temporalLayer === "number", `with a temporal layer (${told.temporalLayer})`);
		await sleep(Math.max(0, began + STEP_MS - Date.now()));
	}
	const told = figures(await scene.notes(viewer), await scene.notes(scene.host), [from, Date.now()], stream.heights);
	log(JSON.stringify(told));
	/* On a busy machine packets come late, and the viewer is adapted to that in between. */
	check(told.switches.length >= WISHES.length && told.switches.length <= 3 * WISHES.length,
		`${told.switches.length} switches`);
	check(told.longest_stall_ms <= 1000, `the longest stall was ${told.longest_stall_ms} ms`);
	check(told.viewer_plis === 0, "the viewer asked for no key frame");
	check(told.lost === 0, "the viewer missed no packet");
});
