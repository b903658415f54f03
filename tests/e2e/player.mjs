// SPDX-License-Identifier: Apache-2.0
// The player in a frame of a page of another origin, in a browser that plays nothing with sound
// before a click: it waits for a host, plays, says that the host has paused, and plays the next host.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { servePages } from "./lib/bundle.mjs";
import { startChromium } from "./lib/chromium.mjs";
import { metric } from "./lib/metrics.mjs";
import { checkNoErrors, openHost, pageUrl, reachState } from "./lib/page.mjs";
import { ORIGIN, Servers } from "./lib/servers.mjs";
import { check, test, until } from "./lib/test.mjs";

const SELF = new URL("../../controlplane/web/dist/player.js", import.meta.url);
const EMBEDDER = `
	const frame = document.createElement("iframe");
	frame.src = "${ORIGIN}/player?room=default";
	frame.width = 640;
	frame.height = 360;
	document.body.append(frame);`;

const inFrame = (page, expression) => page.evaluateIn("/player", expression);

async function frames(page) {
	const stats = await inFrame(page, "player.stats()");
	return stats.find((s) => s.type === "inbound-rtp" && s.kind === "video")?.framesDecoded ?? 0;
}

async function plays(page, who) {
	await until(`${who} is played`, 25, async () => await inFrame(page, "player.state") === "playing" &&
		await frames(page) > 5);
	const before = await frames(page);
	await sleep(1000);
	const after = await frames(page);
	check(after - before >= 8, `${who}: ${after - before} frames in a second`);
}

async function policies() {
	const policy = async (path) => (await fetch(ORIGIN + path)).headers.get("content-security-policy");
	check((await policy("/player?room=x")).includes("frame-ancestors http://localhost:8080\r".trim()),
		"the player may be embedded by whom the configuration names");
	for (const path of ["/", "/player.html", "/index.html"])
		check((await policy(path)).includes("frame-ancestors 'none'"), `${path} may not be embedded`);
}

/** What the large page copies for others. */
async function links(browser) {
	const page = await browser.open(pageUrl({ room: "a room/ä" }));
	for (const [button, link] of [["#copy-obs", `${ORIGIN}/whip/a%20room%2F%C3%A4`],
		["#copy-player", `${ORIGIN}/player?room=a+room%2F%C3%A4`]]) {
		await page.click(button);
		await until(`${button} copies ${link}`, 5, async () =>
			await page.evaluate("document.getElementById('copied').textContent") === `Copied: ${link}`);
	}
	await page.close();
}

await test(async ({ defer }) => {
	const servers = new Servers({ http: { frame_ancestors: "http://localhost:8080" } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const browser = await startChromium({ flags: ["--autoplay-policy=document-user-activation-required"] });
	defer(() => browser.close());
	const pages = await servePages({ embedder: EMBEDDER });
	defer(() => pages.close());
	check(readFileSync(SELF).length < 10000, "the player's script is small");
	await policies();
	await links(browser);

	const page = await browser.open(pages.url("embedder"));
	await until("the player says that nobody is live", 10, async () =>
		(await inFrame(page, "player.words"))?.startsWith("Nobody is live"));
	let host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	await plays(page, "the host");
	check(await inFrame(page, "document.querySelector('video').muted"), "without sound");
	check(!await inFrame(page, "document.getElementById('unmute').hidden"), "which a button turns on");

	for (const kind of ["video", "audio"])
		await host.click(`#pause-${kind}`);
	await until("the player says that the host has paused", 5, async () =>
		(await inFrame(page, "player.words")).startsWith("The host has paused"));
	for (const kind of ["video", "audio"])
		await host.click(`#pause-${kind}`);
	await until("and plays on", 5, async () => await inFrame(page, "player.state") === "playing");

	checkNoErrors(host, "the host");
	await host.close();
	await until("the player waits when the host has gone", 10, async () =>
		["paused", "waiting"].includes(await inFrame(page, "player.state")));
	host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	await plays(page, "the next host");
	// As a person leaves. Of a tab that the browser ends, the farewell may be lost with its process.
	await page.evaluate("document.querySelector('iframe').remove()");
	await until("a player that is left leaves no session", 5, async () => await metric("consumers") === 0);
	await page.close();
});
