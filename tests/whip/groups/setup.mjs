// SPDX-License-Identifier: Apache-2.0
// The answer to a POST: its status, its headers, and the description in its body.
import { SDP } from "../endpoint.mjs";
import { bundle, codecs, directionOf, extensions, isCandidate, mids, readSdp, valueOf, values } from "../sdp.mjs";

const SETUP_OF = { actpass: ["active", "passive"], active: ["passive"], passive: ["active"] };

export async function headers(r, e) {
	const session = await e.open();
	const { answer } = session;
	const p = e.protocol;
	r.check("MUST", p, "setup", "an offer is answered 201", answer.status === 201, answer.status);
	r.check("MUST", p, "setup", "the answer's type is application/sdp", answer.type === SDP, answer.header("content-type"));
	r.check("MUST", p, "setup", "there is one Location", answer.all("location").length === 1, answer.all("location"));
	r.check("MUST", p, "RFC 9110, 10.2.2", "Location is a URI reference that leads to another resource", session.url !== e.url.href, session.url);
	r.check("MUST", p, "patch", "a session has a strong ETag", /^"[\x21\x23-\x7e]+"$/.test(session.etag ?? ""), session.etag);
	r.check("SHOULD", p, "RFC 9110, 9.3.3", "the answer may not be stored by caches", answer.words("cache-control").includes("no-store"),
		answer.header("cache-control"));
	await e.close(session);
	const other = await e.open();
	r.check("SHOULD", p, "security", "another session has another URL", other.url !== session.url, other.url);
	const tail = other.url.slice([...other.url].findIndex((c, i) => c !== session.url[i]));
	r.check("SHOULD", p, "security", "which cannot be guessed: at least 16 characters differ in place", tail.length >= 16, [session.url, other.url]);
	await e.close(other);
}

function sections(r, p, offer, sdp) {
	r.check("MUST", p, "RFC 3264, 6", "there is a section for each of the offer's, in its order",
		sdp.sections.map((s) => s.kind).join() === offer.sections.map((s) => s.kind).join(), sdp.sections.map((s) => s.kind));
	r.check("MUST", p, "RFC 9143, 7.3", "the MIDs are the offer's", mids(sdp).join() === mids(offer).join(), mids(sdp));
	r.check("MUST", p, "RFC 3264, 6", "the transport protocols are the offer's",
		sdp.sections.every((s, i) => s.proto === offer.sections[i]?.proto), sdp.sections.map((s) => s.proto));
	if (p === "WHIP")
		r.check("SHOULD", p, "whole", "no section is rejected alone", sdp.sections.every((s) => s.port > 0 || s.lines.includes("a=bundle-only")),
			sdp.sections.map((s) => s.port));
	r.check("MUST", p, "direction", `each section is ${p === "WHIP" ? "recvonly" : "sendonly"}`,
		sdp.sections.every((s) => directionOf(sdp, s) === (p === "WHIP" ? "recvonly" : "sendonly")), sdp.sections.map((s) => directionOf(sdp, s)));
	r.check("MUST", p, "bundle", "a=group:BUNDLE names each section", bundle(sdp).join() === mids(sdp).join(), bundle(sdp));
	r.check("MUST", p, "bundle", "each section has a=rtcp-mux", sdp.sections.every((s) => s.lines.includes("a=rtcp-mux")));
	r.check("MUST", p, "RFC 8858, 4.3", "no section of an answer has a=rtcp-mux-only", sdp.sections.every((s) => !s.lines.includes("a=rtcp-mux-only")));
}

function transport(r, p, sdp) {
	const first = sdp.sections[0];
	const get = (name) => valueOf(sdp, first, name) ?? "";
	const candidates = sdp.sections.flatMap((s) => values(s.lines, "candidate"));
	r.check("MUST", p, "RFC 8842, 5.3", "a=setup is active or passive", SETUP_OF.actpass.includes(get("setup")), get("setup"));
	r.check("MUST", p, "RFC 8122, 5", "a=fingerprint has SHA-256 or stronger", /^sha-(256|384|512) ([0-9A-Fa-f]{2}:){31,63}[0-9A-Fa-f]{2}$/i.test(get("fingerprint")),
		get("fingerprint"));
	r.check("MUST", p, "RFC 8839, 5.4", "a=ice-ufrag has 4 to 256 characters", /^[A-Za-z0-9+/]{4,256}$/.test(get("ice-ufrag")), get("ice-ufrag"));
	r.check("MUST", p, "RFC 8839, 5.4", "a=ice-pwd has 22 to 256 characters", /^[A-Za-z0-9+/]{22,256}$/.test(get("ice-pwd")), get("ice-pwd"));
	r.check("MUST", p, "trickle", "the server's candidates are in the answer", candidates.length > 0);
	r.check("MUST", p, "RFC 8839, 5.1", "each a=candidate is well formed", candidates.every(isCandidate), candidates);
	r.check("MUST", p, "RFC 9143, 7.3.3", "the sections of the bundle have one transport",
		new Set(sdp.sections.map((s) => valueOf(sdp, s, "ice-ufrag") ?? get("ice-ufrag"))).size === 1);
}

