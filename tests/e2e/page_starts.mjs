// SPDX-License-Identifier: Apache-2.0
// Impatient clicks while the browser asks for camera and microphone: afterwards the page is in the
// room once at most, and after Stop it sends nothing and holds no device.
import { checkNoErrors, pageUrl, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

/** Each question for camera and microphone waits for answer(i, allowed). */
const ASK_FIRST = `{
	const { mediaDevices } = navigator;
	const open = mediaDevices.getUserMedia.bind(mediaDevices);
	const questions = [];
	window.tracks = [];
	mediaDevices.getUserMedia = (constraints) => new Promise((resolve, reject) => {
		questions.push({ constraints, resolve, reject });
	});
	window.asked = () => questions.length;
	window.answer = async (i, allowed) => {
		const { constraints, resolve, reject } = questions[i];
		if (!allowed)
			return reject(new DOMException("refused", "NotAllowedError"));
		const stream = await open(constraints);
		window.tracks.push(...stream.getTracks());
		resolve(stream);
	};
}`;

/** The elements may be hidden by then: what counts is that a click may come too late. */
const press = (page, ...ids) =>
	page.evaluate(`void ${JSON.stringify(ids)}.forEach((id) => document.getElementById(id).click())`);

const answer = (page, i, allowed = true) => page.evaluate(`answer(${i}, ${allowed})`);
const openTracks = (page) => page.evaluate("tracks.filter((t) => t.readyState === 'live').length");

async function holds(words, page, { peers, producers, tracks }) {
	await until(words, 8, async () => {
		const now = roomNow();
		return now.peers === peers && now.producers === producers && await openTracks(page) === tracks;
	});
}

const SENDS = { peers: 1, producers: 2, tracks: 2 };
const WATCHES = { peers: 1, producers: 0, tracks: 0 };
const NOTHING = { peers: 0, producers: 0, tracks: 0 };

/** Words; what is pressed while the browser asks; the answers, in their order; what then is, and how. */
const CASES = [
	["Start as host twice, the first question answered first", ["host", "host"], [0, 1], SENDS, "live"],
	["Start as host twice, the second question answered first", ["host", "host"], [1, 0], SENDS, "live"],
	["host, then watch", ["host", "watch"], [0], WATCHES, "waiting"],
	["host, watch, host", ["host", "watch", "host"], [0, 1], SENDS, "live"],
	["host, then stop", ["host", "stop"], [0], NOTHING, "stopped"],
];

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const open = () => browser.open(pageUrl({ simulcast: "0" }), { before: ASK_FIRST });

	for (const [words, presses, answers, expected, state] of CASES) {
		say(words);
		const page = await open();
		await press(page, ...presses);
		check(await page.evaluate("document.getElementById('setup').hidden") === (state !== "stopped"),
			"the form is there unless something has begun");
		for (const i of answers)
			await answer(page, i);
		await reachState(page, state, "the page");
		await holds("it is in the room as asked, once", page, expected);
		await press(page, "stop");
		await holds("and after Stop it sends nothing", page, NOTHING);
		checkNoErrors(page, "the page");
		await page.close();
	}

	say("a refusal, then Try again twice");
	const page = await open();
	await press(page, "host");
	for (let i = 0; await page.evaluate("spate.state") !== "failed"; i++) {
		await until("the browser asks", 5, async () =>
			await page.evaluate("asked()") > i || await page.evaluate("spate.state") === "failed");
		if (await page.evaluate("asked()") > i)
			await answer(page, i, false);
	}
	const before = await page.evaluate("asked()");
	await press(page, "retry", "retry");
	check(await page.evaluate("asked()") === before + 1, "the browser asks once");
	await answer(page, before);
	await reachState(page, "live", "the page");
	await holds("it is in the room once", page, SENDS);
	await press(page, "stop");
	await holds("and after Stop it sends nothing", page, NOTHING);
});
