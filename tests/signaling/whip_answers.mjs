// SPDX-License-Identifier: Apache-2.0
// The answers to recorded offers of all clients, read by sdp-transform and not by a reader of our own.
import { readdirSync, readFileSync } from "node:fs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, Skip, test, until } from "../e2e/lib/test.mjs";

const DATA = new URL("../unit/sdp/data/", import.meta.url);
const SETUP = { "ffmpeg-8": "active" }; // all others offer actpass
/* The codec that each publisher prefers of those that the server has. */
const VIDEO = { obs: "H264", ffmpeg: "H264", gstreamer: "H264" };

async function reader() {
	try {
		return await import("sdp-transform");
	} catch {
		throw new Skip("sdp-transform is not installed (npm ci in tests)");
	}
}

function session(method, url, body) {
	return fetch(url, { method, body, ...(body && { headers: { "content-type": "application/sdp" } }) });
}

function same(a, b) {
	return JSON.stringify(a) === JSON.stringify(b);
}

/** What holds of each section, whoever offered it. */
function checkSection(name, offer, answer, whole) {
	const inner = (list) => (list ?? []).map((each) => each.payload);
	check(answer.type === offer.type && same(answer.mid, offer.mid) && answer.protocol === offer.protocol && answer.port > 0,
		`${name}: ${answer.type} stands in its place, with its MID`);
	check(String(answer.payloads).split(" ").every((pt) => String(offer.payloads).split(" ").includes(pt)) &&
		same(inner(answer.rtp), String(answer.payloads).split(" ").map(Number)), `${name}: payload types of the offer: ${answer.payloads}`);
	for (const rtp of answer.rtp) {
		const offered = offer.rtp.find((each) => each.payload === rtp.payload);
		check(rtp.codec.toLowerCase() === offered.codec.toLowerCase() && rtp.rate === offered.rate, `${name}: ${rtp.payload} is ${rtp.codec}`);
	}
	check((answer.ext ?? []).every((ext) => offer.ext.some((each) => each.value === ext.value && each.uri === ext.uri)),
		`${name}: header extensions of the offer`);
	check((answer.rtcpFb ?? []).every((fb) => offer.rtcpFb.some((each) => [fb.payload, "*"].includes(each.payload) &&
		each.type === fb.type && each.subtype === fb.subtype)), `${name}: feedback of the offer`);
	check(answer.rtcpMux === "rtcp-mux" && answer.rtcpRsize === offer.rtcpRsize, `${name}: RTCP on the same port`);
	check(answer.setup === (SETUP[name] ?? "passive"), `${name}: a=setup:${answer.setup}`);
	check((answer.iceUfrag ?? whole.iceUfrag).length >= 4 && (answer.icePwd ?? whole.icePwd).length >= 22 &&
		(answer.fingerprint ?? whole.fingerprint).type === "sha-256", `${name}: credentials and a fingerprint`);
}

function checkSimulcast(name, offer, answer) {
	if (!offer.simulcast) {
		check(!answer.simulcast && !answer.rids, `${name}: no simulcast where none is offered`);
		return;
	}
	check(answer.simulcast.dir1 === "recv" && answer.simulcast.list1 === offer.simulcast.list1, `${name}: all encodings: ${answer.simulcast.list1}`);
	check(same(answer.rids.map((rid) => [rid.id, rid.direction]), offer.rids.map((rid) => [rid.id, "recv"])), `${name}: each with a=rid`);
}

async function answered(sdp, name, kind) {
	const text = readFileSync(new URL(`${name}.sdp`, DATA), "utf8");
	const response = await session("POST", `${ORIGIN}/${kind}/show`, text);
	const body = await response.text();
	check(response.status === 201, `${name}: ${response.status} ${response.status === 201 ? "" : body}`);
	const [offer, answer] = [text, body].map((each) => sdp.parse(each));
	check(answer.version === 0 && answer.icelite === "ice-lite" && same(answer.groups?.find((g) => g.type === "BUNDLE"),
		offer.groups.find((g) => g.type === "BUNDLE")), `${name}: ICE-lite, and the offer's bundle`);
	check(answer.media.length === offer.media.length && answer.media.some((m) => m.candidates?.length > 0 && m.endOfCandidates),
		`${name}: as many sections, and candidates`);
	answer.media.forEach((section, i) => {
		checkSection(name, offer.media[i], section, answer);
		check(section.direction === (kind === "whip" ? "recvonly" : "sendonly"), `${name}: ${section.direction}`);
		if (kind === "whip" && section.type === "video")
			checkSimulcast(name, offer.media[i], section);
		if (kind === "whep")
			check(section.ssrcs?.length > 0 && section.msid, `${name}: the stream is named`);
	});
	return { location: response.headers.get("location"), answer };
}

await test(async ({ defer }) => {
	const sdp = await reader();
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const names = readdirSync(DATA).filter((file) => file.endsWith(".sdp")).map((file) => file.slice(0, -4));
	for (const name of names.filter((each) => !each.endsWith("whep"))) {
		const { location, answer } = await answered(sdp, name, "whip");
		const video = answer.media.find((section) => section.type === "video").rtp[0].codec;
		check(video === (VIDEO[name.split("-")[0]] ?? "VP8"), `${name}: the video is ${video}`);
		check((await session("DELETE", location)).status === 200, `${name}: DELETE`);
	}
	const host = await answered(sdp, "firefox-whip", "whip"); // VP8, which all players have
	for (const name of names.filter((each) => each.endsWith("whep"))) {
		const { location } = await answered(sdp, name, "whep");
		check((await session("DELETE", location)).status === 200, `${name}: DELETE`);
	}
	await session("DELETE", host.location);
	await until("nothing is left", 5, async () => (await session("GET", host.location)).status === 404);
});
