// SPDX-License-Identifier: Apache-2.0
// The operator's page in a browser: it asks for the token and keeps it in its tab; it shows an empty node,
// a viewer and ten thousand of them, light and dark, on a wide and a narrow screen; the keyboard does what
// the mouse does; it closes, drains and takes clients again; names of rooms are text.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startChromium } from "./lib/chromium.mjs";
import { workDir } from "./lib/namespace.mjs";
import { firstFrame, openHost, openViewer, reachState, say } from "./lib/page.mjs";
import { ADMIN_ORIGIN, artifact, Servers } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const TOKEN = "the-token-of-the-operator", HOSTILE = "<img src=x onerror=window.hacked=1>";
const MANY = 10000;

/** Makes the server's answers those of a node with ten thousand viewers in 150 rooms. */
const CROWD = `{
	const real = window.fetch;
	const peer = (i) => ({ id: "peer-" + i, user: "viewer number " + i, host: i === 0, of_operator: false, producers: i === 0 ? 2 : 0,
		consumers: 2, bps: 2.5e6 + i, lost_percent: i % 7 / 3, rtt_ms: 20 + i % 300 });
	window.fetch = async (url, options) => {
		const response = await real(url, options);
		if (!response.ok)
			return response;
		const answer = await response.json(), { cmd, offset = 0 } = JSON.parse(options.body);
		if (cmd === "overview")
			Object.assign(answer, { viewers: ${MANY}, peers: ${MANY} + 150, rooms: 150, consumers: ${2 * MANY}, largest_rooms: { more: 50,
				list: Array.from({ length: 100 }, (_, i) => ({ name: "room " + i + " with a name that is rather long, as some are",
					state: "open", peers: 5000 - i * 40, hosts: 1, producers: 2, consumers: 2 * (5000 - i * 40) })) } });
		if (cmd === "peers")
			Object.assign(answer, { ok: true, room: "room 0", count: 5000, peers: Array.from({ length: 50 }, (_, i) => peer(offset + i)) });
		if (cmd === "history")
			answer.samples = Array.from({ length: 360 }, (_, i) => [Date.now() / 1000 - 3600 + i * 10, ${MANY} * i / 360,
				4e6 + 1e5 * Math.sin(i / 9), 2.5e6 * ${MANY} * i / 360, i > 300 ? 40 : 0, 90 * i / 360]);
		return new Response(JSON.stringify(answer), { status: 200, headers: { "content-type": "application/json" } });
	};
}`;

const text = (page, selector) => page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
const rows = (page, table) => page.evaluate(`[...document.querySelectorAll("#${table} tbody tr")].map((row) =>
	[...row.cells].map((cell) => cell.innerText.trim()).filter(Boolean).join(" | "))`);
const fits = (page) => page.evaluate("document.documentElement.scrollWidth <= innerWidth");
const figure = (page, name) => page.evaluate(`[...document.querySelectorAll("#figures div")].find((d) =>
	d.children[0].textContent === "${name}")?.children[1].textContent`);

async function picture(page, name) {
	for (const colours of ["light", "dark"]) {
		await page.colours(colours);
		const path = artifact(`operator-${name}-${colours}.png`);
		await page.screenshot(path);
		log(`picture: ${path}`);
	}
}

async function logIn(page) {
	await page.fill("#token", TOKEN);
	await page.click("#login button");
	await until("the page shows the node", 10, () => page.evaluate("!document.getElementById('all').hidden"));
}

/** What a script of the page did wrong; that a request was refused is what was tested. */
const errors = (page) => page.errors.filter((e) => !/status of 40[13]/.test(e));

