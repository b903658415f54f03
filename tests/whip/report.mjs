// SPDX-License-Identifier: Apache-2.0
// The results as TAP: a line for each check, which names the protocol, the clause and what it asks for.
import { clauseOf } from "./clauses.mjs";

/** What a group of checks cannot go on without, for example a session. */
export class Stop extends Error {}

export class Report {
	#count = 0;
	#failed = [];
	#skipped = 0;

	/** `lenient`: an unmet SHOULD is no failure; `print` takes each line. */
	constructor({ lenient = false, print = console.log } = {}) {
		this.lenient = lenient;
		this.print = print;
		this.print("TAP version 13");
	}

	#line(ok, words, directive = "") {
		const number = ++this.#count;
		this.print(`${ok ? "ok" : "not ok"} ${number} - ${words}${directive && ` # ${directive}`}`);
	}

	/** `found`: what was there instead; it is printed if the check fails. */
	check(level, protocol, subject, words, truth, found) {
		const name = `${protocol} ${level} [${clauseOf(protocol, subject)}] ${words}`;
		if (truth) {
			this.#line(true, name);
			return true;
		}
		const excused = level === "SHOULD" && this.lenient;
		this.#line(false, name, excused ? "TODO not met" : "");
		if (!excused)
			this.#failed.push(name);
		if (found !== undefined)
			this.print(`#   found: ${JSON.stringify(found).slice(0, 300)}`);
		return false;
	}

	skip(level, protocol, subject, words, reason) {
		this.#skipped++;
		this.#line(true, `${protocol} ${level} [${clauseOf(protocol, subject)}] ${words}`, `SKIP ${reason}`);
	}

	/** Runs a group. What it cannot go on without is a failure of the whole group. */
	async group(name, body) {
		this.print(`# ${name}`);
		try {
			await body();
		} catch (error) {
			this.#line(false, `${name}: the rest of this group could not be checked`);
			this.print(`#   ${error instanceof Stop ? error.message : error.stack.replaceAll("\n", "\n#   ")}`);
			this.#failed.push(name);
		}
	}

	/** Prints the plan and the sums. Returns the exit code. */
	end() {
		const failed = this.#failed.length;
		this.print(`1..${this.#count}`);
		for (const name of this.#failed)
			this.print(`# failed: ${name}`);
		this.print(`# ${this.#count - failed - this.#skipped} passed, ${failed} failed, ${this.#skipped} skipped`);
		return failed > 0 || this.#count === 0 ? 1 : 0;
	}
}
