// SPDX-License-Identifier: Apache-2.0
// A player's event stream and its choice of layers (the core extensions of draft-ietf-wish-whep).
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ADMIN_ORIGIN, ORIGIN, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { Reader } from "./event_reader.mjs";

const SDP = "application/sdp";
const JSON_TYPE = "application/json";
const NAMES = "active,inactive,layers,viewercount,reconnect";

function offer(name) {
	return readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
}

async function post(path, body, type = SDP) {
	const url = path.startsWith("http") ? path : ORIGIN + path;
	return fetch(url, { method: "POST", body, headers: type ? { "content-type": type } : {} });
}

async function publish(name) {
	const response = await post("/whip/show", offer(name));
	check(response.status === 201, `${name} publishes (${response.status})`);
	return response.headers.get("location");
}

/** The Link headers by their relation. */
function links(response) {
	const found = new Map();
	for (const [, url, rel] of response.headers.get("link").matchAll(/<([^>]*)>; rel="([^"]*)"/g))
		found.set(rel.replace("urn:ietf:params:whep:ext:core:", ""), url);
	return found;
}

async function play(name = "chromium-whep") {
	const response = await post("/whep/show", offer(name));
	check(response.status === 201, `${name} plays (${response.status})`);
	return { location: response.headers.get("location"), link: response.headers.get("link"), links: links(response) };
}

async function metric(series) {
	const text = await (await fetch(`${ADMIN_ORIGIN}/metrics`)).text();
	return Number(text.split("\n").find((line) => line.startsWith(`spate_${series} `))?.split(" ")[1]);
}

async function streamOf(session, wanted = null) {
	const response = await post(session.links.get("server-sent-events"), wanted && JSON.stringify(wanted),
		wanted ? JSON_TYPE : null);
	check(response.status === 201, `the event stream is made (${response.status})`);
	const url = response.headers.get("location");
	check(url.startsWith(`${session.location}/events/`) && url.length > session.location.length + 25,
		"at a URL below the session's that nobody guesses");
	return url;
}

/** Players outlive their publisher for a while: what a group has made ends with it. */
async function end(...locations) {
	for (const location of locations)
		check((await fetch(location, { method: "DELETE" })).status === 200, "DELETE is answered 200");
}

/** What the stream says, from its begin to the publisher's end. */
async function tells() {
	const host = await publish("chromium-whip-simulcast");
	const session = await play();
	check(session.link.includes(`<${session.location}/events>; rel="urn:ietf:params:whep:ext:core:server-sent-events"; ` +
		`events="${NAMES}"`), `the 201 names the events: ${session.link}`);
	check(session.links.get("layer") === `${session.location}/layer`, "and where layers are chosen");

	const reader = await Reader.open(await streamOf(session));
	await reader.heard("active");
	check(!reader.has("inactive"), "inactive is not the first");
	const layers = await reader.heard("layers");
	const [section] = Object.keys(layers);
	check(layers[section].length === 3 && layers[section].every((l) => typeof l.rid === "string"),
		`layers has three encodings by their RIDs: ${JSON.stringify(layers)}`);
	check((await reader.heard("viewercount")).viewercount === 1, "there is one viewer");
	check(await metric("whep_event_streams") === 1 && await metric('whep_events_total{event="active"}') === 1,
		"the stream and its events are counted");

	const other = await Client.join("show");
	await until("the other viewer is counted", 8, () => reader.events.some(({ data }) => data.viewercount === 2));
	await other.end();
	await fetch(host, { method: "DELETE" });
	await reader.heard("inactive");
	const again = await publish("chromium-whip-simulcast");
	await until("the player is bound to who publishes next, in the same session", 8, () =>
		reader.events.filter(({ event }) => event === "active").length === 2);
	check(!reader.has("reconnect"), "and is not told to play again");
	await fetch(again, { method: "DELETE" });
	await until("nothing is sent again", 8, () => reader.events.filter(({ event }) => event === "inactive").length === 2);
	check(JSON.stringify(await reader.heard("reconnect")) === "{}",
		"after the room's grace time the player is told to play again");
	await until("the stream ends with the session", 5, () => reader.over);
	check((await fetch(session.location)).status === 404, "which is gone");
	check(await metric("whep_event_streams") === 0, "nobody reads");
}

/** A browser host pauses, and goes on. */
async function pauses() {
	const host = await publish("firefox-whip");
	const session = await play();
	const reader = await Reader.open(await streamOf(session, ["active", "inactive"]));
	await reader.heard("active");
	check(!reader.has("layers") && !reader.has("viewercount"), "only what was asked for comes");
	await fetch(session.location, { method: "DELETE" });
	await until("DELETE ends the stream", 5, () => reader.over);
	check(!reader.has("reconnect") && !reader.has("inactive"), "without a word to who has ended it");
	await fetch(host, { method: "DELETE" });
}

