// SPDX-License-Identifier: Apache-2.0
// The same user twice: the page that was there first yields and does not come back. Tabs of nobody in
// particular are told apart by names of their own.
import { setTimeout as sleep } from "node:timers/promises";
import { checkNoErrors, openHost, openViewer, pageUrl, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { WATCH_SOCKETS } from "./lib/sockets.mjs";
import { roomNow } from "./lib/spatectl.mjs";
import { check, test, until } from "./lib/test.mjs";

const SMALL = { codec: "VP8", size: "320x180" };
const words = (page) => page.evaluate("spate.words");
const tiles = (page) => page.evaluate("document.querySelectorAll('#tiles video').length");

const userOf = (page) => page.evaluate("new URL(sockets.at(-1).url).searchParams.get('user')");

async function sameUserTwice(browser, dialect) {
	say(`two tabs of one user send, dialect ${dialect}`);
	const wishes = { ...SMALL, room: dialect, dialect, user: "anna" };
	const first = await openHost(browser, wishes);
	await reachState(first, "live", "the first tab");
	const viewer = await openViewer(browser, { room: dialect });
	await reachState(viewer, "playing", "the viewer");
	const second = await openHost(browser, wishes);
	await reachState(first, "ended", "the first tab");
	check((await words(first)).includes("open in another tab"), "and says why");
	check(await first.evaluate("document.getElementById('retry').textContent") === "Start again",
		"and offers to start again");
	await reachState(second, "live", "the second tab");
	await reachState(viewer, "playing", "the viewer");
	await sleep(3000);
	check(await first.evaluate("spate.state") === "ended", "the first tab does not come back");
	check(roomNow(dialect).producers === 2, "the room has one sound and one picture");
	check(await tiles(viewer) === 1, "the viewer sees one picture");

	say("the first is started again: now the second yields");
	await first.click("#retry");
	await reachState(second, "ended", "the second tab");
	await reachState(first, "live", "the first tab");
	await until("the room has one sound and one picture", 5, () => roomNow(dialect).producers === 2);
	for (const page of [first, second, viewer]) {
		checkNoErrors(page, "a page");
		await page.close();
	}
}

async function viewersOfOneUser(browser) {
	say("two tabs of one user watch");
	const host = await openHost(browser, { ...SMALL, room: "watched" });
	await reachState(host, "live", "the host");
	const first = await openViewer(browser, { room: "watched", user: "bert" });
	await reachState(first, "playing", "the first tab");
	const second = await openViewer(browser, { room: "watched", user: "bert" });
	await reachState(second, "playing", "the second tab");
	await reachState(first, "ended", "the first tab");
	await first.click("#retry");
	await reachState(first, "playing", "the first tab, started again,");
	await reachState(second, "ended", "the second tab");
	for (const page of [host, first, second])
		await page.close();
}

async function names(browser) {
	say("each tab has a name of its own");
	const before = WATCH_SOCKETS;
	const host = await openHost(browser, { ...SMALL, room: "names" }, { before });
	await reachState(host, "live", "the host");
	const name = await userOf(host);
	check(/^tab-[0-9a-f]{32}$/.test(name), `it is ${name}`);
	await host.reload();
	await reachState(host, "live", "the reloaded page");
	check(await userOf(host) === name, "a reload keeps it");
	const copy = await host.duplicate();
	await reachState(copy, "live", "the duplicate");
	check(await userOf(copy) !== name, "a duplicate has another");
	check(await host.evaluate("spate.state") === "live", "and the first goes on");
	await copy.close();
	const named = await browser.open(pageUrl({ role: "watch", room: "names", user: "anna" }), { before });
	await reachState(named, "playing", "a page whose address names the user");
	check(await userOf(named) === "anna", "keeps to that");
	await named.close();
	await host.close();
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	for (const dialect of ["websocket", "socket"])
		await sameUserTwice(browser, dialect);
	await viewersOfOneUser(browser);
	await names(browser);
});
