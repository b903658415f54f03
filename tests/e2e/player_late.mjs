// SPDX-License-Identifier: Apache-2.0
// Players join a host that has begun with its sound: the /player page, and a WHEP player without a
// library. They play the sound alone, and the picture as soon as it comes. What the host ends and
// begins again comes back, on the same SSRCs. All that happens in the sessions that they had.
import { readFileSync } from "node:fs";
import { startChromium } from "./lib/chromium.mjs";
import { servePages } from "./lib/bundle.mjs";
import { metric } from "./lib/metrics.mjs";
import { checkNoErrors } from "./lib/page.mjs";
import { Servers } from "./lib/servers.mjs";
import { check, test, until } from "./lib/test.mjs";

const script = (name) => readFileSync(new URL(`pages/${name}.js`, import.meta.url), "utf8");
const created = () => metric('whip_sessions_created_total{protocol="whep"}');

/** What the player has received: { frames, samples }. */
async function received(player) {
	const stats = (await player.evaluate("player.stats()")).filter((s) => s.type === "inbound-rtp");
	const [picture, sound] = ["video", "audio"].map((kind) => stats.find((s) => s.kind === kind));
	return { frames: picture?.framesDecoded ?? 0, samples: sound?.totalSamplesReceived ?? 0 };
}

async function ssrcs(player) {
	const stats = (await player.evaluate("player.stats()")).filter((s) => s.type === "inbound-rtp");
	return stats.map((s) => `${s.kind} ${s.ssrc}`).sort().join(", ");
}

/** The player's sound, and its picture, go on from here. */
async function goesOn(player, { picture }, what) {
	const before = await received(player);
	await until(what, 15, async () => {
		const now = await received(player);
		return await player.evaluate("player.state") === "playing" && now.samples > before.samples + 24000 &&
			(!picture || now.frames > before.frames + 10);
	});
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const browser = await startChromium();
	defer(() => browser.close());
	const pages = await servePages({ steps: script("steps"), whep: script("whep") });
	defer(() => pages.close());

	const host = await browser.open(pages.url("steps"));
	await host.evaluate("steps.join('default')");
	await host.evaluate("steps.produce('audio')");
	const player = await browser.open("http://localhost:3000/player?room=default");
	const other = await browser.open(pages.url("whep"));
	await goesOn(player, { picture: false }, "the player plays the sound, for there is no picture yet");
	check(await other.evaluate("whep.play('default')") === 201, "another player joins");

	await host.evaluate("steps.produce('video')");
	await goesOn(player, { picture: true }, "the picture comes to the player");
	const first = await ssrcs(player);
	await until("and to the other one", 10, async () => (await other.evaluate("whep.received()")).frames > 10);

	for (const kinds of [["video"], ["audio", "video"], ["video", "audio"]]) {
		for (const kind of kinds)
			await host.evaluate(`steps.close("${kind}")`);
		if (kinds.length === 2)
			await until("the player says that nothing comes", 5, async () =>
				(await player.evaluate("player.words")).startsWith("The host has paused or left"));
		for (const kind of [...kinds].reverse())
			await host.evaluate(`steps.produce("${kind}")`);
		await goesOn(player, { picture: true }, `the player goes on when ${kinds.join(" and ")} came back`);
	}
	const frames = (await other.evaluate("whep.received()")).frames;
	await until("and so does the other one", 10, async () => (await other.evaluate("whep.received()")).frames > frames + 10);
	check(await ssrcs(player) === first, `with the same SSRCs: ${first}`);
	check(await created() === 2, "in the sessions that they had");
	for (const [page, who] of [[host, "the host"], [player, "the player"], [other, "the other player"]])
		checkNoErrors(page, who);
});
