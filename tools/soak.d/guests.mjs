// SPDX-License-Identifier: Apache-2.0
// Who comes and goes: viewers who pause, resume and change layers, and rooms that open and close. As
// long as nothing is restarted, guests miss no packet either.
import { setTimeout as sleep } from "node:timers/promises";
import { DIALECTS } from "./dialects.mjs";
import { wholeStreams } from "./world.mjs";

const STAY_MS = 2500; // at most, between two wishes
const WISHES = 6; // at most
const REQUEST_PAUSE_MS = 100;

let lastSsrc = 8_000_000, lastRoom = 0;

/** A wish that any viewer of a dialect may have. Returns how many jumps it allows. */
async function wish(viewer, dice) {
	const { client } = viewer, consumer = dice.pick(viewer.consumers);
	const consumerId = consumer.id;
	switch (dice(6)) {
	case 0:
		await client.ask("pauseConsumer", { consumerId });
		await sleep(dice(STAY_MS));
		await client.ask("resumeConsumer", { consumerId });
		return 1;
	case 1:
		await client.ask("requestKeyFrame", { consumerId });
		return 1; // the viewer may begin again with the newest key frame of the ring
	case 2:
		await client.ask("getStats", { consumerId });
		return 0;
	case 3: // is refused, and changes nothing
		await client.request("closeConsumer", { consumerId: "none" });
		return 0;
	default: {
		const film = viewer.consumers.find(({ kind }) => kind === "video");
		await client.request("setPreferredLayers", { consumerId: film.id, spatialLayer: dice.pick([null, 0, 1, 2]) });
		return 0;
	}
	}
}

/** One guest of a room that has a publisher; `run`: what is common to all (main.mjs). */
async function visit(run, viewer, dice) {
	let jumps = 0;
	await viewer.watch();
	run.counts.guests++;
	for (let i = dice(WISHES); i > 0; i--) {
		await sleep(dice(STAY_MS));
		if (viewer.client)
			jumps += await wish(viewer, dice);
		run.counts.wishes++;
	}
	await sleep(REQUEST_PAUSE_MS);
	run.counts.guest_packets += await wholeStreams(viewer, await run.world.sent(), { jumps });
}

/** A room of its own: a host and a viewer, whose end comes in one of several ways. */
async function evening(run, dice) {
	const room = `evening-${++lastRoom}`;
	const host = new DIALECTS[dice.pick(["plain", "socket"])](run.media, room), viewer = new DIALECTS.plain(run.media, room);
	run.counts.rooms++;
	try {
		await host.publish(++lastSsrc, [++lastSsrc, ++lastSsrc, ++lastSsrc]);
		await viewer.watch();
		const { sent } = await run.media.tell(host.names[0]);
		await sleep(dice(STAY_MS));
		await wholeStreams(viewer, new Map(sent.map(({ ssrc, packets }) => [ssrc, packets])));
		if (dice(2) === 0)
			await host.client.ask("closeRoom");
	} finally {
		await Promise.all([host.leave(dice(2) === 0), viewer.leave(dice(2) === 0)]);
	}
}

async function guest(run, dice) {
	if (dice(4) === 0)
		return evening(run, dice);
	const room = dice.pick(run.world.rooms);
	const viewer = new DIALECTS[dice.pick(["plain", "plain", "socket", "http"])](run.media, room);
	try {
		await visit(run, viewer, dice);
	} finally {
		await viewer.leave(dice(3) !== 0);
	}
}

/** A place that one guest takes after the other. Errors are faults unless something was restarted meanwhile. */
export async function place(run, dice) {
	while (!run.over) {
		await run.calm();
		const { epoch } = run;
		try {
			await guest(run, dice);
		} catch (error) {
			if (run.epoch === epoch)
				run.fault(`a guest: ${error.message}`);
			await sleep(REQUEST_PAUSE_MS);
		}
	}
}
