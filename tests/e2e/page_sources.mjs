// SPDX-License-Identifier: Apache-2.0
// Hosts that lack a device or lose one: what there is goes out, the page says what is missing, and
// the broadcast ends with its last track.
import { checkNoErrors, openViewer, pageUrl, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

/** Devices that fail with the given errors, alone and together with others. */
const lacking = (errors) => `{
	const errors = ${JSON.stringify(errors)};
	const { mediaDevices } = navigator;
	const open = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		for (const kind of ["audio", "video"])
			if (constraints[kind] && errors[kind])
				throw new DOMException("not here", errors[kind]);
		return open(constraints);
	};
	navigator.permissions.query = async ({ name }) => ({ state:
		errors[name === "camera" ? "video" : "audio"] === "NotAllowedError" ? "denied" : "prompt" });
}`;

/** What fails; the kinds that go out; what the host reads about the rest. */
const CASES = [
	[{ audio: "NotFoundError" }, "video", "without sound. The microphone was not found."],
	[{ audio: "NotAllowedError" }, "video", "without sound. The microphone is not allowed"],
	[{ video: "NotFoundError" }, "audio", "without a picture. The camera was not found."],
	[{ video: "NotReadableError" }, "audio", "without a picture. The camera is in use by another program."],
];

const words = (page) => page.evaluate("spate.words");
const kinds = (page, what) => page.evaluate(`spate.${what}.map((p) => p.kind).sort().join(" ")`);

const openCamera = (browser, before) =>
	browser.open(pageUrl({ role: "host", source: "camera", codec: "VP8", simulcast: "0" }), { before });

/** Keeps the host's tracks, whose devices the test then takes away. */
const KEEP_TRACKS = `{
	const { mediaDevices } = navigator;
	const open = mediaDevices.getUserMedia.bind(mediaDevices);
	mediaDevices.getUserMedia = async (constraints) => {
		const stream = await open(constraints);
		window.tracks = Object.fromEntries(stream.getTracks().map((t) => [t.kind, t]));
		return stream;
	};
}`;

/** A browser ends a track this way when its device is gone. */
const unplug = (page, kind) =>
	page.evaluate(`tracks.${kind}.stop(), void tracks.${kind}.dispatchEvent(new Event("ended"))`);

const mute = (page, kind, muted) => page.evaluate(
	`Object.defineProperty(tracks.${kind}, "muted", { value: ${muted}, configurable: true }),
	void tracks.${kind}.dispatchEvent(new Event("${muted ? "mute" : "unmute"}"))`);

async function partly(browser, viewer) {
	for (const [errors, kind, said] of CASES) {
		say(`a host with ${JSON.stringify(errors)}`);
		const host = await openCamera(browser, lacking(errors));
		await reachState(host, "live", "host");
		check(await kinds(host, "producers") === kind, `${kind} alone goes out`);
		check((await words(host)).includes(said), `the host reads: ${await words(host)}`);
		await reachState(viewer, "playing", "viewer");
		check(await kinds(viewer, "consumers") === kind, `${kind} alone comes in`);
		checkNoErrors(host, "host");
		await host.close();
		await reachState(viewer, "waiting", "viewer");
	}

	say("a host with nothing");
	const host = await openCamera(browser, lacking({ audio: "NotFoundError", video: "NotFoundError" }));
	await reachState(host, "failed", "host");
	check((await words(host)).includes("No camera or microphone was found"), `the host reads: ${await words(host)}`);
	await host.close();
}

async function losses(browser, viewer) {
	say("the system mutes the microphone for a while");
	const host = await openCamera(browser, KEEP_TRACKS);
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await mute(host, "audio", true);
	check((await words(host)).includes("muted the sound"), `the host reads: ${await words(host)}`);
	await mute(host, "audio", false);
	check(await words(host) === "Picture and sound are going out.", `and later: ${await words(host)}`);

	say("the microphone is unplugged");
	const joins = await host.evaluate("spate.joins");
	await unplug(host, "audio");
	await until("the room has the picture alone", 5, () => roomNow().producers === 1);
	check(await host.evaluate("spate.state") === "live", "the broadcast goes on");
	check((await words(host)).includes("The microphone was unplugged"), `the host reads: ${await words(host)}`);
	await until("the viewer receives the picture alone", 5, async () => await kinds(viewer, "consumers") === "video");
	await reachState(viewer, "playing", "viewer");
	await host.evaluate("document.getElementById('retry').click()");
	await until("the host joins again without it", 10, async () => await host.evaluate("spate.joins") > joins);
	await reachState(host, "live", "host");
	await until("and the picture is there", 10, async () => await kinds(viewer, "consumers") === "video" &&
		roomNow().producers === 1);

	say("the camera too");
	await unplug(host, "video");
	await reachState(host, "failed", "host");
	check((await words(host)).includes("stopped or unplugged"), `the host reads: ${await words(host)}`);
	await until("the host has left the room", 5, () => roomNow().peers === 1);
	await reachState(viewer, "waiting", "viewer");
	checkNoErrors(host, "host");
	await host.close();
}

async function screens(browser) {
	say("a browser that cannot share a screen");
	const shown = (page) => page.evaluate("document.getElementById('screen').checkVisibility()");
	const able = await browser.open(pageUrl({}));
	check(await shown(able), "one that can offers it");
	const unable = await browser.open(pageUrl({}), { before: "delete MediaDevices.prototype.getDisplayMedia" });
	check(!await shown(unable), "one that cannot does not");
	const asked = await browser.open(pageUrl({ role: "host", source: "screen" }),
		{ before: "delete MediaDevices.prototype.getDisplayMedia" });
	await reachState(asked, "failed", "a page that was told to");
	check((await words(asked)).includes("cannot share a screen"), `it reads: ${await words(asked)}`);
	for (const page of [able, unable, asked])
		await page.close();
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const viewer = await openViewer(browser);
	await reachState(viewer, "waiting", "viewer");
	await partly(browser, viewer);
	await losses(browser, viewer);
	await screens(browser);
	checkNoErrors(viewer, "viewer");
});
