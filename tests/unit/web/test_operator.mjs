// SPDX-License-Identifier: Apache-2.0
// Numbers of the operator's page.
import assert from "node:assert";
import { test } from "node:test";
import { duration, si } from "../../../controlplane/web/src/operator_format.js";

test("numbers have three digits and a prefix", () => {
	for (const [value, words] of [[0, "0"], [1, "1"], [0.5, "0.5"], [999, "999"], [1000, "1.00 k"], [9994, "9.99 k"],
		[10000, "10.0 k"], [99949, "99.9 k"], [999499, "999 k"], [1e6, "1.00 M"], [2.5e9, "2.50 G"], [5e15, "5000 T"]])
		assert.equal(si(value), words);
	assert.equal(si(2.5e9, "bit/s"), "2.50 Gbit/s");
	assert.equal(si(0, "bit/s"), "0 bit/s");
});

test("times have their two largest parts", () => {
	for (const [seconds, words] of [[0, "0 s"], [59, "59 s"], [60, "1 min 0 s"], [3725, "1 h 2 min"], [90061, "1 d 1 h"]])
		assert.equal(duration(seconds), words);
});
