// SPDX-License-Identifier: Apache-2.0
// "spatectl upgrade" to a release whose version between the two processes is another one, and back, while a
// host sends to viewers of both dialects: both processes are replaced, transports go on without a DTLS
// handshake, and clients come back with their tokens. A pair of different versions that nobody planned is
// refused, and says why.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { metric } from "../e2e/lib/metrics.mjs";
import { buildDir, ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { spatectl, spatectlLater } from "../e2e/lib/spatectl.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";
import { Transports } from "./transports.mjs";

const PACKETS = 10;
const OTHER = { dataplane: join(buildDir, "tests/tools/other-dataplane"),
	controlplane: join(buildDir, "tests/tools/other-controlplane") };

async function enter(purpose, media) {
	const client = await Client.join("show");
	const given = await client.ask("createWebRtcTransport", { purpose });
	await client.ask("connectWebRtcTransport", { transportId: given.id, dtlsParameters: media.dtlsParameters("client") });
	const wire = media.open(given, "client");
	await until("it connects", 5, () => media.connected.has(wire), { quiet: true });
	return { client, transportId: given.id, wire };
}

async function watch(media, producerId) {
	const viewer = await enter("recv", media);
	const consumer = await viewer.client.ask("consume", { transportId: viewer.transportId, producerId,
		rtpCapabilities: viewer.client.capabilities });
	await viewer.client.ask("resumeConsumer", { consumerId: consumer.id });
	return viewer;
}

async function hears({ wire }, media) {
	const before = (await media.received(wire)).packets;
	await until("a viewer hears", 5, async () => (await media.received(wire)).packets >= before + PACKETS, { quiet: true });
}

/** As a supervisor does: a process that has ended is followed by the next one, of the release that is installed. */
function supervise(servers, release) {
	const servants = Object.keys(release).map((name) => servers[name]);
	servants.forEach((server) => { server.path = release[server.name]; });
	const left = new Set(servants);
	const timer = setInterval(() => {
		for (const server of left)
			if (!server.running) {
				check(server.status === 0, `the ${server.name} ends as it should`);
				left.delete(server);
				server.start();
			}
	}, 5);
	return () => {
		clearInterval(timer);
		check(left.size === 0, "each process was replaced once");
	};
}

/** Both processes become others. `people` keep what they have. */
async function upgrade(servers, release, people, media) {
	const end = supervise(servers, release);
	const result = await spatectlLater("upgrade");
	end();
	check(result.state === "done" && result.what === "both" && result.lost === 0, `spatectl: ${JSON.stringify(result)}`);
	check(await metric('restored_objects{object="transport"}') === people.length, "every transport is known");
	for (const person of people) {
		person.client = await Client.open(`?room=show&resume=${person.client.resume}`);
		const { transports } = (await person.client.heard("resumed")).data;
		check(transports.length === 1 && transports[0].id === person.transportId && transports[0].state === "connected",
			"who comes back has the transport still");
		await until("there is another token", 2, () => person.client.resume !== null, { quiet: true });
	}
	for (const person of people.slice(1))
		await hears(person, media);
	check(media.counts.connected === people.length && await metric('dtls_handshakes_total{result="ok"}') === 0,
		"nobody made a DTLS handshake");
	check(media.counts.failed === 0 && media.counts.closed === 0, "no transport has ended");
}

/** One of the two alone becomes another, without a command. */
async function unplanned(servers, own) {
	await servers.controlplane.end();
	servers.controlplane.path = OTHER.controlplane;
	await servers.startControlplane();
	const why = /^no data plane is connected: the data plane speaks version \d+, the client 1000: run both from one release$/;
	await until("/readyz says that the versions do not fit", 10, async () =>
		(await (await fetch(`${ORIGIN}/readyz`)).json()).reasons.some(({ code, message }) => code === "no-dataplane" && why.test(message)));
	let words = "";
	try {
		spatectl("upgrade");
	} catch (error) {
		words = String(error.stderr ?? error);
	}
	check(words.includes("no data plane is connected"), `there is nothing to upgrade: ${words.trim()}`);
	await servers.controlplane.end();
	servers.controlplane.path = own;
	await servers.startControlplane();
}

await test(async ({ defer }) => {
	const servers = new Servers();
	const own = { dataplane: servers.dataplane.path, controlplane: servers.controlplane.path };
	defer((failed) => servers.end(failed));
	await servers.start();
	const media = await Transports.start();
	defer(() => media.end());

	const host = await enter("send", media), rtpParameters = audioParameters();
	const { id: producerId } = await host.client.ask("produce", { transportId: host.transportId, kind: "audio", rtpParameters });
	media.send(host.wire, rtpParameters.encodings[0].ssrc, rtpParameters.codecs[0].payloadType);
	const people = [host, await watch(media, producerId), await watch(media, producerId)];
	for (const viewer of people.slice(1))
		await hears(viewer, media);
	await until("all have tokens", 2, () => people.every(({ client }) => client.resume !== null), { quiet: true });
	await sleep(200); // the first blob of a transport is not waited for

	for (const [words, release] of [["to another version", OTHER], ["back", own]]) {
		log(`----  ${words}`);
		await upgrade(servers, release, people, media);
	}
	log("----  a pair of different versions");
	await unplanned(servers, own.controlplane);
	await until("the pair that fits works", 10, async () => (await fetch(`${ORIGIN}/readyz`)).ok);
	for (const viewer of people.slice(1))
		await hears(viewer, media);
	check(media.counts.connected === people.length && media.counts.failed === 0, "media has gone on");
});
