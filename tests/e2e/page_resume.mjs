// SPDX-License-Identifier: Apache-2.0
// The socket of a page is cut, and its media is not: the page comes back and goes on with the same
// transports, in both dialects, and the picture does not stop.
import { metric } from "./lib/metrics.mjs";
import { checkPlaying, firstFrame, openHost, openViewer, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { WATCH_SOCKETS } from "./lib/sockets.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

const SMALL = { codec: "VP8", size: "320x180" };
const CUT = "void sockets.at(-1).close(4000, 'cut by the test')";
const SEVERAL = 3; // cuts
const PAGES = 3;

/** What has to be the same afterwards. */
const KEPT = `({ transport: spate.transportId, joins: spate.joins,
	consumers: spate.consumers.map((c) => c.id).sort(), producers: spate.producers.map((p) => p.id).sort() })`;

/** Notes when the page showed a frame. */
const WATCH_FRAMES = `{
	window.shown = [];
	const video = document.querySelector("#tiles video");
	const note = (now) => { shown.push(now); video.requestVideoFrameCallback(note); };
	video.requestVideoFrameCallback(note);
	undefined;
}`;

/** The longest time without a frame since the last call, until now. */
const LONGEST_MS = `(() => {
	const times = [...shown.splice(0), performance.now()];
	return Math.max(...times.slice(1).map((t, i) => t - times[i]));
})()`;

/** Over Socket.IO a page that has come back begins with long-polling, and changes to a WebSocket soon. */
function allHaveSockets({ dialect }) {
	return until("all pages are on their WebSockets", 15, async () => await metric("sockets") === PAGES && (!dialect ||
		await metric('engineio_sessions{transport="websocket"}') === PAGES), { quiet: true });
}

async function cut(page, who, state, dialect) {
	await allHaveSockets(dialect);
	const [kept, opened] = await page.evaluate(`[${KEPT}, sockets.length]`);
	await page.evaluate(CUT);
	await until(`${who} has noticed`, 5, () => page.evaluate("spate.states.at(-1) === 'reconnecting' || sockets.length > " +
		`${opened}`), { quiet: true });
	await reachState(page, state, who);
	const now = await page.evaluate(KEPT);
	check(JSON.stringify(now) === JSON.stringify(kept), `${who} goes on with what it had (${JSON.stringify(now)})`);
}

async function goesOn(browser, words, dialect) {
	say(words);
	const room = { room: dialect.dialect ?? "plain" };
	const host = await openHost(browser, { ...SMALL, ...room, ...dialect }, { before: WATCH_SOCKETS });
	await reachState(host, "live", "the host");
	const open = async (who) => {
		const page = await openViewer(browser, { ...room, ...dialect }, { before: WATCH_SOCKETS });
		await reachState(page, "playing", who);
		await firstFrame(page, who);
		await until(`${who} has the sound too`, 10, () => page.evaluate("spate.consumers.length === 2"));
		return page;
	};
	const viewer = await open("the viewer"), other = await open("who is not cut");
	const before = await Promise.all([metric('dtls_handshakes_total{result="ok"}'), metric("resumes_total")]);
	for (const page of [viewer, other])
		await page.evaluate(WATCH_FRAMES);
	for (let i = 0; i < SEVERAL; i++)
		await cut(viewer, "the viewer", "playing", dialect);
	await cut(host, "the host", "live", dialect);
	const [longest, usual] = await Promise.all([viewer, other].map((page) => page.evaluate(LONGEST_MS)));
	check(longest <= 2 * usual + 200, `the picture went on: ${longest.toFixed()} ms at most between two frames, ` +
		`${usual.toFixed()} ms for who was not cut`);
	await checkPlaying(viewer, "the viewer", 1, { minimumFps: 4 });
	const after = await Promise.all([metric('dtls_handshakes_total{result="ok"}'), metric("resumes_total")]);
	check(after[0] === before[0], "without a DTLS handshake");
	check(after[1] === before[1] + SEVERAL + 1, "and the server has counted who came back");
	const { peers, transports } = roomNow(room.room);
	check(peers === 3 && transports === 3, "nobody is there twice");

	await allHaveSockets(dialect);
	say("the host pauses while the viewer is away, and who leaves is gone at once");
	await viewer.evaluate(CUT);
	await host.click("#pause-video");
	await reachState(viewer, "playing", "the viewer");
	await until("the viewer reads that the host has paused", 10, async () =>
		(await viewer.evaluate("spate.words")).includes("host has paused the picture"));
	await host.close();
	await until("the viewer is told", 5, () => viewer.evaluate("spate.consumers.length === 0"));
	const errors = [viewer, other].flatMap((page) => page.errors).filter((e) => !/WebSocket|ERR_CONNECTION/.test(e));
	check(errors.length === 0, `no script errors ${errors.join("; ")}`);
	await viewer.close();
	await other.close();
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	await goesOn(browser, "the JSON dialect", {});
	await goesOn(browser, "Socket.IO", { dialect: "socket" });
});
