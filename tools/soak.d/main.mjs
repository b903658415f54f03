// SPDX-License-Identifier: Apache-2.0
// The soak test itself: main.mjs SECONDS SEED FOLDER (tools/soak). Writes report.json, report.txt and
// plot.svg to FOLDER. Ends with 1 if a rule was broken, with 77 if something that it needs is missing.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metric, metrics } from "../../tests/e2e/lib/metrics.mjs";
import { namespaceOf } from "../../tests/e2e/lib/namespace.mjs";
import { ORIGIN, Servers } from "../../tests/e2e/lib/servers.mjs";
import { log, test, until } from "../../tests/e2e/lib/test.mjs";
import { Wire } from "../../tests/e2e/lib/wire.mjs";
import { Transports } from "../../tests/signaling/transports.mjs";
import { makeDice } from "./dice.mjs";
import { place } from "./guests.mjs";
import { books, counters, Ledger } from "./ledger.mjs";
import { plot } from "./plot.mjs";
import { judgeMemory, summary } from "./report.mjs";
import { World } from "./world.mjs";

const [seconds, seed, folder] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const PLACES = 6; // guests at a time
const FAULTS_MAX = 20;
const CHECK_MS = 3000;
/* Between two restarts: long runs have rest enough to see what grows. */
const RESTART_S = Math.max(8, Math.min(60, seconds / 6));
const LOSS = ["0%", "1%", "3%", "10%"];
const LOSS_MS = 7000;
const DOWN_MS = 1500; // at most, without a control plane
const BEGIN_AND_END_S = 120;
const SETTINGS = { log: { level: "warn" }, rooms: { grace_s: 1 }, resume: { grace_s: 2 }, media: { sweep_s: 3, consent_s: 10 },
	limits: { connects_per_second: 1000, handshakes_per_second: 1000, resumes_per_second: 1000, messages_per_second: 1000,
		messages_per_address: 100000, produces_per_minute: 1000 } };
const NOTHING = ["rooms", "peers", "transports", "producers", "consumers", "sockets", "dataplane_transports", "dataplane_producers",
	"dataplane_consumers"];

/** What all parts share. */
const run = {
	began: Date.now(), over: false, epoch: 0, faults: [], restarts: [], losses: [],
	counts: { guests: 0, wishes: 0, rooms: 0, guest_packets: 0, checks: 0 },
	world: null, media: null, busy: null,
	now: () => (Date.now() - run.began) / 1000,
	/** Resolves when nothing is being restarted. */
	async calm() {
		while (run.busy)
			await run.busy;
	},
	fault(words) {
		log(`FAULT ${words}`);
		run.faults.push({ s: run.now(), words });
		run.over ||= run.faults.length >= FAULTS_MAX;
	},
};

/** Nobody else changes anything meanwhile: guests who are inside may fail. */
async function alone(body) {
	let done;
	run.busy = new Promise((resolve) => { done = resolve; });
	run.epoch++;
	try {
		await body();
	} finally {
		run.epoch++;
		run.busy = null;
		done();
	}
}

async function restartControlplane(servers, dice) {
	const signal = dice.pick(["SIGKILL", "SIGTERM"]), restart = { what: "control plane", signal, s: run.now() };
	await servers.controlplane.end(signal);
	await sleep(dice(DOWN_MS));
	const up = Date.now();
	await servers.startControlplane();
	await until("clients can join", 20, async () => (await fetch(`${ORIGIN}/readyz`)).ok, { quiet: true });
	restart.ready_ms = Date.now() - up;
	await run.world.check(); // nobody has missed anything, known or not
	restart.joined_again = await run.world.afterControlplane();
	restart.whole_ms = Date.now() - up;
	run.restarts.push(restart);
}

async function restartDataplane(servers, dice) {
	const signal = dice.pick(["SIGKILL", "SIGTERM"]), restart = { what: "data plane", signal, s: run.now() };
	await servers.dataplane.end(signal);
	await servers.startDataplane();
	const up = Date.now();
	await until("clients can join", 20, async () => (await fetch(`${ORIGIN}/readyz`)).ok, { quiet: true });
	restart.ready_ms = Date.now() - up;
	await run.world.afterDataplane();
	restart.whole_ms = Date.now() - up;
	run.restarts.push(restart);
}

/* --- what goes on at the same time ------------------------------------------------------------------- */

async function restarts(servers, dice) {
	for (let n = 0; ; n++) {
		for (const next = run.now() + RESTART_S * (0.5 + dice(1000) / 1000); run.now() < next && !run.over;)
			await sleep(100);
		if (run.over || run.now() > seconds - 5)
			return;
		await alone(async () => {
			await run.world.check();
			// Either kind soon, then as it comes.
			await (n === 0 || (n > 1 && dice(2) === 0) ? restartControlplane : restartDataplane)(servers, dice);
		});
	}
}

