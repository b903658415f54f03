// SPDX-License-Identifier: Apache-2.0
// What is alive in both processes, and that it is all back where it was.
import { setTimeout as sleep } from "node:timers/promises";
import { check } from "../e2e/lib/test.mjs";
import { metrics } from "../e2e/lib/metrics.mjs";

const NAMES = ["rooms", "peers", "transports", "producers", "consumers", "sockets",
	"engineio_sessions{transport=\"polling\"}", "engineio_sessions{transport=\"websocket\"}", "engineio_polls_held",
	"dataplane_transports", "dataplane_producers", "dataplane_consumers"];
const WAIT_MS = 8000; // the data plane's own figures are a second old at most

async function read() {
	const now = await metrics();
	return Object.fromEntries(NAMES.map((name) => [name, now[`spate_${name}`]]));
}

export class Counts {
	#before;

	static async start() {
		const counts = new Counts();
		counts.#before = await read();
		check(NAMES.every((name) => counts.#before[name] === 0), `nothing is there (${JSON.stringify(counts.#before)})`);
		return counts;
	}

	/** Fails unless they are soon as they were. */
	async back(words) {
		let now, left;
		for (const end = Date.now() + WAIT_MS; ; await sleep(100)) {
			now = await read();
			left = NAMES.filter((name) => now[name] !== this.#before[name]);
			if (left.length === 0 || Date.now() > end)
				break;
		}
		check(left.length === 0, `${words}: every count is back ${left.map((name) => `${name} ${now[name]}`).join(", ")}`);
	}
}
