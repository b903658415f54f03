// SPDX-License-Identifier: Apache-2.0
// A host sends three sizes of its picture, as layers.mjs CODEC [MODE|firefox] says: encodings, or with a
// mode the spatial layers of one; the host is Chromium, or Firefox. A viewer asks for one after the other, up and down: it sees that layer's
// size soon, without a freeze and without a PLI, and hears a layersChange each time. Its browser does not
// report an estimate of the bandwidth, and loses nothing, so that the layers change for the wishes alone.
// A second viewer wishes nothing: where its picture stands as long, the machine is the cause. What depends
// on time must be right in one of ROUNDS. tools/bench quality measures it.
import { setTimeout as sleep } from "node:timers/promises";
import { figures, layerOf } from "./lib/quality_figures.mjs";
import { layered, openScene } from "./lib/quality_scene.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const WISHES = [0, 2, 1, 2, 0];
const TOP = 2;
const STEP_MS = 1200;
const ROUNDS = 3;
const STALL_MAX_MS = 500;
/** By how much longer the picture may stand than that of the other viewer, where that stands long. */
const STALL_MORE_MS = 250;
/** After it the encoder has its rate, and the server knows that the path carries the largest layer. */
const SETTLE_MS = 2500;
const [codec, how] = process.argv.slice(2);
const firefox = how === "firefox", scalabilityMode = firefox ? undefined : how;
/**
 * Encoders of SVC leave out the highest layer of single frames, or for seconds, when the machine is
 * busy (docs/media-quality.md), and so does Firefox with its largest encoding: there the picture may
 * have another size in between, and a layer comes only when it is sent again.
 */
const pauses = firefox || scalabilityMode !== undefined;
const MOST_SWITCHES = pauses ? 3 * WISHES.length : WISHES.length;
const SHOWN_WITHIN_S = pauses ? 12 : 8; // upwards an estimate may have to grow first

/** What the viewer was told last of its layers. */
function lastChange({ notices }) {
	return notices.findLast(({ type }) => type === "layersChange")?.data;
}

/** Asks for each layer. Returns the figures of that time, and the longest stall of the other viewer. */
async function round(scene, { heights }) {
	const { viewer } = scene;
	const shows = async (layer) => layerOf(await viewer.evaluate("quality.height"), heights) === layer;
	await viewer.evaluate(`quality.prefer(${TOP})`);
	await until("the viewer sees the largest layer", 40, () => shows(TOP));
	await sleep(SETTLE_MS);
	const from = Date.now();
	for (const layer of WISHES) {
		const began = Date.now();
		await viewer.evaluate(`quality.prefer(${layer})`);
		await until(`layer ${layer} is shown`, SHOWN_WITHIN_S, () => shows(layer));
		const told = await until(`layersChange tells of layer ${layer}`, 2, async () => {
			const change = lastChange(await scene.notes(viewer));
			return change?.spatialLayer === layer && change;
		});
		check(typeof told.temporalLayer === "number", `with a temporal layer (${told.temporalLayer})`);
		await sleep(Math.max(0, began + STEP_MS - Date.now()));
	}
	const when = [from, Date.now()], host = await scene.notes(scene.host);
	const told = figures(await scene.notes(viewer), host, when, heights);
	const other = figures(await scene.notes(scene.others[0]), host, when, heights);
	return { ...told, other_stall_ms: other.longest_stall_ms };
}

/** Whether the picture changed with the wishes alone, and never stood. */
function isRight({ switches: { length }, longest_stall_ms: stall, other_stall_ms: other }) {
	const few = length >= WISHES.length && length <= MOST_SWITCHES;
	log(`${length} switches, the longest stall was ${stall} ms, the other viewer's ${other} ms`);
	return few && stall <= Math.max(STALL_MAX_MS, other + STALL_MORE_MS);
}

await test(async ({ defer }) => {
	const stream = layered({ codec, scalabilityMode });
	const scene = await openScene(defer, { stream, others: 1, firefox, watching: { estimate: false } });
	defer(async (failed) => failed && log(JSON.stringify(await scene.viewer.evaluate("quality.stats()"))));
	let right = false;
	for (let i = 0; i < ROUNDS && !right; i++) {
		const told = await round(scene, stream);
		log(JSON.stringify(told));
		check(told.viewer_plis === 0, "the viewer asked for no key frame");
		check(told.lost === 0, "the viewer missed no packet");
		right = isRight(told);
	}
	check(right, `${WISHES.length} wishes were as many switches, and none made the picture stand`);
});
