// SPDX-License-Identifier: Apache-2.0
// Checks a server against RFC 9725 and draft-ietf-wish-whep, over HTTP alone: no media is sent. What
// a server need not have is skipped where the server says that it has not.
import { parseArgs } from "node:util";
import { disconnect, Endpoint } from "./endpoint.mjs";
import * as events from "./groups/events.mjs";
import * as late from "./groups/late.mjs";
import * as life from "./groups/life.mjs";
import * as patches from "./groups/patches.mjs";
import * as play from "./groups/play.mjs";
import * as probes from "./groups/probes.mjs";
import * as refusals from "./groups/refusals.mjs";
import * as setup from "./groups/setup.mjs";
import { Report } from "./report.mjs";

const USAGE = `usage: tests/whip/run [--whip URL] [--whep URL] [OPTION...]

  --whip URL        a WHIP endpoint (RFC 9725)
  --whep URL        a WHEP endpoint that plays what --whip publishes
  --token T         the bearer token
  --whep-token T    another one for WHEP, if a user has one session only
  --origin ORIGIN   a page's origin that the server allows (https://studio.example)
  --lenient         an unmet SHOULD is no failure

TAP on stdout. Exit code 1: a check failed; 2: wrong arguments. Sessions that
the checks make are ended; nothing else on the server is touched.`;

function usage(words) {
	console.error(words ? `tests/whip/run: ${words} (--help says what there is)` : USAGE);
	process.exit(2);
}

function read() {
	const text = { type: "string" };
	try {
		return parseArgs({ options: { whip: text, whep: text, token: text, "whep-token": text, origin: text,
			lenient: { type: "boolean" }, help: { type: "boolean" } } }).values;
	} catch (error) {
		return usage(error.message);
	}
}

async function common(r, e, origin) {
	const group = (name, body, ...more) => r.group(`${e.protocol}: ${name}`, () => body(r, e, ...more));
	await group("the answer to a POST", setup.headers);
	await group("the description in it", setup.description);
	await group("other offers", setup.variants);
	await group("refusals", refusals.refusals);
	await group("sessions that do not exist", refusals.strangers);
	await group("GET, HEAD, OPTIONS", probes.probes);
	await group("pages of another origin", probes.cors, origin);
	await group("candidates", patches.trickle);
	await group("ICE restarts", patches.restart);
	await group("the end", life.termination);
	await group("links", life.linked);
	if (e.token)
		await group("tokens", life.tokens);
	await e.end();
}

const options = read();
if (options.help) {
	console.log(USAGE);
	process.exit(0);
}
if (!options.whip && !options.whep)
	usage("neither --whip nor --whep");

const report = new Report({ lenient: options.lenient });
const whip = options.whip && new Endpoint("WHIP", options.whip, options.token);
const whep = options.whep && new Endpoint("WHEP", options.whep, options["whep-token"] ?? options.token);
if (whep)
	await report.group("WHEP: before anybody publishes", () => play.waiting(report, whep));
if (whip) {
	await common(report, whip, options.origin);
	await report.group("WHIP: simulcast", () => setup.simulcast(report, whip));
}
if (whip && whep)
	await report.group("WHEP: a kind that is published late", () => late.kinds(report, whip, whep));
if (whep) {
	if (whip)
		await report.group("a publisher for the players", () => whip.open());
	await common(report, whep, options.origin);
	await report.group("WHEP: events", () => events.events(report, whep));
	await report.group("WHEP: layers", () => play.layers(report, whep));
}
await whip?.end();
disconnect();
process.exitCode = report.end();
