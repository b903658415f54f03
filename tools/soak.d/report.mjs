// SPDX-License-Identifier: Apache-2.0
// What a soak test has found, in words; and whether memory and files are flat.

const GROWTH_KIB = { control: 16 * 1024, data: 16 * 1024 }; // of a process, from its second quarter to its last
const FILES = 40; // the same for its files: guests differ

const middle = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

/** The samples of each instance of a process, in its order. */
function instances(samples, name) {
	const groups = new Map();
	for (const sample of samples) {
		const { pid } = sample[name] ?? {};
		if (pid)
			groups.set(pid, [...(groups.get(pid) ?? []), sample[name]]);
	}
	return [...groups.values()];
}

/** Compares medians, so that one moment does not count: {control: [{pid, from_kib, to_kib, files}], data, faults}. */
export function judgeMemory(samples) {
	const told = { faults: [] };
	for (const name of ["control", "data"]) {
		told[name] = instances(samples, name).filter((list) => list.length >= 8).map((list) => {
			const quarter = Math.floor(list.length / 4), early = list.slice(quarter, 2 * quarter), late = list.slice(-quarter);
			const of = (part, member) => middle(part.map((one) => one[member]));
			return { pid: list[0].pid, from_kib: of(early, "kib"), to_kib: of(late, "kib"), from_files: of(early, "files"),
				to_files: of(late, "files") };
		});
		for (const { pid, from_kib, to_kib, from_files, to_files } of told[name]) {
			if (to_kib - from_kib > GROWTH_KIB[name])
				told.faults.push(`memory of the ${name} plane (${pid}): ${from_kib} KiB, then ${to_kib} KiB`);
			if (to_files - from_files > FILES)
				told.faults.push(`files of the ${name} plane (${pid}): ${from_files}, then ${to_files}`);
		}
	}
	return told;
}

function restartLines(restarts) {
	return restarts.map(({ s, what, signal, ready_ms, whole_ms, joined_again }) => `  ${s.toFixed(1).padStart(8)} s  ${what}, ${signal}: ` +
		`ready after ${ready_ms} ms, all whole after ${whole_ms} ms${joined_again === undefined ? "" : `, ${joined_again} joined again`}`);
}

export function summary(r) {
	const drops = Object.entries(r.drops).map(([reason, n]) => `${reason} ${n}`).join(", ") || "none";
	const memory = ["control", "data"].flatMap((name) => r.memory[name].map(({ pid, from_kib, to_kib }) =>
		`  ${name} plane ${pid}: ${(from_kib / 1024).toFixed(1)} MiB, then ${(to_kib / 1024).toFixed(1)} MiB`));
	return [`soak: ${r.seconds.toFixed(0)} s, seed ${r.seed}, from ${r.began}`,
		`${r.right ? "no rule was broken" : `${r.faults.length} FAULTS`} in ${r.checks} checks`,
		...r.faults.map(({ s, words }) => `  ${s.toFixed(1).padStart(8)} s  ${words.split("\n")[0]}`),
		`${r.guests} guests with ${r.wishes} wishes, ${r.rooms} rooms of their own`,
		`packets: ${r.packets} to viewers who stay and ${r.guest_packets} to guests, none missing; behind the bad link ${r.far}, ` +
			`${r.missing} missing`,
		`drops since the last start of the data plane: ${drops}`,
		`${r.restarts.length} restarts:`, ...restartLines(r.restarts), "memory (medians):", ...memory, ""].join("\n");
}
