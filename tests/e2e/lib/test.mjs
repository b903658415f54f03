// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { isInside, runInside } from "./namespace.mjs";

const LIMIT_SECONDS = 110;
const started = Date.now();

export class Skip extends Error {}

export function log(words) {
	console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${words}`);
}

/** Fails the test unless `truth`; either way the log says what was looked at. */
export function check(truth, words) {
	log(`${truth ? "ok  " : "FAIL"}  ${words}`);
	if (!truth)
		throw new Error(words);
}

/** Asks until `probe` gives something true, and returns that. `quiet`: it goes without saying. */
export async function until(words, seconds, probe, { quiet = false } = {}) {
	const end = Date.now() + seconds * 1000;
	let last;
	while (Date.now() < end) {
		last = await probe();
		if (last) {
			if (!quiet)
				log(`ok    ${words}`);
			return last;
		}
		await sleep(100);
	}
	throw new Error(`not within ${seconds} s: ${words} (last: ${JSON.stringify(last)})`);
}

/**
 * Runs `body({ defer })` in a namespace and ends the process: 0 passed, 1 failed, 77
 * skipped. What defer() was given runs at the end, last first, whatever happened; it is
 * told whether the test failed. `namespaces`: others that it needs, see namespaceOf().
 */
export async function test(body, { limit = LIMIT_SECONDS, namespaces = [] } = {}) {
	if (!isInside())
		process.exit(await runInside(limit, namespaces));
	const endings = [];
	const finish = async (failed) => {
		while (endings.length > 0) {
			try {
				await endings.pop()(failed);
			} catch (error) {
				log(`at the end: ${error.message}`);
			}
		}
	};
	process.once("SIGTERM", () => finish(true).then(() => process.exit(1)));
	let code = 0;
	try {
		await body({ defer: (ending) => endings.push(ending) });
		log("PASS");
	} catch (error) {
		code = error instanceof Skip ? 77 : 1;
		log(error instanceof Skip ? `SKIP: ${error.message}` : `FAIL: ${error.stack}`);
	}
	await finish(code === 1);
	process.exit(code);
}
