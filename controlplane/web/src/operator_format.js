// SPDX-License-Identifier: Apache-2.0
// Numbers as the operator's page shows them.

const PREFIXES = ["", "k", "M", "G", "T"];

/** "1.25 M": three digits and a prefix. */
export function si(value, unit = "") {
	let step = 0;
	while (value >= 999.5 && step < PREFIXES.length - 1) {
		value /= 1000;
		step++;
	}
	const digits = step === 0 ? (value % 1 && value < 10 ? 1 : 0) : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
	return `${value.toFixed(digits)} ${PREFIXES[step]}${unit}`.trim();
}

/** "3 d 4 h", "12 min 5 s". */
export function duration(seconds) {
	const parts = [[Math.floor(seconds / 86400), "d"], [Math.floor(seconds / 3600) % 24, "h"],
		[Math.floor(seconds / 60) % 60, "min"], [Math.floor(seconds) % 60, "s"]];
	const first = parts.findIndex(([n]) => n > 0);
	return first < 0 ? "0 s" : parts.slice(first, first + 2).map(([n, unit]) => `${n} ${unit}`).join(" ");
}
