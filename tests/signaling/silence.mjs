// SPDX-License-Identifier: Apache-2.0
// A silent WebSocket is pinged after 25 s; one that does not answer is gone after 40 s, and with
// it what its peer had, since nobody comes back for that.
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { metrics } from "../e2e/lib/metrics.mjs";

await test(async ({ defer }) => {
	const servers = new Servers({ resume: { grace_s: 1 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const begun = Date.now();
	const seconds = () => (Date.now() - begun) / 1000;
	const pinged = { alive: 0, dead: 0 };
	const alive = await Client.join();
	const dead = await Client.open("?room=default", { autoPong: false });
	alive.socket.on("ping", () => { pinged.alive ||= seconds(); });
	dead.socket.on("ping", () => { pinged.dead ||= seconds(); });
	await dead.transport("recv");

	await until("both are pinged", 30, () => pinged.alive && pinged.dead);
	check(pinged.dead > 24 && pinged.dead < 28, `after 25 s (${pinged.dead.toFixed(1)} s)`);
	await until("who does not answer is cut off", 20, () => dead.closed !== null);
	check(seconds() > 39 && seconds() < 44, `after 40 s (${seconds().toFixed(1)} s)`);
	await until("its peer and transport are gone", 5, async () => {
		const { spate_peers: peers, spate_transports: transports } = await metrics();
		return peers === 1 && transports === 0;
	});
	check(alive.closed === null && (await alive.ask("getProducers", {})).producers.length === 0, "who answers stays");
});
