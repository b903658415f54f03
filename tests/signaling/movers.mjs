// SPDX-License-Identifier: Apache-2.0
// Clients whose NAT gives them another port although they have nominated, and clients that send no
// check once they are connected (tests/tools/mover.c): as host and as viewer, none of them is lost.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildDir, Servers } from "../e2e/lib/servers.mjs";
import { check, log, Skip, test, until } from "../e2e/lib/test.mjs";
import { audioParameters, Client } from "./client.mjs";

const PATH = join(buildDir, "tests/tools/mover");
const CONSENT_S = 10;

class Mover {
	media = 0; // packets at its present port
	connected = false;
	moved = false;
	failed = null;

	/** A peer with one transport that does as mover.c says. */
	static async start(role, plan, ssrc = 0) {
		const m = new Mover();
		m.name = `the ${role} that ${plan === "moves" ? "moves" : "does not check"}`;
		m.client = await Client.join("movers");
		m.transport = await m.client.transport(role === "host" ? "send" : "recv");
		const { iceParameters, iceCandidates: [{ ip, port }], dtlsParameters } = m.transport;
		m.child = spawn(PATH, [ip, port, iceParameters.usernameFragment, iceParameters.password,
			dtlsParameters.fingerprints[0].value, role, plan, ssrc], { stdio: ["pipe", "pipe", "inherit"] });
		const lines = createInterface(m.child.stdout);
		const fingerprint = await new Promise((resolve) => lines.once("line", (line) => resolve(line.split(" ")[1])));
		lines.on("line", (line) => m.#line(line));
		await m.client.ask("connectWebRtcTransport", { transportId: m.transport.id,
			dtlsParameters: { role: "client", fingerprints: [{ algorithm: "sha-256", value: fingerprint }] } });
		m.child.stdin.write("go\n");
		await until(`${m.name} is connected`, 5, () => m.connected);
		return m;
	}

	#line(line) {
		const [what, value] = line.split(" ");
		if (what === "media")
			this.media = Number(value);
		else if (what === "failed")
			this.failed = line;
		else
			this[what] = true;
	}

	end() {
		this.child.stdin.end();
	}
}

async function host(plan) {
	const rtpParameters = audioParameters();
	const m = await Mover.start("host", plan, rtpParameters.encodings[0].ssrc);
	m.producer = (await m.client.ask("produce", { transportId: m.transport.id, kind: "audio", rtpParameters })).id;
	return m;
}

async function viewer(plan, from) {
	const m = await Mover.start("viewer", plan);
	await m.client.ask("consume", { transportId: m.transport.id, producerId: from.producer,
		rtpCapabilities: m.client.capabilities }).then(({ id }) => m.client.ask("resumeConsumer", { consumerId: id }));
	return m;
}

await test(async ({ defer }) => {
	if (!existsSync(PATH))
		throw new Skip(`not built: ${PATH}`);
	const servers = new Servers({ media: { consent_s: CONSENT_S } });
	defer((failed) => servers.end(failed));
	await servers.start();
	const hosts = [await host("moves"), await host("quiet")];
	const viewers = [await viewer("moves", hosts[0]), await viewer("quiet", hosts[1])];
	const all = [...hosts, ...viewers];
	all.forEach((m) => defer(() => m.end()));

	for (const m of viewers)
		await until(`${m.name} gets media`, 4, () => m.media > 20);
	await until("host and viewer have moved", 6, () => hosts[0].moved && viewers[0].moved);
	viewers[0].media = 0;
	const moved = Date.now();
	await until("media comes to the viewer's new port", 6, () => viewers[0].media > 0);
	log(`after ${Date.now() - moved} ms`);
	const before = viewers[1].media;
	await until("consent would have expired", CONSENT_S + 5, () => Date.now() - moved > (CONSENT_S + 3) * 1000,
		{ quiet: true });
	for (const m of all)
		check(m.failed === null && !m.client.messages.some((x) => x.type === "transportClosed"),
			`the transport of ${m.name} is there (${m.client.messages.map((x) => x.type)})`);
	check(viewers[1].media - before > 400, `media goes on to who does not check (${viewers[1].media - before})`);
	check(viewers[0].media > 10, `and to who has moved (${viewers[0].media})`);
});
