// SPDX-License-Identifier: Apache-2.0
// Whose session is whose: with tokens, a URL of a session is of no use to another user. And what a
// client that comes when the server is full is told.
import { createHmac } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";

const SECRET = "the secret of the operator's application";
const SDP = "application/sdp", FRAGMENT = "application/trickle-ice-sdpfrag", JSON_TYPE = "application/json";
const ROOMS = 2;

function offer(name) {
	return readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
}

function token(claims) {
	const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, ...claims })}`;
	return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

function request(method, url, bearer, { type, body, headers = {} } = {}) {
	return fetch(url.startsWith("http") ? url : ORIGIN + url, { method, body, headers: { ...headers,
		...(type && { "content-type": type }), ...(bearer && { authorization: `Bearer ${bearer}` }) } });
}

async function refused(words, response, status) {
	const json = await response.json();
	check(response.status === status && json.status === status && json.detail.length > 0, `${words}: ${response.status}, ${json.detail}`);
	return response;
}

const anna = token({ sub: "anna", publish: true, subscribe: true });
const ben = token({ sub: "ben", publish: true, subscribe: true });
const publish = (room, bearer) => request("POST", `/whip/${room}`, bearer, { type: SDP, body: offer("firefox-whip") });
const play = (room, bearer) => request("POST", `/whep/${room}`, bearer, { type: SDP, body: offer("firefox-whep") });

async function strangers() {
	const missing = await refused("without a token", await publish("show"), 401);
	check(missing.headers.get("www-authenticate") === "Bearer", "with the challenge");
	const wrong = await refused("with a token that is none", await publish("show", "x.y.z"), 401);
	check(wrong.headers.get("www-authenticate") === 'Bearer error="invalid_token"', "which says that it is the token");
	await refused("with one that does not publish", await publish("show", token({ sub: "anna", subscribe: true })), 403);
	await refused("with one for another room", await publish("show", token({ sub: "anna", room: "x", publish: true })), 403);

	const made = await publish("show", anna);
	check(made.status === 201, `anna publishes (${made.status})`);
	const session = made.headers.get("location");
	const patch = (bearer) => request("PATCH", session, bearer, { type: FRAGMENT, body: "a=end-of-candidates\r\n",
		headers: { "if-match": "*" } });
	for (const [who, bearer, status] of [["ben", ben, 404], ["nobody", null, 401]]) {
		await refused(`${who} cannot end it`, await request("DELETE", session, bearer), status);
		await refused(`${who} cannot patch it`, await patch(bearer), status);
	}
	check((await patch(anna)).status === 204, "anna can");

	const watched = await play("show", ben);
	check(watched.status === 201, `ben watches (${watched.status})`);
	const player = watched.headers.get("location");
	for (const part of ["events", "layer"]) {
		const ask = (bearer) => request("POST", `${player}/${part}`, bearer, { type: JSON_TYPE, body: part === "events" ? "[]" : "{}" });
		await refused(`anna cannot use ben's ${part}`, await ask(anna), 404);
		await refused("nobody can", await ask(null), 401);
		check([200, 201].includes((await ask(ben)).status), "ben can");
	}
	return [session, player];
}

async function full() {
	const second = await publish("second", anna);
	check(second.status === 201, `the last room (${second.status})`);
	const response = await refused("one room too many", await publish("third", ben), 503);
	check(Number(response.headers.get("retry-after")) > 0, "with Retry-After");
	await request("DELETE", second.headers.get("location"), anna);
	const again = await publish("third", ben);
	check(again.status === 201, `and then there is room (${again.status})`);
	await request("DELETE", again.headers.get("location"), ben);
}

await test(async ({ defer }) => {
	const keyFile = join(workDir(), "token.key");
	writeFileSync(keyFile, SECRET);
	const servers = new Servers({ auth: { algorithm: "HS256", key_file: keyFile }, limits: { rooms: ROOMS } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const [session, player] = await strangers();
	await full();
	for (const [url, bearer] of [[player, ben], [session, anna]])
		check((await request("DELETE", url, bearer)).status === 200, "each ends what is its own");
	const log = servers.controlplane.output;
	check(!log.includes(anna) && !log.includes(ben), "no token is in the log");
});
