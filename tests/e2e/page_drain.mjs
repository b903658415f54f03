// SPDX-License-Identifier: Apache-2.0
// The page while its server is drained, in both dialects: it says so and goes on; when the server closes the
// connection it tries again by itself, and it is back when the server takes clients again.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { workDir } from "./lib/namespace.mjs";
import { firstFrame, openHost, openViewer, reachState, startWithBrowser } from "./lib/page.mjs";
import { buildDir } from "./lib/servers.mjs";
import { check, test, until } from "./lib/test.mjs";

const ctl = (...words) =>
	execFileSync(join(buildDir, "tools/spatectl"), ["--run-dir", join(workDir(), "run"), ...words]);

function told(page) {
	return page.evaluate(() => document.getElementById("draining").hidden ? "" : document.getElementById("draining").textContent);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const host = await openHost(browser, { codec: "VP8", size: "320x180", room: "drained" });
	await reachState(host, "live", "host");
	const viewers = [];
	for (const dialect of ["plain", "socket"]) {
		const viewer = await openViewer(browser, { room: "drained", dialect });
		await reachState(viewer, "playing", `viewer, ${dialect}`);
		await firstFrame(viewer, `viewer, ${dialect}`);
		viewers.push(viewer);
	}
	const everybody = [host, ...viewers];

	ctl("drain", "--deadline", "600");
	for (const page of everybody)
		await until("a page says that the server is about to stop", 5, async () =>
			(await told(page)).startsWith("This server is stopped for maintenance within 10 minutes."));
	ctl("undrain");
	for (const page of everybody)
		await until("and that it is not", 5, async () => await told(page) === "");
	for (const viewer of viewers)
		check(await viewer.evaluate("spate.joins") === 1, "nothing was interrupted");

	ctl("drain", "--deadline", "1");
	for (const page of everybody)
		await reachState(page, "reconnecting", "after the deadline a page");
	ctl("undrain");
	await reachState(host, "live", "host, by itself,");
	for (const viewer of viewers) {
		await reachState(viewer, "playing", "viewer, by itself,");
		check(await told(viewer) === "", "and the message is gone");
	}
});
