// SPDX-License-Identifier: Apache-2.0
// The Socket.IO workflow in Chromium, phase by phase, with the stock clients: the order of its
// sequence diagram, and how soon a consumer that is resumed shows a picture.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startChromium } from "./lib/chromium.mjs";
import { servePages } from "./lib/bundle.mjs";
import { metric } from "./lib/metrics.mjs";
import { Servers } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const RESUME_MS = 500;
const RESUMES = 5;
const BETWEEN_MS = 1000; // over media.keyframe_ms, so that no resume waits for the one before

/**
 * What the page has noted since is that, in this order; the last of it may still be on its way. The
 * notice with the token to resume with belongs to no phase.
 */
async function checkOrder(who, page, expected) {
	const names = [];
	for (const end = Date.now() + 5000; names.length < expected.length && Date.now() < end; await sleep(50))
		names.push(...(await page.evaluate("phases.take()")).map(([name]) => name)
			.filter((name) => name !== "< session"));
	const right = JSON.stringify(names) === JSON.stringify(expected);
	check(right, `${who}: ${expected.join(", ")}${right ? "" : `\n        but it was ${names.join(", ")}`}`);
}

async function resumes(viewer, video) {
	const times = [];
	const keyFrames = () => viewer.evaluate(`phases.decodedFrames("${video}", "keyFramesDecoded")`);
	for (let i = 0; i < RESUMES; i++) {
		const before = await keyFrames();
		await sleep(BETWEEN_MS);
		times.push(await viewer.evaluate(`phases.resumeAndMeasure("${video}")`));
		check(await keyFrames() > before, "it begins with a key frame");
		if (i < RESUMES - 1)
			await viewer.evaluate(`phases.setPaused("${video}", true)`);
	}
	log(`resumeConsumer to the first decoded frame: ${times.map((t) => t.toFixed(0)).join(", ")} ms`);
	times.sort((a, b) => a - b);
	check(times[RESUMES >> 1] <= RESUME_MS, `the median is within ${RESUME_MS} ms`);
	check(times.at(-1) <= 2 * RESUME_MS, "and none takes twice that, busy as the machine may be");
}

await test(async ({ defer }) => {
	const servers = new Servers({ rooms: { grace_s: 2 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const pages = await servePages({ phases: readFileSync(new URL("pages/phases.js", import.meta.url), "utf8") });
	defer(() => pages.close());
	const browser = await startChromium();
	defer(() => browser.close());
	const host = await browser.open(`${pages.url("phases")}#ann`), viewer = await browser.open(`${pages.url("phases")}#bob`);
	const run = (page, call) => page.evaluate(`phases.${call}`);
	const setup = ["> getRouterRtpCapabilities", "< routerRtpCapabilities", "device.load"];

	log("----  1 to 4: capabilities, the host's transport, its connection, it produces");
	await run(viewer, "load()");
	await run(host, "load()");
	const send = await run(host, "openTransport('send')");
	check(send.transportId === `${send.id}-send`, "the transport is called <socketId>-send");
	await run(host, "publish()");
	await checkOrder("the host", host, [...setup,
		"> createTransport", "< transportCreated", "create send transport", "getDisplayMedia",
		"> connectTransport", "< transportConnected", "> produce", "< produced", "> produce", "< produced"]);
	await checkOrder("the viewer", viewer, [...setup, "< newProducer", "< newProducer"]);

	log("----  5 and 6: what there is, and the viewer consumes it");
	await run(viewer, "openTransport('recv')");
	const list = await run(viewer, "listProducers()");
	const [video, audio] = ["video", "audio"].map((kind) => list.find((p) => p.kind === kind).id);
	await run(viewer, `consume("${audio}")`);
	await run(viewer, `setPaused("${audio}", false)`);
	// The stock client connects when something is consumed for the first time, not before.
	await checkOrder("the viewer", viewer, ["> createTransport", "< transportCreated",
		"create recv transport", "> getProducers", "< producers", "> consume", "< consumed", "> connectTransport",
		"< transportConnected", "consume audio", "> resumeConsumer", "< consumerResumed"]);
	await until("the viewer's transport is connected", 10, () => run(viewer, "connected()"));
	await run(viewer, `consume("${video}")`);
	await sleep(BETWEEN_MS);
	check(await run(viewer, `decodedFrames("${video}")`) === 0, "a consumer starts paused");
	await checkOrder("the viewer", viewer, ["> consume", "< consumed", "consume video"]);
	await resumes(viewer, video);
	const names = (await run(viewer, "take()")).map(([name]) => name);
	check(names.lastIndexOf("> resumeConsumer") < names.lastIndexOf("first frame"), "media comes after resumeConsumer");
	const frames = await run(viewer, `decodedFrames("${video}")`);
	await until("the picture goes on", 10, async () => await run(viewer, `decodedFrames("${video}")`) >= frames + 20);

	log("----  7: the host stops one stream; the room stays");
	await run(host, "closeProducer('video')");
	await until("the viewer has closed its consumer", 5, async () => !(await run(viewer, "open()")).includes(video));
	await checkOrder("the viewer", viewer, ["< consumerClosed", "< producerClosed"]);
	await checkOrder("the host", host, ["> closeProducer", "< producerClosed"]);
	check(await metric("producers") === 1 && await metric("consumers") === 1, "the other stream is there");

	log("----  8: the host comes again, as after a reload of its page");
	const again = await browser.open(`${pages.url("phases")}#ann`);
	await run(again, "load()");
	await run(again, "openTransport('send')");
	await run(again, "publish()");
	await until("what it had before is gone", 5, async () => await metric("producers") === 2 &&
		await metric("transports") === 2 && (await run(viewer, "open()")).length === 0);
	await checkOrder("the viewer", viewer,
		["< consumerClosed", "< producerClosed", "< newProducer", "< newProducer"]);
	await checkOrder("the old page", host, ["< producerClosed", "< transportClosed", "< newProducer", "< newProducer"]);
	for (const { id } of await run(viewer, "listProducers()"))
		await run(viewer, `consume("${id}")`);
	const [fresh] = await run(viewer, "open()");
	await run(viewer, `resumeAndMeasure("${fresh}")`);

	log("----  9: the host leaves for good");
	for (const [who, page] of [["the host", again], ["the old page", host], ["the viewer", viewer]])
		check(page.errors.length === 0, `${who}: no script errors ${page.errors.join("; ")}`);
	await run(viewer, "take()");
	await host.close();
	await again.close();
	await checkOrder("the viewer", viewer, ["< consumerClosed", "< producerClosed", "< consumerClosed",
		"< producerClosed", "< roomClosed"]);
	await until("nothing is left, in either process", 10, async () => {
		const names = ["rooms", "peers", "transports", "producers", "consumers"];
		const left = await Promise.all([...names, ...names.slice(2).map((name) => `dataplane_${name}`)].map(metric));
		return left.every((n) => n === 0);
	});
	check(await viewer.evaluate("phases.isOpen()"), "the viewer's socket stays");
});