/** The focus goes to the button with the Tab key alone, and Enter presses it. */
async function tabTo(page, label) {
	await page.evaluate("document.activeElement.blur()");
	for (let i = 0; i < 60; i++) {
		await page.press("Tab");
		if (await page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent") === label)
			return page.press("Enter");
	}
	throw new Error(`the keyboard does not reach ${label}`);
}

async function empty(browser) {
	say("nobody is here");
	const page = await browser.open(`${ADMIN_ORIGIN}/operator`);
	await until("it asks for the token", 5, () => page.evaluate("!document.getElementById('login').hidden"));
	check(await page.evaluate("document.activeElement.id") === "token", "and is ready to take it");
	await page.fill("#token", "not the token of anybody");
	await page.click("#login button");
	await until("a wrong one is refused", 5, async () => (await text(page, "#words")) === "This token is not the server's.");
	await logIn(page);
	check(await figure(page, "Viewers") === "0" && (await text(page, "#rooms-words")) === "No room is open.", "no viewer, no room");
	check((await text(page, "#words")) === "Ready", "the node is ready");
	check(await page.evaluate("document.querySelectorAll('.uplot canvas').length") === 4, "four plots are there");
	check(!(await page.evaluate("location.href")).includes(TOKEN) && await page.evaluate("document.cookie") === "" &&
		await page.evaluate(`sessionStorage.getItem("spate-operator-token") === "${TOKEN}" && localStorage.length === 0`),
	"the token is in the tab's storage and nowhere else");
	await picture(page, "empty");
	await page.reload();
	await until("a reload keeps it", 5, () => page.evaluate("!document.getElementById('all').hidden"));
	return page;
}

async function one(browser, page) {
	say("a host, a viewer, and somebody in a room with a hostile name");
	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "viewer");
	await firstFrame(viewer, "viewer");
	await openViewer(browser, { room: HOSTILE });
	await until("the page shows both rooms", 10, async () => (await rooms(page)).length === 2);
	await until("with a host, a viewer, and what is sent", 10, async () =>
		(await rooms(page))[0].startsWith("default | open | 1 | 1 | 2 | 2"));
	check((await rooms(page))[1].startsWith(HOSTILE) && !await page.evaluate("window.hacked"), "a name is text");
	await tabTo(page, "Show the peers of default");
	await until("its peers are shown, with what they are sent", 10, async () =>
		(await rows(page, "peers")).some((row) => / \| viewer \| 0 \| 2 \| [\d.]+ [kM]bit\/s \| [\d.]+ % \|/.test(row)));
	check((await text(page, "#peers-words")) === "1 to 2 of 2", "both of them");
	await picture(page, "one");

	say("a peer is closed");
	const label = await page.evaluate(`[...document.querySelectorAll("#peers tr")].find((row) => row.cells[1].textContent === "viewer")
		.querySelector("button").getAttribute("aria-label")`);
	await tabTo(page, label);
	check(await page.evaluate("document.getElementById('confirm').open"), "it asks first");
	await page.press("Escape");
	check(!await page.evaluate("document.getElementById('confirm').open") && (await rows(page, "peers")).length === 2,
		"Escape means no");
	await tabTo(page, label);
	await page.click("#yes");
	const left = `[...document.querySelectorAll("#peers button")].every((b) => b.getAttribute("aria-label") !== ${JSON.stringify(label)})`;
	await until("the peer has gone; its page may come back as another", 10, () => page.evaluate(left));
}

const rooms = (page) => rows(page, "rooms");

async function drained(page) {
	say("the node is drained");
	await page.click("#drain");
	await page.fill("#deadline", "0");
	await page.click("#yes");
	check(await page.evaluate("document.getElementById('confirm').open"), "a deadline must be one");
	await page.fill("#deadline", "120");
	await page.click("#yes");
	await until("it says so", 5, async () => /^draining: /.test(await text(page, "#words")));
	await page.click("#undrain");
	await until("and takes clients again", 5, async () => (await text(page, "#words")) === "Ready");
}

async function crowd(browser) {
	say(`${MANY} viewers`);
	const page = await browser.open(`${ADMIN_ORIGIN}/operator`, { before: CROWD });
	await logIn(page);
	await until("they are shown", 5, async () => await figure(page, "Viewers") === "10.0 k" && (await rooms(page)).length === 100);
	check((await text(page, "#rooms-words")) === "and 50 smaller ones", "rooms beyond a hundred are counted");
	await page.click("#rooms tbody button");
	await until("the first peers of the largest room", 5, async () => (await text(page, "#peers-words")) === "1 to 50 of 5000");
	await page.click("#next");
	await until("and the next ones", 5, async () => (await text(page, "#peers-words")) === "51 to 100 of 5000");
	check(await page.evaluate("document.querySelectorAll('*').length") < 4000, "the page stays small");
	await page.evaluate("scrollTo(0, 0)");
	await picture(page, "crowd");
	check(await fits(page), "it fits a wide screen");
	await page.resize(400, 800);
	await until("it fits a narrow screen", 3, () => fits(page));
	await picture(page, "narrow");
	check(errors(page).length === 0, `no script errors ${errors(page).join("; ")}`);
}

await test(async ({ defer }) => {
	const file = join(workDir(), "token");
	writeFileSync(file, `a-token-to-read-with\n${TOKEN}\n`, { mode: 0o600 });
	const servers = new Servers({ admin: { token_file: file } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const browser = await startChromium();
	defer(() => browser.close());
	const page = await empty(browser);
	await one(browser, page);
	await drained(page);
	check(errors(page).length === 0, `no script errors ${errors(page).join("; ")}`);
	await crowd(browser);
});
