// SPDX-License-Identifier: Apache-2.0
// What happens at random, the same for the same seed.

/** `dice(n)`: a number below `n` (mulberry32). `dice.pick(list)`: one of them. */
export function makeDice(seed) {
	let a = seed >>> 0;
	const dice = (n) => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % n;
	};
	dice.pick = (list) => list[dice(list.length)];
	return dice;
}
