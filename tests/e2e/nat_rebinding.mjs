// SPDX-License-Identifier: Apache-2.0
// A NAT gives host and viewer other ports in the middle of it: the media follows within 2 s, over the transports
// that are there, and only after the browser has shown that it receives there.
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { metrics } from "./lib/metrics.mjs";
import { checkPlaying, decoded, hostAndViewer, startWithBrowser } from "./lib/page.mjs";
import { spatectl } from "./lib/spatectl.mjs";
import { check, log, Skip, test } from "./lib/test.mjs";

const NEW_PORTS = 61001; // above those that Linux gives to sockets
// Chromium checks a path that works every 2.5 s only. The host's media tells sooner that it has moved, and the viewer's
// RTCP, which it sends once a second.
const LIMIT_MS = 2000;

function needNft() {
	try {
		execFileSync("nft", ["--version"], { stdio: "ignore" });
	} catch {
		throw new Skip("nft is not installed");
	}
}

function remotePorts() {
	return spatectl("transports").transports.map((t) => Number(t.remote.split(":").pop())).sort();
}

/** From now on packets of those sockets leave from other ports; packets to the old ones are lost. */
function rebind(ports) {
	const rules = ports.map((port, i) => `
		add rule ip nat out udp sport ${port} udp dport 20000 udp sport set ${NEW_PORTS + i}
		add rule ip nat in udp sport 20000 udp dport ${port} drop
		add rule ip nat in udp sport 20000 udp dport ${NEW_PORTS + i} udp dport set ${port}`);
	execFileSync("nft", ["-f", "-"], { input: `
		add table ip nat
		add chain ip nat out { type filter hook output priority raw; }
		add chain ip nat in { type filter hook prerouting priority raw; }
		${rules.join("\n")}\n` });
}

/** The longest time without a new picture, in ms. */
async function longestGap(page, seconds) {
	const end = Date.now() + seconds * 1000;
	let last = await decoded(page), since = Date.now(), longest = 0;
	while (Date.now() < end) {
		await sleep(50);
		const now = await decoded(page);
		if (now > last)
			since = Date.now();
		last = now;
		longest = Math.max(longest, Date.now() - since);
	}
	return longest;
}

await test(async ({ defer }) => {
	needNft();
	const { browser } = await startWithBrowser(defer);
	const { host, viewer } = await hostAndViewer(browser, { size: "320x180" });
	await checkPlaying(viewer, "viewer", 2);
	const before = remotePorts(), ids = [];
	for (const page of [host, viewer])
		ids.push(await page.evaluate("spate.transportId"));
	check(before.length === 2, `both have a transport, at ports ${before.join(" and ")}`);

	rebind(before);
	const gap = await longestGap(viewer, 7);
	check(gap <= LIMIT_MS, `no picture for ${gap} ms at most`);
	await checkPlaying(viewer, "viewer", 3);
	const after = remotePorts();
	check(after.join() === [NEW_PORTS, NEW_PORTS + 1].join(), `media goes to the new ports, ${after.join(" and ")}`);
	for (const page of [host, viewer])
		check(ids.includes(await page.evaluate("spate.transportId")), "the transport is the one that was there");
	log(`dropped as unproven: ${(await metrics())['spate_worker_drops_total{worker="0",reason="unproven"}']}`);
});