/** Requests that are refused, and what a stream's own requests do. */
async function requests() {
	const host = await publish("firefox-whip");
	const session = await play();
	const events = session.links.get("server-sent-events");
	for (const [body, type, status] of [['["active","scte35"]', JSON_TYPE, 400], ["{}", JSON_TYPE, 400],
		["[1]", JSON_TYPE, 400], ["hello", JSON_TYPE, 400], ['["active"]', "text/plain", 415]]) {
		const response = await post(events, body, type);
		check(response.status === status && response.headers.get("content-type") === "application/problem+json",
			`${body} as ${type}: ${response.status}`);
	}
	check((await fetch(events)).status === 405, "GET of where streams are made: 405");
	const url = await streamOf(session, ["active"]);
	check((await fetch(url.replace(/.{4}$/, "0000"))).status === 404, "another stream: 404");
	const head = await fetch(url, { method: "HEAD" });
	check(head.status === 200 && head.headers.get("content-type") === "text/event-stream", "HEAD is answered");
	const [first, second] = [await Reader.open(url), await Reader.open(url)];
	await second.heard("active");
	await until("the second reader replaces the first", 5, () => first.over);
	const third = await Reader.open(await streamOf(session, ["active"]));
	await until("a new stream replaces the old one", 5, () => second.over);
	check((await fetch(url)).status === 404, "whose URL is gone");
	await third.heard("active");
	third.close();
	await until("a reader that leaves is noticed", 5, async () => await metric("whep_event_streams") === 0);
	const again = await streamOf(session);
	const preflight = await fetch(again, { method: "OPTIONS", headers: { origin: "https://studio.example" } });
	check(preflight.headers.get("access-control-allow-origin") === "https://studio.example" &&
		preflight.headers.get("allow") === "OPTIONS, GET, HEAD, DELETE", "pages of other origins may read it");
	check((await fetch(again, { method: "DELETE" })).status === 200 && (await fetch(again)).status === 404,
		"DELETE ends a stream");
	check((await fetch(session.location)).status === 204, "but not its session");
	check((await post(`${host}/events`, "", null)).status !== 201, "a publisher has no events");
	await end(host, session.location);
}

async function layers() {
	const host = await publish("chromium-whip-simulcast");
	const session = await play();
	const reader = await Reader.open(await streamOf(session));
	const [section, list] = Object.entries(await reader.heard("layers"))[0];
	const choose = async (body) => (await post(session.links.get("layer"), JSON.stringify(body), JSON_TYPE)).status;
	for (const body of [{ rid: list[0].rid }, { mediaId: section, rid: list[2].rid }, { encodingId: list[1].rid },
		{ spatialLayerId: 1, temporalLayerId: 0 }, { maxSpatialLayerId: 200 }, { maxWidth: 640, maxHeight: 360 },
		{ mediaId: section, rid: null }, {}])
		check(await choose(body) === 200, `${JSON.stringify(body)}: 200`);
	for (const [body, status] of [[{ rid: "none" }, 422], [{ spatialLayerId: 3 }, 422], [{ mediaId: "7" }, 422],
		[{ mediaId: section === "0" ? "1" : "0" }, 422], [{ spatialLayerId: -1 }, 400], [{ temporalLayerId: "x" }, 400],
		[{ maxWidth: "x" }, 400], [[], 400]])
		check(await choose(body) === status, `${JSON.stringify(body)}: ${status}`);
	check((await fetch(session.location)).status === 204, "the session outlives what is refused");
	await end(host, session.location);
	const simple = await publish("firefox-whip");
	const single = await play();
	const one = async (body) => (await post(single.links.get("layer"), JSON.stringify(body), JSON_TYPE)).status;
	check(await one({}) === 200 && await one({ maxSpatialLayerId: 1 }) === 200 && await one({ spatialLayerId: 1 }) === 422,
		"a stream of one layer satisfies what it can");
	await end(simple, single.location);
}

/** A reader that takes nothing is closed; the process keeps a bounded amount for it. */
async function silence() {
	const host = await publish("firefox-whip");
	const session = await play();
	const url = new URL(await streamOf(session));
	const socket = connect(PORT, "127.0.0.1");
	let text = "";
	socket.on("data", (piece) => { text += piece; });
	socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: x\r\n\r\n`);
	await until("a comment keeps a silent stream", 25, () => text.includes("\n:\n\n"));
	socket.destroy();
	await until("the reader that has gone is noticed", 5, async () => await metric("whep_event_streams") === 0);
	await end(host, session.location);
}

await test(async ({ defer }) => {
	const servers = new Servers({ rooms: { grace_s: 4 }, http: { origins: "https://studio.example", room_list: true } });
	defer((failed) => servers.end(failed));
	await servers.start();
	await tells();
	await pauses();
	await requests();
	await layers();
	await silence();
	await sleep(100);
	await until("no room is left", 5, async () => (await (await fetch(`${ORIGIN}/rooms`)).json()).rooms.length === 0);
});