function media(r, p, offer, sdp) {
	const of = (s, i) => offer.sections[i];
	r.check("MUST", p, "RFC 3264, 6.1", "each section has a codec of the offer",
		sdp.sections.every((s, i) => s.formats.some((pt) => of(s, i).formats.includes(pt))), sdp.sections.map((s) => s.formats));
	r.check("SHOULD", p, "RFC 3264, 6.1", "a payload type means what it means in the offer", sdp.sections.every((s, i) =>
		[...codecs(s)].every(([pt, codec]) => (codecs(of(s, i)).get(pt) ?? codec).toLowerCase() === codec.toLowerCase())));
	r.check("MUST", p, "RFC 8285, 6", "header extensions are the offer's, under its ids", sdp.sections.every((s, i) =>
		[...extensions(s)].every(([id, uri]) => extensions(of(s, i)).get(id) === uri)), sdp.sections.map((s) => [...extensions(s)]));
	r.check("MUST", p, "RFC 4585, 4.2", "feedback is among the offer's", sdp.sections.every((s, i) =>
		values(s.lines, "rtcp-fb").every((value) => values(of(s, i).lines, "rtcp-fb").includes(value))), sdp.sections.map((s) => values(s.lines, "rtcp-fb")));
	if (p === "WHEP")
		r.check("MUST", p, "stream", "the sections name one MediaStream", sdp.sections.every((s) => values(s.lines, "msid").length > 0) &&
			new Set(sdp.sections.map((s) => values(s.lines, "msid")[0].split(" ")[0])).size === 1, sdp.sections.map((s) => values(s.lines, "msid")));
}

export async function description(r, e) {
	const session = await e.open();
	const { body } = session.answer;
	const p = e.protocol, sdp = readSdp(body), offer = readSdp(session.offer);
	r.check("MUST", p, "RFC 8866, 5", "an answer begins with v=0", body.startsWith("v=0\r\n"), body.slice(0, 20));
	r.check("MUST", p, "RFC 8866, 5", "its lines end with CR LF", !/[^\r]\n/.test(body) && body.endsWith("\r\n"));
	r.check("MUST", p, "RFC 9429, 5.3.1", "it has o=, s= and t=0 0", /\r\no=\S+ \d+ \d+ IN IP[46] \S+\r\ns=.+\r\n/.test(body) && body.includes("\r\nt=0 0\r\n"),
		body.slice(0, 100));
	sections(r, p, offer, sdp);
	transport(r, p, sdp);
	media(r, p, offer, sdp);
	await e.close(session);
}

/** Offers that differ from a browser's first one; all are legal. */
export async function variants(r, e) {
	const p = e.protocol;
	const accepted = async (words, subject, level, options, also = () => true) => {
		const answer = await e.post(e.offer(options).sdp);
		r.check(level, p, subject, words, answer.status === 201 && also(readSdp(answer.body)), `${answer.status} ${answer.body}`);
		await e.end();
	};
	const is = (direction) => (sdp) => sdp.sections.every((s) => directionOf(sdp, s) === direction);
	await accepted("a sendrecv offer is answered in one direction", "direction", "MUST", { direction: "sendrecv" },
		is(e.sends ? "recvonly" : "sendonly"));
	await accepted("an offer with candidates", "trickle", "MUST", { candidates: true });
	await accepted("an offer with one section, audio", "stream", "MUST", { kinds: ["audio"] });
	await accepted("an offer with one section, video", "stream", "MUST", { kinds: ["video"] });
	await accepted("video before audio", "RFC 3264, 6", "MUST", { kinds: ["video", "audio"] });
	await accepted("a bundle-only section with port 0", "RFC 9143, 7.3", "MUST", { bundleOnly: true },
		(sdp) => bundle(sdp).length === 2);
	for (const setup of ["active", "passive"])
		await accepted(`a=setup:${setup} gets the other role`, setup === "active" && e.sends ? "dtls" : "RFC 8842, 5.3", "SHOULD", { setup },
			(sdp) => SETUP_OF[setup].includes(valueOf(sdp, sdp.sections[0], "setup")));
	const type = await e.post(e.offer().sdp, { type: "Application/SDP; charset=utf-8" });
	r.check("MUST", p, "RFC 9110, 8.3.1", "a media type is compared without its case and parameters", type.status === 201, `${type.status} ${type.body}`);
	await e.end();
}

/** Only for publishers: the answer takes all of the encodings, or simulcast is not negotiated. */
export async function simulcast(r, e) {
	for (const rids of [["h", "m", "l"], ["0", "1", "2", "3"]]) {
		const answer = await e.post(e.offer({ simulcast: rids }).sdp);
		const video = readSdp(answer.body).sections.find((s) => s.kind === "video");
		const list = video && values(video.lines, "simulcast")[0];
		r.check("MUST", e.protocol, "RFC 8853, 5.3.2", `an offer of ${rids.length} encodings is answered a=simulcast:recv with rids of it, or without`,
			answer.status === 201 && (list === undefined || /^recv \S+$/.test(list) &&
				list.slice(5).split(/[;,]/).every((rid) => rids.includes(rid.replace("~", "")))), list ?? answer.status);
		if (list)
			r.check("MUST", e.protocol, "RFC 8853, 5.3.2", "each of them has a=rid in the direction recv", list.slice(5).split(/[;,]/)
				.every((rid) => values(video.lines, "rid").some((value) => value.startsWith(`${rid.replace("~", "")} recv`))), video.lines);
		else
			r.skip("MUST", e.protocol, "RFC 8853, 5.3.2", "each of them has a=rid in the direction recv", "no simulcast");
		r.check("SHOULD", e.protocol, "whole", "all encodings are accepted, so that none is lost unnoticed",
			list?.slice(5).split(";").join() === rids.join(), list);
		await e.end();
	}
}
