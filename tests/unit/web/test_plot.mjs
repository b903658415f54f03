// SPDX-License-Identifier: Apache-2.0
// The lines of the plot: where they are, and where they are interrupted.
import assert from "node:assert/strict";
import { test } from "node:test";
import { linesOf } from "../../../controlplane/web/src/plot.js";

test("the newest value is at the right edge, and the highest at the top", () => {
	assert.deepEqual(linesOf([0, 10], 10, 59, 100), [[[58, 100], [59, 0]]]);
	assert.deepEqual(linesOf([20], 10, 59, 100), [[[59, 0]]]); // not beyond the top
});

test("a minute fills the width", () => {
	const [line] = linesOf(Array(60).fill(5), 10, 590, 100);
	assert.equal(line.length, 60);
	assert.deepEqual([line[0], line[59]], [[0, 50], [590, 50]]);
});

test("what is not known interrupts the line", () => {
	assert.deepEqual(linesOf([1, null, null, 1, 1], 1, 59, 1).map((line) => line.length), [1, 2]);
	assert.deepEqual(linesOf([null], 1, 59, 1), []);
});
