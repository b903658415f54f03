// SPDX-License-Identifier: Apache-2.0
// A publisher like FFmpeg sends no checks once DTLS is done, and no RTCP: it stays while its SRTP
// authenticates, and is gone soon after its media stops, or if none ever comes. A player watches it.
// whip_life.mjs [CONSENT_S [SECONDS]]: with that media.consent_s, and media for so long.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { Transports } from "./transports.mjs";

const [consent, seconds] = process.argv.slice(2);
const CONSENT_S = Number(consent ?? 10); // 10: the least that media.consent_s may be
const SENDS_S = Number(seconds ?? CONSENT_S + 5); // it stays beyond that while it sends
const BEGIN_AND_END_S = 60;
const SSRC = 1204935171, PT = 111; // of the offer's sound

function offer(name) {
	return readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8");
}

/** What an answer says of the transport, in the form of signaling. */
function transportOf(answer) {
	const [, ip, port] = answer.match(/\r\na=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n/);
	const value = (name) => answer.match(new RegExp(`\\r\\na=${name}:(.*)\\r\\n`))[1];
	return { iceParameters: { usernameFragment: value("ice-ufrag"), password: value("ice-pwd") },
		iceCandidates: [{ ip, port }],
		dtlsParameters: { fingerprints: [{ value: value("fingerprint").split(" ")[1] }] } };
}

async function publish(transports, room) {
	const sdp = offer("ffmpeg-8").replace(/a=fingerprint:.*\r\n/g, `a=fingerprint:${transports.fingerprint}\r\n`);
	const response = await fetch(`${ORIGIN}/whip/${room}`, { method: "POST", body: sdp,
		headers: { "content-type": "application/sdp" } });
	check(response.status === 201, `a publisher like FFmpeg in ${room}: ${response.status}`);
	const location = response.headers.get("location");
	const name = transports.open(transportOf(await response.text()), "ffmpeg");
	await until(`its transport connects`, 5, () => transports.connected.has(name));
	return { location, name, since: Date.now() };
}

async function exists({ location }) {
	return (await fetch(location)).status === 204;
}

/** Its session ends when consent does, and not much later. */
async function ends(publisher, from, who) {
	await until(`${who} is gone`, CONSENT_S + 10, async () => !await exists(publisher));
	const seconds = (Date.now() - from) / 1000;
	log(`${who}: gone ${seconds.toFixed(1)} s after its last packet`);
	check(seconds > CONSENT_S - 2 && seconds < CONSENT_S + 2.5, `${who}: within media.consent_s + 2 s`);
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { consent_s: CONSENT_S }, rooms: { grace_s: 1 } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const transports = await Transports.start();
	defer(() => transports.end());
	const sends = await publish(transports, "sends");
	const silent = await publish(transports, "silent");
	transports.send(sends.name, SSRC, PT);
	const silence = ends(silent, silent.since, "one without media");
	await sleep(SENDS_S * 1000);
	await silence;
	check(await exists(sends), `the one that sends is there after ${SENDS_S} s without any check`);
	const player = await fetch(`${ORIGIN}/whep/sends`, { method: "POST", body: offer("chromium-whep"),
		headers: { "content-type": "application/sdp" } });
	check(player.status === 201 || player.status === 422, `a player finds it (${player.status})`);
	transports.quiet(sends.name);
	await ends(sends, Date.now(), "one whose media has stopped");
	await until("no room is left", 5, async () => (await (await fetch(`${ORIGIN}/rooms`)).json()).rooms.length === 0);
}, { limit: CONSENT_S + SENDS_S + BEGIN_AND_END_S });
