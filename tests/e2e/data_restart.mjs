// SPDX-License-Identifier: Apache-2.0
// The data plane is killed and started again: the pages are told, make new transports by
// themselves and play again.
import { checkPlaying, hostAndViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { check, test, until } from "./lib/test.mjs";

const transport = (page) => page.evaluate("spate.transportId");

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);

	const { host, viewer } = await hostAndViewer(browser);
	await checkPlaying(viewer, "viewer", 2);
	const before = [await transport(host), await transport(viewer)];
	await viewer.evaluate("void (window.notReloaded = true)");

	await servers.dataplane.end("SIGKILL");
	await until("the viewer is told", 5, () => viewer.evaluate("spate.states.includes('reconnecting')"));
	await until("the host is told", 5, () => host.evaluate("spate.states.includes('reconnecting')"));
	await servers.startDataplane();
	await reachState(host, "live", "host", 20);
	await reachState(viewer, "playing", "viewer", 20);
	check(await transport(host) !== before[0], "the host has a new transport");
	check(await transport(viewer) !== before[1], "the viewer has a new transport");
	await checkPlaying(viewer, "viewer", 3);
	check(await viewer.evaluate("window.notReloaded"), "the page was not reloaded");
});