async function checks() {
	for (; !run.over; await sleep(CHECK_MS)) {
		await run.calm();
		const { epoch } = run;
		try {
			await run.world.check();
			await run.world.checkFar();
			run.counts.checks++;
		} catch (error) {
			if (run.epoch === epoch)
				run.fault(error.message);
		}
	}
}

async function losses(wire, dice) {
	while (!run.over) {
		const [down, up] = [dice.pick(LOSS), dice.pick(LOSS)];
		await wire.set(`down.loss=${down}`, `up.loss=${up}`);
		run.losses.push({ s: run.now(), down, up });
		for (const next = Date.now() + LOSS_MS; Date.now() < next && !run.over;)
			await sleep(100);
	}
}

/** Ends what a part that fails would leave undone. */
async function guarded(part) {
	try {
		await part;
	} catch (error) {
		run.fault(error.stack);
		run.over = true;
	}
}

/* --- the end ---------------------------------------------------------------------------------------------- */

async function nothingLeft(servers, mbufs) {
	let all;
	const left = async () => {
		all = await metrics();
		return NOTHING.filter((name) => all[`spate_${name}`] !== 0);
	};
	await until("nobody is left in either process", 30, async () => (await left()).length === 0)
		.catch(async () => run.fault(`left at the end: ${(await left()).map((name) => `${name} ${all[`spate_${name}`]}`)}`));
	await until("all packet buffers are free", 15, async () => await metric("mbufs_free") === mbufs)
		.catch(async () => run.fault(`packet buffers: ${await metric("mbufs_free")} are free, and ${mbufs} at first`));
	const last = await metrics(), { in: unnamed, out: unsent } = books(last);
	if (unnamed !== 0 || unsent > 0)
		run.fault(`at the end the books do not balance: received ${unnamed}, sent ${unsent} of ${counters(last)}`);
	for (const { name, output } of [servers.dataplane, servers.controlplane]) {
		const report = /^.*(Sanitizer|runtime error:|Assertion).*$/m.exec(output);
		if (report)
			run.fault(`the ${name} says: ${report[0]}`);
	}
}

function write(ledger, drops) {
	const { began, faults, restarts: again, losses: wire, counts } = run;
	const report = { seconds: run.now(), asked: seconds, seed, began: new Date(began).toISOString(), right: faults.length === 0, faults,
		restarts: again, losses: wire, ...counts, ...run.world.totals, drops, memory: judgeMemory(ledger.samples), samples: ledger.samples };
	const text = summary(report);
	writeFileSync(join(folder, "report.json"), `${JSON.stringify(report)}\n`);
	writeFileSync(join(folder, "report.txt"), text);
	writeFileSync(join(folder, "plot.svg"), plot(report));
	console.log(text);
}

await test(async ({ defer }) => {
	const servers = new Servers(SETTINGS), dice = makeDice(seed);
	defer((failed) => servers.end(failed));
	await servers.start();
	const wire = new Wire("far", 1, { seed });
	defer(() => wire.end());
	await wire.start();
	run.media = await Transports.start();
	defer(() => run.media.end());
	const farMedia = await Transports.start(["ip", "netns", "exec", namespaceOf("far")]);
	defer(() => farMedia.end());
	await sleep(1500); // the data plane brings its counts up to date each second
	const mbufs = await metric("mbufs_free");

	const ledger = new Ledger(servers, run.began = Date.now(), run.fault);
	defer(() => ledger.end());
	run.world = new World(run.media, farMedia);
	await run.world.open();
	log(`seed ${seed}: ${run.world.all.length} stay for ${seconds} s, ${PLACES} come and go`);
	const parts = [restarts(servers, makeDice(dice(1e9))), checks(), losses(wire, makeDice(dice(1e9))),
		...Array.from({ length: PLACES }, () => place(run, makeDice(dice(1e9))))];
	while (run.now() < seconds && !run.over)
		await sleep(100);
	run.over = true;
	await Promise.all(parts.map(guarded));
	await guarded(run.world.end());
	await ledger.sample();
	await nothingLeft(servers, mbufs);
	ledger.end();
	for (const words of judgeMemory(ledger.samples).faults)
		run.fault(words);
	write(ledger, await ledger.drops());
	if (run.faults.length > 0)
		throw new Error(`${run.faults.length} faults, the first: ${run.faults[0].words}`);
}, { limit: seconds + BEGIN_AND_END_S, namespaces: ["far"] });
