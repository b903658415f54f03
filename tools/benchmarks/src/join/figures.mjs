// SPDX-License-Identifier: Apache-2.0
// Figures of the cases of tools/bench join.

/** { p50, p95, max } of numbers; the p95 of 20 is the second largest. */
export function spread(values) {
	const sorted = values.toSorted((a, b) => a - b), at = (part) => sorted[Math.ceil(sorted.length * part) - 1];
	return { p50: at(0.5), p95: at(0.95), max: sorted.at(-1) };
}

/** An aim: its words, the value, and whether it is met. */
export function most(words, value, limit) {
	return { aim: `${words} <= ${limit}`, value, met: value <= limit };
}
