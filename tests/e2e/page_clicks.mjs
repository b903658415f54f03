// SPDX-License-Identifier: Apache-2.0
// The page as a person uses it: clicks, keys, the figures it shows, the words it has for
// trouble, and pictures of it for a person to look at (under the build directory, e2e/).
import {
	checkNoErrors, checkPlaying, openViewer, pageUrl, reachState, say, startWithBrowser,
} from "./lib/page.mjs";
import { artifact } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const text = (page, id) => page.evaluate(`document.getElementById("${id}").textContent`);
const shown = (page, id) => page.evaluate(`!document.getElementById("${id}").hidden`);

async function picture(page, name) {
	const path = artifact(name);
	await page.screenshot(path);
	log(`picture: ${path}`);
}

/** True once the video on the screen has a picture that is not one colour. */
const PICTURE = `(() => {
	const video = document.querySelector("#tiles video");
	if (!video || video.readyState < 2)
		return false;
	const canvas = new OffscreenCanvas(64, 36);
	const context = canvas.getContext("2d");
	context.drawImage(video, 0, 0, 64, 36);
	const data = context.getImageData(0, 0, 64, 36).data;
	return new Set(Array.from({ length: 64 }, (_, x) => data[(4 * 64 + x) * 4] >> 5)).size >= 2;
})()`;

/** A browser that plays nothing by itself, and nothing that is asked for before a click. */
const SHY = `{
	const { play } = HTMLMediaElement.prototype;
	let clicked = false;
	document.addEventListener("click", ({ target }) => {
		clicked ||= target.id === "unmute";
	}, true);
	Object.defineProperty(HTMLMediaElement.prototype, "autoplay", { set() {} });
	HTMLMediaElement.prototype.play = function () {
		return clicked ? play.call(this) : Promise.reject(new DOMException("a click is needed", "NotAllowedError"));
	};
}`;

async function shyBrowser(browser, room) {
	say("a browser that refuses to play, even without sound");
	const viewer = await openViewer(browser, { room }, { before: SHY });
	await until("the page offers to start the picture", 15, async () =>
		await shown(viewer, "unmute") && await text(viewer, "unmute") === "Start the picture");
	await picture(viewer, "page-start-picture.png");
	await viewer.click("#unmute");
	await until("a click starts it", 5, () => viewer.evaluate(PICTURE));
	check(await viewer.evaluate("!document.querySelector('#tiles video').muted"), "with its sound");
	check(!await shown(viewer, "unmute"), "and the button is gone");
	check(await viewer.evaluate("document.querySelector('#tiles video').controls"),
		"the picture has the browser's controls: volume, full screen");
	check((await viewer.evaluate("document.querySelector('#tiles video').ariaLabel")).includes("host 1"),
		"and a name for who cannot see it");
	await viewer.close();
}

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);

	say("a viewer opens the page, types a room and watches");
	const viewer = await browser.open(pageUrl({}));
	check(await text(viewer, "state") === "Ready", "the page is ready");
	await picture(viewer, "page-ready.png");
	await viewer.fill("#room", "");
	await viewer.click("#watch");
	check(await viewer.evaluate("spate.state") === "idle", "an empty room name is not taken");
	await viewer.fill("#room", "evening-news");
	await viewer.focusAndPress("#watch", "Enter");
	await reachState(viewer, "waiting", "viewer");
	check((await text(viewer, "words")).includes("Nothing to watch yet"), "and reads that nothing is on yet");
	await picture(viewer, "page-waiting.png");

	say("a host clicks the test pattern and starts");
	const host = await browser.open(pageUrl({ room: "evening-news", size: "640x360", fps: "15" }));
	await host.click("input[value=pattern]");
	await host.click("#host");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await until("the viewer has a picture on the screen", 5, () => viewer.evaluate(PICTURE));
	await checkPlaying(viewer, "viewer", 3);
	for (const id of ["f-bitrate", "f-fps", "f-frames", "f-size", "f-rtt", "f-first"])
		await until(`the viewer's figure ${id} is filled in`, 5, async () => /\d/.test(await text(viewer, id)));
	await until("the host's round trip is filled in", 5, async () => /\d/.test(await text(host, "f-rtt")));
	await picture(viewer, "page-playing.png");
	await picture(host, "page-host.png");
	await viewer.resize(400, 800);
	check(await viewer.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a narrow screen");
	await picture(viewer, "page-narrow.png");
	check(await host.evaluate("document.querySelector('#tiles video').ariaLabel") === "Your own picture",
		"the host's own picture has a name");
	await shyBrowser(browser, "evening-news");

	say("the host starts with camera and microphone (Chromium's fake ones)");
	await host.click("#stop");
	await reachState(host, "stopped", "host");
	await reachState(viewer, "waiting", "viewer");
	await host.click("input[value=camera]");
	await host.click("#host");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await checkPlaying(viewer, "viewer", 2);

	say("the host shows a screen (Chromium's fake one)");
	await host.click("#stop");
	await reachState(host, "stopped", "host");
	await reachState(viewer, "waiting", "viewer");
	await host.click("input[value=screen]");
	await host.click("#host");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await checkPlaying(viewer, "viewer", 2, { minimumFps: 2, audio: false });

	// A request on its way when the server goes must not hide that it went: this one stays unanswered.
	await viewer.evaluate(`{
		const { send } = WebSocket.prototype;
		WebSocket.prototype.send = function (text) {
			if (JSON.parse(text).type !== "consume")
				send.call(this, text);
		};
	}`);

	say("refused capture is said in words, with a way to try again");
	await host.click("#stop");
	await host.click("input[value=camera]");
	await host.evaluate(`void (navigator.mediaDevices.getUserMedia =
		() => Promise.reject(new DOMException("refused", "NotAllowedError")))`);
	await host.click("#host");
	await reachState(host, "failed", "host");
	check((await text(host, "alert-words")).includes("refused access"), "the words say so");
	check(await shown(host, "retry"), "and there is a button to try again");
	await picture(host, "page-refused.png");
	await host.evaluate("void (delete navigator.mediaDevices.getUserMedia)");
	await host.click("#retry");
	await reachState(host, "live", "host");

	say("the server goes away");
	checkNoErrors(host, "host");
	checkNoErrors(viewer, "viewer");
	await servers.controlplane.end();
	await reachState(viewer, "reconnecting", "viewer");
	check((await text(viewer, "alert-words")).includes("server does not answer"), "the words say so");
	await picture(viewer, "page-server-gone.png");
});
