// SPDX-License-Identifier: Apache-2.0
// A network that lets no UDP of browsers through: host, viewer and player come over coturn by TCP, with
// credentials that the server makes from the secret that it shares with it. Nobody else learns that.
import { execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { workDir } from "./lib/namespace.mjs";
import { checkNoErrors, openHost, openViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { ORIGIN } from "./lib/servers.mjs";
import { check, Skip, test, until } from "./lib/test.mjs";

const COTURN = "/usr/bin/turnserver";
const ADDRESS = "10.99.0.1", PORT = 3478; // the kernel's side of the TAP device
const RELAYS = [49160, 49200];
const SECRET = "north-by-northwest";

function startCoturn(defer) {
	const output = join(workDir(), "coturn.log");
	const child = spawn(COTURN, ["-n", "--no-cli", "--no-udp", "--no-tls", "--no-dtls", "-L", ADDRESS, "-E", ADDRESS,
		"-p", `${PORT}`, "--min-port", `${RELAYS[0]}`, "--max-port", `${RELAYS[1]}`, "--use-auth-secret",
		`--static-auth-secret=${SECRET}`, "-r", "spate", "--userdb", join(workDir(), "turndb"),
		"--pidfile", join(workDir(), "turn.pid"), "--log-file", "stdout", "--verbose"], { cwd: workDir() });
	for (const stream of [child.stdout, child.stderr])
		stream.pipe(createWriteStream(output, { flags: "a" }));
	defer(async (failed) => {
		child.kill("SIGKILL");
		if (failed)
			console.log(readFileSync(output, "utf8").split("\n").slice(-30).join("\n"));
	});
}

/** No UDP leaves but what coturn relays. */
function blockUdp() {
	execFileSync("nft", ["-f", "-"], { input: `table inet firewall {
		chain output {
			type filter hook output priority 0;
			meta l4proto udp udp sport != ${RELAYS[0]}-${RELAYS[1]} counter drop
		}
	}` });
}

function blocked() {
	const text = execFileSync("nft", ["list", "chain", "inet", "firewall", "output"], { encoding: "utf8" });
	return Number(/packets (\d+)/.exec(text)[1]);
}

/** The candidate of the browser over which it is connected. */
async function path(page) {
	const stats = await page.evaluate("player.stats()");
	const transport = stats.find((s) => s.type === "transport");
	const pair = stats.find((s) => s.id === transport?.selectedCandidatePairId);
	return stats.find((s) => s.id === pair?.localCandidateId);
}

await test(async ({ defer }) => {
	if (!existsSync(COTURN))
		throw new Skip("coturn is not installed");
	const { servers, browser } = await startWithBrowser(defer,
		{ ice_servers: [{ urls: [`turn:${ADDRESS}:${PORT}?transport=tcp`], secret: SECRET, ttl_s: 600 }] });
	startCoturn(defer);
	blockUdp();

	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "the host", 25);
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "a viewer", 25);
	const player = await browser.open(`${ORIGIN}/player?room=default`);
	await until("the player plays", 25, async () => await player.evaluate("player.state") === "playing");
	const { candidateType, relayProtocol } = await path(player);
	check(candidateType === "relay" && relayProtocol === "tcp", `over a ${candidateType} candidate by ${relayProtocol}`);
	check(blocked() > 0, `${blocked()} packets of UDP were blocked`);
	for (const server of [servers.controlplane, servers.dataplane])
		check(!server.output.includes(SECRET), `the log of the ${server.name} has no secret`);
	checkNoErrors(viewer, "the viewer");
	checkNoErrors(player, "the player");
});
