// SPDX-License-Identifier: Apache-2.0
// Two packets in a hundred are dropped both ways between browser and server: NACK and RTX
// repair them, and the picture goes on without a freeze. A host whose estimate falls for the loss sends few
// frames for a while, which is no fault of the repair: the picture must go on in one of ROUNDS.
import { needDrops, startDrops } from "./lib/drops.mjs";
import { checkPlaying, hostAndViewer, startWithBrowser, stats, videoOf } from "./lib/page.mjs";
import { check, log, test } from "./lib/test.mjs";

const ROUNDS = 3, SECONDS = 12;

async function playsOn(viewer) {
	for (let round = 1; ; round++)
		try {
			return await checkPlaying(viewer, "viewer", SECONDS, { minimumFps: 7 });
		} catch (error) {
			if (round === ROUNDS)
				throw error;
			log(`again: ${error.message}`);
		}
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	needDrops();

	const { host, viewer } = await hostAndViewer(browser);
	startDrops(2);
	log("2 % loss, both ways");
	const { first, last } = await playsOn(viewer);

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
