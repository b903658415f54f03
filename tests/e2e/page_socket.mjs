// SPDX-License-Identifier: Apache-2.0
// The page over Socket.IO (?dialect=socket), alone and in one room with pages of the plain
// dialect: pictures, pauses, a restart of the control plane, and rooms that are closed.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { metric } from "./lib/metrics.mjs";
import { workDir } from "./lib/namespace.mjs";
import {
	checkFirstFrame, checkPlaying, decoded, firstFrame, openHost, openViewer, reachState, say, startWithBrowser,
} from "./lib/page.mjs";
import { artifact, buildDir } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const socket = { dialect: "socket" };
const joins = (page) => page.evaluate("spate.joins");
const words = (page) => page.evaluate("spate.words");
const loaded = (page, part) => page.evaluate(
	`performance.getEntriesByType("resource").some((e) => e.name.includes("${part}"))`);

async function picture(page, name) {
	const path = artifact(name);
	await page.screenshot(path);
	log(`picture: ${path}`);
}

async function keepsStill(page, who) {
	await until(`${who} has no new frames`, 5, async () => {
		const before = await decoded(page);
		await page.evaluate("new Promise((resolve) => setTimeout(resolve, 700))");
		return await decoded(page) === before;
	});
}

/** A browser reckons a pause as a freeze once the next frame is here. */
async function flowsAgain(page, who) {
	const before = await decoded(page);
	await until(`${who} has new frames`, 10, async () => await decoded(page) > before + 2);
	await checkPlaying(page, who, 2, { minimumFps: 4 });
}

async function pauses(host, viewer, browser) {
	say("the viewer pauses, then the host");
	await viewer.click("#pause-video");
	await keepsStill(viewer, "a viewer that paused");
	await viewer.click("#pause-video");
	await flowsAgain(viewer, "a viewer that resumed");
	await host.click("#pause-video");
	await until("the viewer reads that the host has paused", 5, async () =>
		(await words(viewer)).includes("host has paused the picture"));
	const late = await openViewer(browser, socket);
	await reachState(late, "playing", "who comes during the pause");
	await until("reads it too", 5, async () => (await words(late)).includes("host has paused the picture"));
	await host.click("#pause-video");
	await until("the viewer reads that the picture is back", 5, async () =>
		(await words(viewer)).includes("are coming in"));
	await flowsAgain(viewer, "the viewer");
	await firstFrame(late, "who came during the pause");
	await late.close();
}

/** This dialect lets a socket have one transport of a direction: the old one has to go first. */
async function joinAgain(pages) {
	say("pages join again on the socket they have");
	for (const [who, page] of pages) {
		const [count, transport] = [await joins(page), await page.evaluate("spate.transportId")];
		await page.evaluate("document.getElementById('retry').click()");
		await until(`${who} has joined again`, 10, async () => await joins(page) > count);
		await reachState(page, who === "host" ? "live" : "playing", who);
		await until(`${who} has a new transport`, 5, async () =>
			await page.evaluate("spate.transportId") !== transport);
		check(await joins(page) === count + 1, `${who} needed one try`);
	}
	await flowsAgain(pages[1][1], "the viewer");
}

async function restart(servers, pages) {
	say("the control plane is started anew");
	const before = new Map();
	const kept = async (page) => `${await joins(page)} ${await page.evaluate("spate.transportId")}`;
	for (const [who, page] of pages) {
		await page.evaluate("void (window.notReloaded = true)");
		before.set(who, await kept(page));
	}
	await servers.controlplane.end();
	for (const [who, page] of pages)
		await reachState(page, "reconnecting", who);
	await servers.startControlplane();
	await until("all have come back", 15, async () => await metric("resumes_total") >= pages.length);
	for (const [who, page] of pages) {
		await reachState(page, who === "host" ? "live" : "playing", who);
		check(await kept(page) === before.get(who), `${who} has joined no second time, and has its transport`);
	}
	for (const [who, page] of pages.filter(([name]) => name !== "host")) {
		await flowsAgain(page, who);
		check(await page.evaluate("window.notReloaded"), `${who} was not reloaded`);
	}
}

async function closings(host, viewer, plain) {
	say("the operator closes the room");
	execFileSync(join(buildDir, "tools/spatectl"), ["--run-dir", join(workDir(), "run"), "room", "close",
		"default"]);
	await reachState(host, "ended", "host");
	check((await words(host)).includes("closed by the server (the operator closed it)"), "the host reads why");
	for (const page of [viewer, plain])
		await until("a viewer reads that it is over", 5, async () =>
			await page.evaluate("spate.state") === "waiting" && (await words(page)).includes("has ended"));
	await picture(host, "page-ended.png");
	await picture(viewer, "page-over.png");
	check((await host.evaluate("document.getElementById('retry').textContent")) === "Start again",
		"the host is offered to start again");
	await host.click("#retry");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await flowsAgain(viewer, "viewer");

	say("the host closes the room");
	await host.click("#close-room");
	check(await host.evaluate("spate.state") === "live", "one click asks whether that is meant");
	check((await host.evaluate("document.querySelector('#sure[role=status]').textContent")).includes("for everybody"),
		"and says what it does, also to who cannot see it");
	await picture(host, "page-close-room.png");
	await host.click("#close-room");
	await reachState(host, "stopped", "host");
	check((await words(host)).includes("You closed the room"), "the host reads what it did");
	for (const page of [viewer, plain])
		await until("a viewer reads that it is over", 5, async () => (await words(page)).includes("has ended"));
	await host.click("#host");
	await reachState(host, "live", "host");
	for (const [who, page] of [["viewer", viewer], ["viewer of the plain dialect", plain]]) {
		await reachState(page, "playing", who);
		await flowsAgain(page, who);
	}
}

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);

	say("host and viewer over Socket.IO");
	const host = await openHost(browser, { codec: "VP8", ...socket });
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser, socket);
	await reachState(viewer, "playing", "viewer");
	await checkFirstFrame(viewer, "viewer", 8000);
	check(await loaded(viewer, "/socket.io/") && await loaded(viewer, "/socket_io.js"), "it does use Socket.IO");
	await checkPlaying(viewer, "viewer", 3);

	say("a viewer of the plain dialect in the same room, and the other way round");
	const plain = await openViewer(browser);
	await reachState(plain, "playing", "viewer of the plain dialect");
	await firstFrame(plain, "viewer of the plain dialect");
	check(!await loaded(plain, "/socket_io.js"), "which does not load the client of Socket.IO");
	const plainHost = await openHost(browser, { room: "plain", codec: "VP8" });
	await reachState(plainHost, "live", "host of the plain dialect");
	const mixed = await openViewer(browser, { room: "plain", ...socket });
	await reachState(mixed, "playing", "viewer of the other dialect");
	await firstFrame(mixed, "viewer of the other dialect");
	await checkPlaying(mixed, "viewer of the other dialect", 2);
	await mixed.close();
	await plainHost.close();

	await pauses(host, viewer, browser);
	await joinAgain([["host", host], ["viewer", viewer]]);
	await restart(servers, [["host", host], ["viewer", viewer], ["viewer of the plain dialect", plain]]);
	await closings(host, viewer, plain);
	const errors = [host, viewer, plain].flatMap((page) => page.errors)
		.filter((e) => !/WebSocket|ERR_CONNECTION|Failed to load resource/.test(e));
	check(errors.length === 0, `no script errors ${errors.join("; ")}`);
});
