// SPDX-License-Identifier: Apache-2.0
// Two packets in a hundred are dropped both ways between browser and server: NACK and RTX
// repair them, and the picture goes on without a freeze.
import { spawnSync } from "node:child_process";
import { startChromium } from "./lib/chromium.mjs";
import { checkPlaying, openHost, openViewer, reachState, stats, videoOf } from "./lib/page.mjs";
import { Servers } from "./lib/servers.mjs";
import { check, log, Skip, test } from "./lib/test.mjs";

const RULES = `table inet loss {
	chain in { type filter hook input priority 0; iifname "spate0" meta l4proto udp numgen random mod 100 < 2 drop; }
	chain out { type filter hook output priority 0; oifname "spate0" meta l4proto udp numgen random mod 100 < 2 drop; }
}`;

await test(async ({ defer }) => {
	const probe = spawnSync("nft", ["--check", "-f", "-"], { input: RULES, encoding: "utf8" });
	if (probe.status !== 0)
		throw new Skip(`nftables cannot drop packets here: ${probe.stderr ?? probe.error}`);
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const browser = await startChromium();
	defer(() => browser.close());

	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "viewer");
	spawnSync("nft", ["-f", "-"], { input: RULES });
	log("2 % loss, both ways");
	const { first, last } = await checkPlaying(viewer, "viewer", 12, { minimumFps: 7 });

	const [before, after] = [videoOf(first.inbound), videoOf(last.inbound)];
	const lost = after.packetsLost - before.packetsLost;
	const came = after.packetsReceived - before.packetsReceived;
	check(after.nackCount > before.nackCount, `the viewer sent ${after.nackCount - before.nackCount} NACKs`);
	check(after.retransmittedPacketsReceived > 0,
		`${after.retransmittedPacketsReceived} packets came by retransmission`);
	check(lost < came * 0.01, `${lost} of ${came} packets stayed lost`);
	const sent = videoOf((await stats(host)).outbound);
	check(sent.nackCount > 0, `the server sent ${sent.nackCount} NACKs to the host`);
	check(sent.retransmittedPacketsSent > 0, `the host repeated ${sent.retransmittedPacketsSent} packets`);
});
