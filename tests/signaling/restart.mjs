// SPDX-License-Identifier: Apache-2.0
// The control plane is killed and started again while a publisher (WHIP) sends to players (WHEP):
// nobody loses a packet, and after a time longer than media.sweep_s everything is there as it was.
// The sessions answer at their old URLs, ICE restarts, what is new works at once, and what is
// deleted afterwards leaves nothing behind.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { metric } from "../e2e/lib/metrics.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test, until } from "../e2e/lib/test.mjs";
import { Transports } from "./transports.mjs";

const SWEEP_S = 2;
const SSRC = 1204935171, PT = 111; // of the offer's sound

/** What an answer says of the transport, in the form of signaling. */
function transportOf(answer) {
	const [, ip, port] = answer.match(/\r\na=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host\r\n/);
	const value = (name) => answer.match(new RegExp(`\\r\\na=${name}:(.*)\\r\\n`))[1];
	return { iceParameters: { usernameFragment: value("ice-ufrag"), password: value("ice-pwd") },
		iceCandidates: [{ ip, port }],
		dtlsParameters: { fingerprints: [{ value: value("fingerprint").split(" ")[1] }] } };
}

await test(async ({ defer }) => {
	const servers = new Servers({ media: { sweep_s: SWEEP_S } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const transports = await Transports.start();
	defer(() => transports.end());

	async function open(path, name, role) {
		const sdp = readFileSync(fileURLToPath(new URL(`../unit/sdp/data/${name}.sdp`, import.meta.url)), "utf8")
			.replace(/a=fingerprint:.*\r\n/g, `a=fingerprint:${transports.fingerprint}\r\n`);
		const response = await fetch(`${ORIGIN}/${path}`, { method: "POST", body: sdp,
			headers: { "content-type": "application/sdp" } });
		check(response.status === 201, `${path}: ${response.status}`);
		const session = { location: response.headers.get("location"), etag: response.headers.get("etag"),
			transport: transports.open(transportOf(await response.text()), role) };
		await until(`${path} connects`, 5, () => transports.connected.has(session.transport));
		return session;
	}
	const play = () => open("whep/show", "chromium-whep", "client");
	const exists = async ({ location }) => (await fetch(location)).status === 204;
	const patch = ({ location }, match, ufrag) => fetch(location, { method: "PATCH",
		headers: { "content-type": "application/trickle-ice-sdpfrag", "if-match": match },
		body: `a=ice-ufrag:${ufrag}\r\na=ice-pwd:0123456789abcdefghijklmnop\r\n` });
	const restored = (object) => metric(`restored_objects{object="${object}"}`);
	async function hears(session, packets) {
		const before = (await transports.received(session.transport)).packets;
		await until("a player hears", 5, async () =>
			(await transports.received(session.transport)).packets >= before + packets);
	}

	const publisher = await open("whip/show", "ffmpeg-8", "ffmpeg");
	transports.send(publisher.transport, SSRC, PT);
	const viewers = [await play(), await play()];
	for (const viewer of viewers)
		await hears(viewer, 5);
	const consumers = await metric("consumers");

	// Twice: what was restored can be restored again.
	for (const signal of ["SIGKILL", "SIGTERM"]) {
		await sleep(200); // the first blob of a transport is not waited for
		await servers.controlplane.end(signal);
		await hears(viewers[0], 5);
		await servers.startControlplane();
		const back = Date.now();
		const late = await play();
		await hears(late, 1);
		const ms = Date.now() - back;
		log(`after ${signal}: a new player hears after ${ms} ms`);
		check(ms < 2000, "it joins and hears within 2 s");
		check(await restored("transport") === 3 && await restored("consumer") === consumers,
			`restored: ${servers.controlplane.output.match(/restored transports.*/g)?.at(-1)}`);
		check((await fetch(late.location, { method: "DELETE" })).status === 200, "it leaves");
		await sleep((SWEEP_S + 1) * 1000);
		for (const session of [publisher, ...viewers])
			check(await exists(session), `${session.location} is there`);
		check(await metric("peers") === 3 && await metric("consumers") === consumers, "nothing else is");
	}
	check((await patch(viewers[0], viewers[0].etag, "4Zcd")).status !== 412, "the ETag is the old one");
	check((await patch(viewers[0], '"another"', "4Zcd")).status === 412, "another one is refused");
	const again = await patch(viewers[1], "*", "newu");
	check(again.status === 200 && again.headers.get("etag") !== viewers[1].etag, "ICE restarts");
	await servers.controlplane.end("SIGKILL");
	await servers.startControlplane();
	await until("the sessions are there", 5, () => exists(viewers[1]), { quiet: true });
	check((await patch(viewers[1], again.headers.get("etag"), "newu")).status === 204,
		"and who was told so finds it so, though the control plane was killed at once");
	for (const viewer of viewers) {
		const { packets, missing } = await transports.received(viewer.transport);
		log(`a player has received ${packets} packets, ${missing} are missing`);
		check(missing === 0, "no packet was lost");
	}

	check((await fetch(viewers[0].location, { method: "DELETE" })).status === 200, "a player leaves by its old URL");
	check(!await exists(viewers[0]) && await exists(viewers[1]), "it alone");
	check((await fetch(publisher.location, { method: "DELETE" })).status === 200, "the publisher leaves");
	await until("the other player is told", 5, async () => !await exists(viewers[1]));
	await until("nothing is left", 5, async () => await metric("rooms") === 0 && await metric("transports") === 0 &&
		await metric("dataplane_transports") === 0);
	check(servers.dataplane.output.includes("swept") === false, "nothing had to be swept");
});
