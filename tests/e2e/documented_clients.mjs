// SPDX-License-Identifier: Apache-2.0
// The clients of docs/signaling.md, as they stand there: a host on either dialect is watched on
// both, one host follows another, once the room has closed behind the first, clients whose connection
// is cut go on with what they had, and so do all of them after a restart of the server.
import { startChromium } from "./lib/chromium.mjs";
import { documented, servePages } from "./lib/bundle.mjs";
import { metric } from "./lib/metrics.mjs";
import { Servers } from "./lib/servers.mjs";
import { WATCH_SOCKETS } from "./lib/sockets.mjs";
import { check, test, until } from "./lib/test.mjs";

const FRAMES = "document.getElementById('video').getVideoPlaybackQuality().totalVideoFrames";
const LINES_MAX = 90; // or nobody copies it

/**
 * What was dead is swept at once, so that only a client that joined again plays on; and a room closes soon
 * after its host has left, so that viewers have always been told of that when the next host comes.
 */
const SETTINGS = { media: { sweep_s: 1 }, rooms: { grace_s: 1 } };

/** A slow machine: what happens in the room meanwhile must not confuse a client that comes back. */
function slowed(client) {
	const slow = client.replace(/await ask\("createTransport",.*;/, "$& await new Promise((go) => setTimeout(go, 2000));");
	check(slow !== client, "a client can be made slow");
	return slow;
}

/** What a viewer that does not play has to show. */
const STATE = `({ frames: ${FRAMES}, ready: video.readyState, paused: video.paused,
	tracks: video.srcObject?.getTracks().map((t) => [t.kind, t.readyState, t.muted]) })`;

/** The count of frames begins anew with each stream that the video element is given. */
async function plays(page, who, seconds = 30) {
	let from = Infinity;
	try {
		await until(`${who} plays`, seconds, async () => {
			const frames = await page.evaluate(FRAMES).catch(() => -1); // the page loads itself anew
			from = frames < 0 ? Infinity : Math.min(from, frames);
			return frames >= from + 20;
		});
	} catch (error) {
		throw new Error(`${error.message}; from ${from} frames to ${JSON.stringify(await page.evaluate(STATE))}; ` +
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
	const pages = await servePages({ ...clients, slow: slowed(clients["socket.io"]) });
	defer(() => pages.close());
	const browser = await startChromium();
	defer(() => browser.close());

	const viewers = [];
	for (const name of ["plain", "socket.io", "slow"])
		viewers.push([`a viewer on ${name}`, await browser.open(pages.url(name), { before: WATCH_SOCKETS })]);
	const logged = (event) => servers.controlplane.output.split(` ${event} room=demo`).length - 1;
	let host;
	for (const name of ["plain", "socket.io"]) {
		host = await browser.open(`${pages.url(name)}#host`);
		for (const [who, viewer] of viewers)
			await plays(viewer, `${who} of a host on ${name}`);
		const errors = [host, ...viewers.map(([, viewer]) => viewer)].flatMap((page) => page.errors);
		check(errors.length === 0, `no script errors ${errors.join("; ")}`);
		if (name === "socket.io")
			continue;
		await host.close();
		await until("the room has closed behind its host", 20, () => logged("room-closed") === 1);
		await until("its viewers have joined again", 20, () => logged("peer-joined") >= 2 * viewers.length + 1);
	}

	const handshakes = await metric('dtls_handshakes_total{result="ok"}');
	for (const [, viewer] of viewers)
		await viewer.evaluate("window.notReloaded = true; sockets.at(-1).close(4000)");
	await until("all have come back", 20, () => logged("peer-resumed") === viewers.length);
	for (const [who, viewer] of viewers) {
		await plays(viewer, `${who} whose connection was cut`);
		check(await viewer.evaluate("window.notReloaded"), "and it is still the same page");
	}
	check(await metric('dtls_handshakes_total{result="ok"}') === handshakes, "without a DTLS handshake");

	const all = [["the host", host], ...viewers];
	await host.evaluate("window.notReloaded = true");
	await servers.controlplane.end();
	await servers.startControlplane();
	await until("all have come back", 30, async () => await metric("resumes_total") === all.length);
	for (const [who, viewer] of viewers)
		await plays(viewer, `${who} after a restart`);
	for (const [who, page] of all)
		check(await page.evaluate("window.notReloaded"), `${who}: it is still the same page`);
	check(await metric('dtls_handshakes_total{result="ok"}') === 0, "without a DTLS handshake");
});
