// SPDX-License-Identifier: Apache-2.0
// WHIP and WHEP clients that others wrote publish and watch for ten seconds: clients.mjs NAME.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { servePages } from "./lib/bundle.mjs";
import { checkDecoded, python, simpleWhipClient } from "./lib/live_clients.mjs";
import { metric } from "./lib/metrics.mjs";
import { startWithBrowser } from "./lib/page.mjs";
import { Servers } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const SECONDS = 10;

async function nothingIsLeft() {
	const names = ["producers", "consumers", "dataplane_producers", "dataplane_consumers"];
	await until("neither process has a producer or a consumer", 5, async () =>
		(await Promise.all(names.map(metric))).every((n) => n === 0));
}

async function watched(player) {
	const result = await player.result();
	check(result.state === "connected" && result.deleted === 200, `${player.name}: ${result.state}, DELETE ${result.deleted}`);
	checkDecoded(result, player.name, SECONDS);
}

async function published(publisher) {
	const { state, deleted } = await publisher.result();
	check(state === "connected" && deleted === 200, `${publisher.name}: ${state}, DELETE ${deleted}`);
}

/** A page with npm's clients: start(name, room), received(), end(). */
async function openPage(browser, defer) {
	const pages = await servePages({ npm: readFileSync(new URL("pages/npm_clients.js", import.meta.url), "utf8") }, { modules: "tests" });
	defer(() => pages.close());
	return () => browser.open(pages.url("npm"));
}

/** Debian's WHIP client publishes; aiortc and GStreamer watch. */
async function simpleWhip({ defer }) {
	const servers = new Servers({});
	defer((failed) => servers.end(failed));
	await servers.start();
	const publisher = simpleWhipClient("show");
	defer((failed) => failed && log(publisher.output));
	await publisher.says("PeerConnection connected");
	await publisher.says("Sending candidates: end-of-candidates");
	const players = ["aiortc", "gstreamer"].map((name) => python(name, "watch", "show", SECONDS));
	await Promise.all(players.map(watched));
	publisher.child.kill("SIGINT");
	check(await publisher.over === 0, "simple-whip-client ends its session");
	check(!/\[(ERR|WARN)\]/.test(publisher.output), "and has no complaint");
	await nothingIsLeft();
}

/** aiortc and GStreamer publish; Chromium watches with each of npm's players. */
async function players({ defer }) {
	const { browser } = await startWithBrowser(defer);
	const open = await openPage(browser, defer);
	const publishers = ["aiortc", "gstreamer"].map((name) => python(name, "publish", name, SECONDS + 4));
	await Promise.all(publishers.map((each) => each.says("answered")));
	await Promise.all([["whip-whep", "aiortc"], ["eyevinn", "gstreamer"]].map(async ([client, room]) => {
		const page = await open();
		await page.evaluate(`clients.start("${client} watch", "${room}")`);
		await until(`${client} decodes pictures of ${room}`, 5, async () => (await page.evaluate("clients.received()")).video > 0);
		await sleep(SECONDS * 1000);
		checkDecoded(await page.evaluate("clients.received()"), `${client} watches ${room}`, SECONDS);
		await page.evaluate("clients.end()");
	}));
	await Promise.all(publishers.map(published));
	await nothingIsLeft();
}

/** Each of npm's publishers in Chromium; aiortc and GStreamer watch. */
async function publishers({ defer }) {
	const { browser } = await startWithBrowser(defer);
	const open = await openPage(browser, defer);
	const pages = await Promise.all(["whip-whep", "eyevinn"].map(async (client) => {
		const page = await open();
		await page.evaluate(`clients.start("${client} publish", "${client}")`);
		await until(`${client} is connected`, 10, async () => (await page.evaluate("clients.states()")).includes("connected"));
		return page;
	}));
	await Promise.all([["aiortc", "whip-whep"], ["gstreamer", "eyevinn"]].map(([player, room]) => watched(python(player, "watch", room, SECONDS))));
	for (const page of pages)
		await page.evaluate("clients.end()");
	await nothingIsLeft();
}

await test({ "simple-whip": simpleWhip, players, publishers }[process.argv[2]], { limit: 60 });
