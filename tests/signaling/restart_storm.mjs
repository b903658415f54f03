// SPDX-License-Identifier: Apache-2.0
// Two hundred clients behind one address, whose media flows, come back after the control plane was
// killed. It takes them longer than media.sweep_s and resume.grace_s, and all keep their transports.
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { roomNow } from "../e2e/lib/spatectl.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { Transports } from "./transports.mjs";

const MANY = 200, AT_ONCE = 20;
const SWEEP_S = 1, GRACE_S = 1, SPREAD_MS = 4000;

/** As the documented client: until the server knows us again, however often that is refused. */
async function comesBack(token, waitMs) {
	await sleep(waitMs);
	for (let tries = 1; ; tries++) {
		const client = await Client.open(`?room=crowd&resume=${token}`).catch(() => null);
		while (client && client.closed === null && client.messages.length === 0)
			await sleep(10);
		const first = client?.messages.find((m) => m.type !== "error");
		if (first?.type === "resumed")
			return { client, tries, transports: first.data.transports };
		check(first === undefined && tries < 20, `a client is given back what it had, not ${JSON.stringify(first)}`);
		await sleep(300);
	}
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { sweep_s: SWEEP_S }, resume: { grace_s: GRACE_S } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());

	const clients = [];
	while (clients.length < MANY)
		clients.push(...await Promise.all(Array.from({ length: AT_ONCE }, async () => {
			const client = await Client.join("crowd");
			const given = await client.transport("recv");
			await client.ask("connectWebRtcTransport", { transportId: given.id,
				dtlsParameters: media.dtlsParameters("client") });
			return { id: given.id, client, wire: media.open(given, "client") };
		})));
	await until("all have media", 20, () => clients.every(({ wire }) => media.connected.has(wire)));
	await until("the server knows it", 5, async () => await metric('dtls_handshakes_total{result="ok"}') === MANY, { quiet: true });
	await sleep(500); // the first blob of a transport is not waited for

	await servers.controlplane.end("SIGKILL");
	servers.controlplane.start();
	const begun = Date.now();
	const back = await Promise.all(clients.map(({ client }, i) => comesBack(client.resume, i * SPREAD_MS / MANY)));
	log(`all are back after ${Date.now() - begun} ms, at the ${Math.max(...back.map((b) => b.tries))}th try at worst`);
	check(back.every(({ transports }, i) => transports.length === 1 && transports[0].id === clients[i].id &&
		transports[0].state === "connected"), "each with the transport that it had");
	check(Date.now() - begun > Math.max(SWEEP_S, GRACE_S) * 1000 + 2000, "and the last ones after all was to be swept");
	const { peers, transports } = roomNow("crowd");
	check(peers === MANY && transports === MANY, "nobody is there twice");
	check(await metric('dtls_handshakes_total{result="ok"}') === 0, "without a DTLS handshake");
	await Promise.all(back.map(({ client }) => client.end()));
	await until("nothing is left", 10, async () => await metric("rooms") === 0 && await metric("dataplane_transports") === 0);
});
