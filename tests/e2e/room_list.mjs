// SPDX-License-Identifier: Apache-2.0
// The page's list of rooms: it shows what is open, who is live and how many watch; a click
// or a key watches; it is empty when the last has gone, and absent where the server keeps it
// to itself, as it does where tokens are asked for.
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startChromium } from "./lib/chromium.mjs";
import { workDir } from "./lib/namespace.mjs";
import { checkNoErrors, checkPlaying, openHost, openViewer, pageUrl, reachState, say } from "./lib/page.mjs";
import { artifact, ORIGIN, Servers } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const SECRET = "a secret of no fewer than 32 bytes";

/** As the server has it. */
const LISTED_MAX = 200;

const rooms = async () => (await fetch(`${ORIGIN}/rooms`)).json();

/** The list as a person sees it: its words, and for each room the text of its row; null where there is none. */
const LIST = `(() => {
	const lobby = document.getElementById("lobby");
	if (lobby.checkVisibility() === false)
		return null;
	return { words: document.getElementById("rooms-words").textContent,
		rows: [...document.querySelectorAll("#rooms .room")].map((b) => [...b.children].slice(0, 3)
			.map((e) => e.textContent).join(" | ")) };
})()`;

const hasRows = (page, words, rows) => until(words, 8, async () => {
	const list = await page.evaluate(LIST);
	return list !== null && JSON.stringify(list.rows) === JSON.stringify(rows);
});

async function picture(page, name) {
	const path = artifact(name);
	await page.screenshot(path);
	log(`picture: ${path}`);
}

