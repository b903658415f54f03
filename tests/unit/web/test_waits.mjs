// SPDX-License-Identifier: Apache-2.0
// Waits before a page tries again are random over the whole of their time, and requests keep below
// the server's rate.
import assert from "node:assert/strict";
import { test } from "node:test";
import { atLeast, Backoff, spread } from "../../../controlplane/web/src/backoff.js";
import { Pace } from "../../../controlplane/web/src/pace.js";

test("the bound of a back-off doubles up to its last value, and begins again", () => {
	const backoff = new Backoff(100, 1000, () => 1);
	assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
	backoff.reset();
	assert.equal(backoff.next(), 100);
});

test("an audience is spread over the whole time, from its beginning on", () => {
	const waits = Array.from({ length: 10_000 }, () => new Backoff(1000, 10_000).next());
	for (let tenth = 0; tenth < 10; tenth++) {
		const here = waits.filter((w) => w >= tenth * 100 && w < (tenth + 1) * 100).length;
		assert.ok(here > 800 && here < 1200, `${here} of 10000 clients in tenth ${tenth}`);
	}
});

test("a wait with a minimum", () => {
	assert.deepEqual([0, 0.5, 1].map((dice) => atLeast(1000, () => dice)), [1000, 1500, 2000]);
});

test("retryMs of a notice", () => {
	assert.equal(spread({}), undefined);
	assert.equal(spread({ retryMs: "soon" }), undefined);
	assert.equal(spread({ retryMs: 0 }), 0);
	assert.equal(spread({ retryMs: 2000 }, () => 0.25), 500);
	assert.equal(spread({ retryMs: 1e12 }, () => 1), 60_000);
});

test("a burst passes at once, and what follows at the rate", () => {
	let now = 5000;
	const pace = new Pace(3, 10, () => now);
	assert.deepEqual([1, 2, 3, 4, 5].map(() => pace.take()), [0, 0, 0, 100, 200]);
	now += 200;
	assert.equal(pace.take(), 100);
	now += 10_000;
	assert.deepEqual([1, 2, 3, 4].map(() => pace.take()), [0, 0, 0, 100]);
});
