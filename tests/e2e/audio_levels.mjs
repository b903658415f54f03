// SPDX-License-Identifier: Apache-2.0
// A page publishes sound; clients of both dialects who ask for it are told how loud it is and who speaks,
// until they end it or the host leaves. Opus's in-band FEC is part of what they would consume.
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "../signaling/client.mjs";
import { SocketClient } from "../signaling/socket_client.mjs";
import { openHost, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { check, log, test } from "./lib/test.mjs";

const WISH = { intervalMs: 300, maxEntries: 4 };
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The data of the next such notice, in either dialect. */
async function hear(client, name) {
	const heard = await client.heard(name, 8000);
	return heard.data ?? heard;
}

async function checkLevels(client, words, producerId) {
	const { levels } = await hear(client, "audioLevels");
	log(`${words}: ${JSON.stringify(levels)}`);
	check(levels.length === 1 && levels[0].producerId === producerId && levels[0].level <= 0 &&
		levels[0].level > -80, `${words}: the level of the host's sound`);
	check((await hear(client, "activeSpeaker")).producerId === producerId, `${words}: the host speaks`);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const host = await openHost(browser, { codec: "VP8", size: "320x180" });
	await reachState(host, "live", "host");
	const json = await Client.join();
	const socket = await SocketClient.join();
	defer(() => Promise.all([json.end(), socket.end()]));
	const { producers } = await json.ask("getProducers", {});
	const producerId = producers.find((p) => p.kind === "audio").id;

	say("both dialects");
	check(same(await json.ask("observeAudio", WISH), WISH), "JSON: the answer is the wish");
	check(same(await socket.ask("observeAudio", WISH), WISH), "Socket.IO: the answer is the wish");
	await checkLevels(json, "JSON", producerId);
	await checkLevels(socket, "Socket.IO", producerId);

	say("opus's parameters");
	await json.transport("recv");
	const { rtpParameters } = await json.ask("consume", { producerId, rtpCapabilities: json.capabilities });
	check(rtpParameters.codecs[0].parameters.useinbandfec === 1, "in-band FEC is negotiated");

	say("one who has enough");
	await socket.ask("observeAudio", { intervalMs: 0 });
	await sleep(1000);
	socket.events.length = 0;
	await sleep(1000);
	check(!socket.events.some(([name]) => name === "audioLevels"), "no more levels");

	say("the host leaves");
	await host.close();
	check((await hear(json, "activeSpeaker")).producerId === null, "nobody speaks");
});
