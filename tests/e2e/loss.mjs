// SPDX-License-Identifier: Apache-2.0
// Two packets in a hundred are dropped both ways between browser and server: NACK and RTX
// repair them, and the picture goes on without a freeze.
import { spawnSync } from "node:child_process";
import { startChromium } from "./lib/chromium.mjs";
import { checkPlaying, openHost, openViewer, reachState, stats, videoOf } from "./lib/page.mjs";
import { Servers } from "./lib/servers.mjs";
import { check, log, Skip, test } from "./lib/test.mjs";

// At the device, not in the output hook: there a program is told that its packet was dropped.
const rules = (hook) => `table netdev loss-${hook} {
	chain drops {
		type filter hook ${hook} device "spate0" priority 0
		meta l4proto udp numgen random mod 100 < 2 drop
	}
}`;

/** Lets `nft` read the rules for both directions; with "--check" it only says whether it could. */
function nft(...options) {
	return spawnSync("nft", [...options, "-f", "-"],
		{ input: `${rules("ingress")}\n${rules("egress")}\n`, encoding: "utf8" });
}

await test(async ({ defer }) => {
	const servers = new Servers();
	defer((failed) => servers.end(failed));
	await servers.start();
	const probe = nft("--check");
	if (probe.status !== 0)
		throw new Skip(`nftables cannot drop packets here: ${probe.stderr ?? probe.error}`);
	const browser = await startChromium();
	defer(() => browser.close());

	const host = await openHost(browser, { codec: "VP8" });
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser);
	await reachState(viewer, "playing", "viewer");
	check(nft().status === 0, "nftables has taken the rules");
	log("2 % loss, both ways");
	const { first, last } = await checkPlaying(viewer, "viewer", 12, { minimumFps: 7 });

	const [before, after] = [videoOf(first.inbound), videoOf(last.inbound)];
	const lost = after.packetsLost - before.packetsLost;
	const came = after.packetsReceived - before.packetsReceived;
	check(after.nackCount > before.nackCount, `the viewer sent ${after.nackCount - before.nackCount} NACKs`);
	// packetsLost counts what is missing on the stream's own SSRC; repairs come on RTX's.
	const repaired = after.retransmittedPacketsReceived - (before.retransmittedPacketsReceived ?? 0);
	check(lost > came * 0.005, `${lost} of ${came} packets were lost on the way`);
	check(repaired >= lost * 0.8, `${repaired} came by retransmission`);
	const sent = videoOf((await stats(host)).outbound);
	check(sent.nackCount > 0, `the server sent ${sent.nackCount} NACKs to the host`);
	check(sent.retransmittedPacketsSent > 0, `the host repeated ${sent.retransmittedPacketsSent} packets`);
});
