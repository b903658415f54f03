// SPDX-License-Identifier: Apache-2.0
// Two workers of the real data plane: an audience is spread over them, whoever comes next fills the gap
// that leavers made, and a control plane that starts again sees what its predecessor left.
import { metrics } from "../e2e/lib/metrics.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { spatectl } from "../e2e/lib/spatectl.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client, videoParameters } from "./client.mjs";

const PORT_BASE = 20000;
const workers = [0, 1];

async function produce() {
	const host = await Client.join("show");
	const transportId = (await host.transport("send")).id;
	return [
		(await host.ask("produce", { transportId, kind: "audio", rtpParameters: audioParameters() })).id,
		(await host.ask("produce", { transportId, kind: "video", rtpParameters: videoParameters() })).id,
	];
}

/** One more viewer of all of them. */
async function watch(producers) {
	const client = await Client.join("show");
	const transport = await client.transport("recv");
	for (const producerId of producers)
		await client.ask("consume", { transportId: transport.id, producerId, rtpCapabilities: client.capabilities });
	return { client, worker: transport.iceCandidates[0].port - PORT_BASE };
}

function on(viewers, worker) {
	return viewers.filter((viewer) => viewer.worker === worker);
}

/** What both processes say of each worker's consumers. */
async function consumers() {
	const told = await metrics();
	return workers.map((worker) => told[`spate_worker_consumers{worker="${worker}"}`]).join();
}

function inTables() {
	return spatectl("stats").workers.map((worker) => worker.consumers).join();
}

await test(async ({ defer }) => {
	const servers = new Servers({ dataplane: { workers: 2 }, media: { sweep_s: 60 } });
	defer(() => servers.end());
	await servers.start();
	const producers = await produce();
	let viewers = [];
	for (let i = 0; i < 20; i++)
		viewers.push(await watch(producers));
	const counts = workers.map((worker) => on(viewers, worker).length);
	check(counts.every((count) => count >= 8), `20 viewers are spread over two workers (${counts})`);
	check(await consumers() === counts.map((count) => 2 * count).join(), "/metrics says so");
	check(inTables() === await consumers(), "and so do the data plane's tables");
	const status = spatectl("status").controlplane.workers;
	check(status.length === 2 && status.every((w) => w.transports >= 8 && w.load > 0 && w.overloaded === false),
		"spatectl status has what is placed");

	for (const { client } of on(viewers, 1))
		await client.end();
	viewers = on(viewers, 0);
	await until("they have left", 5, async () => (await consumers()).endsWith(",0"));
	const next = [];
	for (let i = 0; i < 5; i++)
		next.push(await watch(producers));
	check(on(next, 1).length === 5, "whoever comes next fills the gap");
	for (const { client } of next)
		await client.end();
	await until("they have left, too", 5, async () => (await consumers()).endsWith(",0"));

	await servers.controlplane.end("SIGKILL");
	await servers.startControlplane();
	await until("the data plane is known to the next control plane", 5,
		async () => (await metrics())["spate_dataplane_up"] === 1);
	const told = await metrics();
	check(await consumers() === "0,0", "which has placed nothing itself");
	check(told["spate_worker_load{worker=\"0\"}"] > 0 && told["spate_worker_load{worker=\"1\"}"] === 0,
		"and counts what the one before it left");
	check((await watch(await produce())).worker < 2, "and goes on");
});
