// SPDX-License-Identifier: Apache-2.0
// The control plane is killed while media flows: pictures keep coming. Started again, the
// pages join by themselves, without a reload, and the picture hardly stops.
import { checkPlaying, hostAndViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const joins = (page) => page.evaluate("spate.joins");
const transport = (page) => page.evaluate("spate.transportId");

await test(async ({ defer }) => {
	const { servers, browser } = await startWithBrowser(defer);

	const { host, viewer } = await hostAndViewer(browser);
	await checkPlaying(viewer, "viewer", 2);
	await host.evaluate("void (window.notReloaded = true)");
	await viewer.evaluate("void (window.notReloaded = true)");
	const before = [await joins(host), await joins(viewer), await transport(host), await transport(viewer)];

	await servers.controlplane.end("SIGKILL");
	await reachState(viewer, "reconnecting", "viewer");
	await checkPlaying(viewer, "viewer without a control plane", 12);

	await servers.startControlplane();
	const back = Date.now();
	await until("the host has joined again", 15, async () => await joins(host) > before[0]);
	await reachState(host, "live", "host");
	await until("the viewer has joined again", 15, async () => await joins(viewer) > before[1]);
	await reachState(viewer, "playing", "viewer");
	log(`all joined ${((Date.now() - back) / 1000).toFixed(1)} s after the page was served again`);
	check(await transport(host) !== before[2], "the host has a new transport");
	check(await transport(viewer) !== before[3], "the viewer has a new transport");
	await checkPlaying(viewer, "viewer", 3);
	check(await host.evaluate("window.notReloaded") && await viewer.evaluate("window.notReloaded"),
		"no page was reloaded");
	const errors = host.errors.concat(viewer.errors).filter((e) => !/WebSocket|ERR_CONNECTION/.test(e));
	check(errors.length === 0, `no script errors ${errors.join("; ")}`);
});
