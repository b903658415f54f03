// SPDX-License-Identifier: Apache-2.0
// One host publishes picture and sound with the codec given, one viewer plays them: the first
// picture within 2 s, no freeze over a second, and an encoder that leaves its start bitrate. The viewer
// does nothing twice that takes the browser tens of milliseconds.
import {
	checkFirstFrame, checkNoErrors, checkPlaying, openHost, openViewer, reachState, startWithBrowser, stats, videoOf,
} from "./lib/page.mjs";
import { ORIGIN } from "./lib/servers.mjs";
import { check, log, Skip, test, until } from "./lib/test.mjs";

const codec = process.argv[2] ?? "VP8";
// "wide": over IPv6, and with two workers, so that packets are handed over between them.
const settings = process.argv[3] === "wide"
	? { dataplane: { workers: 2 }, network: { announced: ["fd99::2"] } } : {};
const FIRST_FRAME_MS = 2000;
const START_BITRATE_LEFT_BPS = 600_000;
// AV1 in software is dear: a smaller picture shows the same path.
const wishes = codec === "AV1" ? { codec, size: "320x180" } : { codec };

/** Counts what takes time before the first picture. */
const COUNTED = `{
	window.counts = { connections: 0, negotiations: 0 };
	const { setRemoteDescription } = RTCPeerConnection.prototype;
	RTCPeerConnection.prototype.setRemoteDescription = function (...args) {
		counts.negotiations++;
		return setRemoteDescription.apply(this, args);
	};
	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(...args) {
			super(...args);
			counts.connections++;
		}
	};
}`;

async function checkCounts(viewer) {
	const { connections, negotiations } = await viewer.evaluate("counts");
	check(connections === 3, `${connections} RTCPeerConnections: two for the browser's capabilities, one for media`);
	check(negotiations === 2, `${negotiations} negotiations: sound and picture at once, and the probator`);
}

async function needEncoder(browser, url) {
	const page = await browser.open(url);
	const names = await page.evaluate("RTCRtpSender.getCapabilities('video').codecs.map((c) => c.mimeType)");
	await page.close();
	if (!names.some((n) => n.toLowerCase() === `video/${codec.toLowerCase()}`))
		throw new Skip(`this Chromium does not send ${codec}`);
}

/** Bits a second that the encoder is asked for. */
async function targetRate(page) {
	return videoOf((await stats(page)).outbound).targetBitrate ?? 0;
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer, settings);
	await needEncoder(browser, `${ORIGIN}/`);

	const host = await openHost(browser, wishes);
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser, {}, { before: COUNTED });
	await reachState(viewer, "playing", "viewer");
	await checkFirstFrame(viewer, "viewer", FIRST_FRAME_MS);
	const { last } = await checkPlaying(viewer, "viewer", 5);
	const video = videoOf(last.inbound);
	check(video.codec.toLowerCase() === codec.toLowerCase(), `the viewer decodes ${video.codec}`);
	check(last.roundTripMs !== null && last.roundTripMs < 100, `round trip ${last.roundTripMs} ms`);

	if (codec !== "AV1")
		await until(`the encoder's target is over ${START_BITRATE_LEFT_BPS / 1000} kbit/s`, 15,
			async () => await targetRate(host) > START_BITRATE_LEFT_BPS);
	const sent = (await stats(host)).outbound;
	log(`host: ${JSON.stringify(videoOf(sent))}`);
	log(`viewer: ${JSON.stringify(videoOf((await stats(viewer)).inbound))}`);
	await checkCounts(viewer);
	checkNoErrors(host, "host");
	checkNoErrors(viewer, "viewer");
});
