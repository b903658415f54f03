// SPDX-License-Identifier: Apache-2.0
// The clients of docs/signaling.md, as they stand there: a host on either dialect is watched on
// both, one host follows another, and after a restart of the server all of them come back.
import { startChromium } from "./lib/chromium.mjs";
import { documented, servePages } from "./lib/bundle.mjs";
import { ORIGIN, Servers } from "./lib/servers.mjs";
import { check, test, until } from "./lib/test.mjs";

const FRAMES = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames";
const LINES_MAX = 90; // or nobody copies it

/** What was dead is swept at once, so that only a client that joined again plays on. */
const SETTINGS = { media: { sweep_s: 1 } };

/** What a viewer that does not play has to show. */
const STATE = `({ frames: ${FRAMES}, ready: video.readyState, paused: video.paused,
	tracks: video.srcObject?.getTracks().map((t) => [t.kind, t.readyState, t.muted]) })`;

async function plays(page, who, seconds = 30) {
	const before = await page.evaluate(FRAMES);
	try {
		await until(`${who} plays`, seconds, async () => await page.evaluate(FRAMES) >= before + 20);
	} catch (error) {
		throw new Error(`${error.message}; from ${before} frames to ${JSON.stringify(await page.evaluate(STATE))}; ` +
			`errors: ${page.errors.join("; ")}`);
	}
}

await test(async ({ defer }) => {
	const servers = new Servers(SETTINGS);
	defer((failed) => servers.end(failed));
	await servers.start();
	const clients = documented("signaling.md");
	check(Object.keys(clients).join(" ") === "plain socket.io", "docs/signaling.md has a client for each dialect");
	for (const [name, code] of Object.entries(clients))
		check(code.split("\n").length < LINES_MAX, `${name}: ${code.split("\n").length} lines`);
	const pages = await servePages(clients);
	defer(() => pages.close());
	const browser = await startChromium();
	defer(() => browser.close());

	const viewers = [];
	for (const name of ["plain", "socket.io"])
		viewers.push([`a viewer on ${name}`, await browser.open(pages.url(name))]);
	let host;
	for (const name of ["plain", "socket.io"]) {
		host = await browser.open(`${pages.url(name)}#host`);
		for (const [who, viewer] of viewers)
			await plays(viewer, `${who} of a host on ${name}`);
		const errors = [host, ...viewers.map(([, viewer]) => viewer)].flatMap((page) => page.errors);
		check(errors.length === 0, `no script errors ${errors.join("; ")}`);
		if (name === "plain")
			await host.close();
	}

	await servers.controlplane.end();
	await servers.startControlplane();
	await until("the server says it is healthy", 20, async () => (await fetch(`${ORIGIN}/healthz`)).ok);
	const joined = () => [...servers.controlplane.output.matchAll(/peer-joined room=demo/g)].length;
	await until("all have joined again", 30, () => joined() >= 7);
	for (const [who, viewer] of viewers)
		await plays(viewer, `${who} after a restart`);
});