async function listed(browser) {
	say("nobody is here");
	check(JSON.stringify(await rooms()) === '{"rooms":[],"more":0}', "the server lists no room");
	const answer = await fetch(`${ORIGIN}/rooms`);
	check(answer.headers.get("cache-control") === "no-store", "and says not to keep that");
	const visitor = await browser.open(pageUrl({}));
	await until("the page says so in words", 5, async () =>
		(await visitor.evaluate(LIST))?.words === "No room is open yet.");
	await picture(visitor, "rooms-none.png");

	say("one room is live, in another somebody waits");
	const host = await openHost(browser, { room: "evening-news", codec: "VP8" });
	await reachState(host, "live", "host");
	const waiting = await openViewer(browser, { room: "backstage" });
	await reachState(waiting, "waiting", "who waits");
	await hasRows(visitor, "the list shows both, the live one first",
		["Live | evening-news | 0 watching", "Off air | backstage | 1 waiting"]);
	check(await waiting.evaluate(LIST) === null, "a page that is busy shows no list");

	say("a click on a room watches it");
	const viewer = await browser.open(pageUrl({ room: "elsewhere" }));
	await hasRows(viewer, "another visitor sees the list",
		["Live | evening-news | 0 watching", "Off air | backstage | 1 waiting"]);
	await viewer.click("li[data-room=evening-news] button");
	await reachState(viewer, "playing", "viewer");
	check(await viewer.evaluate("document.getElementById('room').value") === "evening-news",
		"the form names the room");
	await checkPlaying(viewer, "viewer", 2);
	await hasRows(visitor, "the list counts the viewer",
		["Live | evening-news | 1 watching", "Off air | backstage | 1 waiting"]);
	const told = (await rooms()).rooms[0];
	check(told.hosts === 1 && told.viewers === 1 && told.live === true, "so does the server");
	await picture(visitor, "rooms.png");
	await visitor.resize(400, 800);
	check(await visitor.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it fits a narrow screen");
	await picture(visitor, "rooms-narrow.png");

	say("the keyboard does the same, and keeps its place while the list changes");
	await waiting.click("#stop");
	await visitor.evaluate(`void document.querySelector("[data-room=evening-news] button").focus()`);
	await hasRows(visitor, "the room where somebody waited has gone", ["Live | evening-news | 1 watching"]);
	await visitor.focusAndPress(":focus", "Enter");
	await reachState(visitor, "playing", "who pressed Enter");

	say("everybody goes");
	for (const page of [visitor, viewer, host])
		await page.click("#stop");
	await until("the list is empty again", 8, async () =>
		(await visitor.evaluate(LIST))?.words === "No room is open yet.");
	for (const [who, page] of Object.entries({ host, viewer, visitor, waiting }))
		checkNoErrors(page, who);
}

async function bounded(browser) {
	say("more rooms than are listed");
	const { WebSocket } = await import("ws");
	const sockets = [];
	for (let i = 0; i < LISTED_MAX + 3; i++)
		sockets.push(new WebSocket(`${ORIGIN.replace("http", "ws")}/?room=room-${1000 + i}`));
	sockets.push(new WebSocket(`${ORIGIN.replace("http", "ws")}/?room=room-${1000 + LISTED_MAX}`));
	await until("all are open", 10, async () => {
		const { rooms: list, more } = await rooms();
		return list.length === LISTED_MAX && more === 3 && list[0].viewers === 2;
	});
	const { rooms: list } = await rooms();
	check(list[0].name === `room-${1000 + LISTED_MAX}`, "the one with most people comes first");
	check(list[1].name === "room-1000" && list.at(-1).name === `room-${1000 + LISTED_MAX - 2}`,
		"then the others by name");
	const visitor = await browser.open(pageUrl({}));
	await until("the page says that there are more", 5, async () =>
		(await visitor.evaluate(LIST))?.words === "And 3 more: type the name of yours.");
	await visitor.close();
	for (const each of sockets)
		each.close();
}

async function unlisted(browser) {
	say("the server keeps the list to itself");
	check((await fetch(`${ORIGIN}/rooms`)).status === 404, "it is not served");
	const visitor = await browser.open(pageUrl({}));
	await until("the page has asked", 5, () =>
		visitor.evaluate("performance.getEntriesByName(new URL('/rooms', location).href).length > 0"));
	await visitor.evaluate("new Promise((resolve) => setTimeout(resolve, 4000))");
	check(await visitor.evaluate(LIST) === null, "the page shows no list");
	check(await visitor.evaluate("performance.getEntriesByName(new URL('/rooms', location).href).length") === 1,
		"and asks no more");
	check(await visitor.evaluate("document.body.dataset.state") === "idle", "nor does it complain");
}

/** A JSON Web Token (RFC 7519), signed by HS256. */
function token(claims, secret) {
	const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
	return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

async function guarded(browser, dialect) {
	say(`tokens are asked for, dialect ${dialect}`);
	const claims = { sub: "eve", room: "members", publish: false, subscribe: true };
	const soon = Math.round(Date.now() / 1000) + 60;
	const wishes = { room: "members", dialect };
	for (const [who, given] of [["who has none", ""], ["who forged one", token(claims, "another secret")],
		["who comes late", token({ ...claims, exp: soon - 120 }, SECRET)]]) {
		const page = await openViewer(browser, { ...wishes, token: given });
		await reachState(page, "failed", who);
		check((await page.evaluate("spate.words")).includes("valid invitation"), `${who} reads what is missing`);
		await page.close();
	}
	const member = { ...wishes, token: token({ ...claims, exp: soon }, SECRET) };
	const viewer = await openViewer(browser, member);
	await reachState(viewer, "waiting", "a member");
	check(!(await viewer.evaluate("location.href")).includes("token"), "whose address shows no token");
	await viewer.reload();
	await reachState(viewer, "waiting", "a member who reloads the page");
	await viewer.close();
	const host = await openHost(browser, member);
	await reachState(host, "failed", "a member who wants to publish");
	check((await host.evaluate("spate.words")).includes("to watch, not to host"), "and reads why not");
	await picture(host, `page-forbidden-${dialect}.png`);
	await host.close();
}

await test(async ({ defer }) => {
	const browser = await startChromium();
	defer(() => browser.close());
	const servers = new Servers({ limits: { connects_per_second: 1000 } }); // many rooms from one address
	defer((failed) => servers.end(failed));
	await servers.start();
	await listed(browser);
	await bounded(browser);
	await servers.end(false);

	const silent = new Servers({ http: { room_list: false } });
	defer((failed) => silent.end(failed));
	await silent.startDataplane();
	await silent.startControlplane();
	await unlisted(browser);
	await silent.end(false);

	const key = join(workDir(), "secret");
	writeFileSync(key, SECRET, { mode: 0o600 });
	const strict = new Servers({ auth: { algorithm: "HS256", key_file: key } });
	defer((failed) => strict.end(failed));
	await strict.startDataplane();
	await strict.startControlplane();
	check((await fetch(`${ORIGIN}/rooms`)).status === 404, "the list is not served where tokens are asked for");
	for (const dialect of ["websocket", "socket"])
		await guarded(browser, dialect);
});
