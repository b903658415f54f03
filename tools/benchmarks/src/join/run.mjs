// SPDX-License-Identifier: Apache-2.0
// One case of tools/bench join that has a browser: run.mjs CASE FILE [JOINS [SEED]]. Writes a line of
// JSON to FILE; what happens goes to stdout. Ends with 1 if something went wrong, with 77 if something
// that it needs is missing. Whether aims of time are met is in the line: that depends on the machine.
// "list" prints the names of the cases.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { NAMESPACES } from "../../../../tests/e2e/lib/stamped_scene.mjs";
import { log, Skip, test } from "../../../../tests/e2e/lib/test.mjs";
import { FIRST } from "./first.mjs";
import { WATCH } from "./watch.mjs";

const CASES = { ...FIRST, ...WATCH };
const BEGIN_AND_END_SECONDS = 60;

const [name, file, joins, seed = "1"] = process.argv.slice(2);
if (name === "list") {
	console.log(Object.keys(CASES).join("\n"));
	process.exit(0);
}
const it = CASES[name];
if (!it) {
	console.log(`there is no case ${name}`);
	process.exit(2);
}
const options = { joins: Number(joins) || it.joins, seed: Number(seed) };

await test(async ({ defer }) => {
	const row = { benchmark: "join", case: name, words: it.words, seed: options.seed, load: Number(loadavg()[0].toFixed(1)) };
	let found;
	try {
		found = await it.run(defer, options);
	} catch (error) {
		if (error instanceof Skip)
			throw error;
		found = { wrong: [error.message.split("\n")[0]] };
	}
	writeFileSync(file, `${JSON.stringify({ ...row, ...found, right: found.wrong.length === 0 })}\n`);
	for (const { aim, value, met } of found.aims ?? [])
		log(`${met ? "met " : "MISS"}  ${aim}: ${value}`);
	if (found.wrong.length > 0)
		throw new Error(found.wrong.join("; "));
}, { limit: it.seconds(options) + BEGIN_AND_END_SECONDS, namespaces: NAMESPACES });
