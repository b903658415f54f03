// SPDX-License-Identifier: Apache-2.0
// A player that joins while a kind of media is not published yet. Neither protocol has a second
// exchange of descriptions: a server says in the only answer what it may send later, or that it will
// not. Over HTTP alone it is seen whether the session stays, and what its events say.
import { makeFragment } from "../offers.mjs";
import { directionOf, readSdp, values } from "../sdp.mjs";
import { CORE, EVENTS, eventUrl, listen } from "./events.mjs";
import { links } from "./life.mjs";

const P = "WHEP";
const KINDS = ["audio", "video"]; // in the order of the offers' m= lines
const BIND_MS = 6000;

function isRefused(section) {
	return section.port === 0 && !section.lines.includes("a=bundle-only");
}

function check(r, player, first, other) {
	const sdp = readSdp(player.answer.body), offer = readSdp(player.offer);
	const [published, late] = [first, other].map((kind) => sdp.sections[KINDS.indexOf(kind)]);
	const words = `${other} is not published yet`;
	r.check("MUST", P, "RFC 3264, 6", `${words}: the answer has a section for each of the offer's`,
		sdp.sections.map((s) => s.kind).join() === KINDS.join(), sdp.sections.map((s) => s.kind));
	r.check("MUST", P, "direction", `${words}: what is published is sendonly`, published && !isRefused(published) &&
		directionOf(sdp, published) === "sendonly", published);
	const direction = late && !isRefused(late) && directionOf(sdp, late);
	r.check("MUST", P, "RFC 3264, 6.1", `${words}: its section is sendonly, inactive, or refused by port 0`,
		late && [false, "sendonly", "inactive"].includes(direction), late);
	const codecs = `${words}: a section that is sendonly has codecs of the offer, and the same MediaStream`;
	if (direction !== "sendonly") {
		r.skip("MUST", P, "stream", codecs, "it is not");
		return false;
	}
	const stream = (s) => values(s.lines, "msid")[0]?.split(" ")[0];
	r.check("MUST", P, "stream", codecs, late.formats.length > 0 && stream(late) !== undefined && stream(late) === stream(published) &&
		late.formats.every((pt) => offer.sections[KINDS.indexOf(other)].formats.includes(pt)), late);
	return true;
}

/** A stream of the session's event layers, or undefined if the server does not have that event. */
async function openLayers(e, player) {
	const link = links(player.answer).find(({ rel }) => rel === EVENTS);
	if (!link || !(link.events ?? "layers").split(",").map((s) => s.trim()).includes("layers"))
		return undefined;
	const made = await e.request("POST", new URL(link.target, player.url), { type: "application/json", body: "[\"layers\"]" });
	return eventUrl(made);
}

/** The kind has come: the player that was promised it has it, without another offer. */
async function follow(r, e, player, other) {
	const words = `${other} is published later: a session that was promised it stays, and its entity-tag`;
	const get = await e.request("GET", player.url);
	if (!get.succeeded) {
		r.skip("SHOULD", P, "restart", words, "the session has ended with its publisher");
		return;
	}
	const patch = await e.patch(player, makeFragment(player.credentials));
	r.check("SHOULD", P, "restart", words, ![404, 412].includes(patch.status), patch.status);
	if (other !== "video")
		return;
	const stream = await openLayers(e, player);
	const told = "video is published later: the event layers names its m= line";
	if (!stream) {
		r.skip("MUST", P, CORE, told, "there is no such event");
		return;
	}
	const line = KINDS.indexOf("video");
	const heard = await listen(e, stream, { until: new RegExp(`^event: ?layers\\ndata: ?\\{.*"${line}":\\[\\{`, "m"), ms: BIND_MS });
	r.check("MUST", P, CORE, told, heard.found, heard.text);
}

async function order(r, whip, whep, first, other) {
	const one = await whip.open({ kinds: [first] });
	const player = await whep.open();
	const promised = check(r, player, first, other);
	await whip.close(one);
	const both = await whip.open();
	if (promised)
		await follow(r, whep, player, other);
	const next = await whep.open(), sdp = readSdp(next.answer.body);
	r.check("MUST", P, "direction", `${other} is published later: who comes then gets both kinds`,
		sdp.sections.length === KINDS.length && sdp.sections.every((s) => !isRefused(s) && directionOf(sdp, s) === "sendonly"),
		sdp.sections.map((s) => [s.port, directionOf(sdp, s)]));
	await whep.end();
	await whip.close(both);
}

export async function kinds(r, whip, whep) {
	await order(r, whip, whep, "audio", "video");
	await order(r, whip, whep, "video", "audio");
}
