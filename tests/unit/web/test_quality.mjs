// SPDX-License-Identifier: Apache-2.0
// What a viewer is offered: layers by their height, and the one that it gets.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Quality } from "../../../controlplane/web/src/quality.js";

const layer = (spatialLayer, height, active = true) => ({ spatialLayer, height, active });
const three = { producerId: "p", layers: [layer(0, 180), layer(1, 360), layer(2, 720, false)] };

test("layers are offered by their height", () => {
	const quality = new Quality();
	assert.equal(quality.shown, null);
	quality.setLayers(three);
	assert.deepEqual(quality.shown.options.map((o) => o.words), ["180p", "360p", "720p (off)"]);
	assert.equal(quality.shown.current, null);
});

test("before a height is known, a layer has a name", () => {
	const quality = new Quality();
	quality.setLayers({ producerId: "p", layers: [layer(0), layer(1), layer(2)] });
	assert.deepEqual(quality.shown.options.map((o) => o.words), ["Lowest", "Layer 2", "Highest"]);
});

test("one layer is no choice", () => {
	const quality = new Quality();
	quality.setLayers({ producerId: "p", layers: [layer(0, 720)] });
	assert.equal(quality.shown, null);
});

test("the current layer is that of the best picture", () => {
	const quality = new Quality();
	quality.setLayers(three);
	quality.setLayers({ producerId: "q", layers: [layer(0), layer(1)] });
	quality.setCurrent({ consumerId: "a", spatialLayer: 0 });
	quality.setCurrent({ consumerId: "b", spatialLayer: 1 });
	assert.equal(quality.shown.current, 1);
	quality.setCurrent({ consumerId: "b", spatialLayer: null });
	assert.equal(quality.shown.current, 0);
	quality.remove({ id: "a", producerId: "p" });
	assert.deepEqual([quality.shown.options.length, quality.shown.current], [2, null]);
});
