// SPDX-License-Identifier: Apache-2.0
// A host that has chosen nothing sends its picture in three sizes, and a viewer chooses among them by
// the page's menu. A host of one quality has viewers without a menu.
import {
	checkNoErrors, firstFrame, openViewer, pageUrl, reachState, say, startWithBrowser, stats, videoOf,
} from "./lib/page.mjs";
import { artifact } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

const [dialect = "websocket"] = process.argv.slice(2);

const heightOf = async (page) => videoOf((await stats(page))?.inbound ?? [])?.frameHeight;
const menu = (page) => page.evaluate("[...document.querySelectorAll('#quality option')].map((o) => o.text)");
const now = (page) => page.evaluate("document.getElementById('quality-now').textContent");

/** What the server says of the picture that the viewer gets, and of each encoding of it. */
function served(page) {
	return page.evaluate(`(async () => {
		const { id } = spate.consumers.find((c) => c.kind === "video");
		return (await spate.request("getStats", { consumerId: id })).stats;
	})()`);
}

/** Chooses an entry of the menu, as a person does. */
async function choose(page, value) {
	await page.evaluate(`{
		const menu = document.getElementById("quality");
		menu.value = "${value}";
		menu.dispatchEvent(new Event("change"));
	}`);
	check(await page.evaluate("document.getElementById('quality').value") === value, `the menu says ${value}`);
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const host = await browser.open(pageUrl({ role: "host", source: "pattern", size: "960x540", fps: "10", dialect }));
	await reachState(host, "live", "host");
	const viewer = await openViewer(browser, { dialect });
	await reachState(viewer, "playing", "viewer");
	await firstFrame(viewer, "viewer");

	await until("the menu has Automatic and three layers", 10, async () => (await menu(viewer)).length === 4);
	log(`the menu: ${(await menu(viewer)).join(", ")}; now: ${await now(viewer)}`);
	check((await menu(viewer))[0] === "Automatic", "the first entry is Automatic");

	say("the smallest layer");
	await choose(viewer, "0");
	await until("the viewer gets layer 0", 15, () => viewer.evaluate("spate.quality.current === 0"));
	await until("the picture is small", 15, async () => await heightOf(viewer) <= 240);
	await until("the page says so", 5, async () => await now(viewer) === (await menu(viewer))[3]);
	await until("the server says so, of an encoding with a bitrate", 5, async () => {
		const [sent, ...encodings] = await served(viewer);
		return sent.currentLayers.spatialLayer === 0 && sent.preferredLayers.spatialLayer === 0 && sent.score > 0
			&& encodings.map((e) => e.rid).join() === "r0,r1,r2" && encodings[0].bitrate > 0;
	});

	say("and back");
	await choose(viewer, "auto");
	await until("the viewer gets a larger layer", 20, () => viewer.evaluate("spate.quality.current > 0"));
	await until("the picture is larger", 20, async () => await heightOf(viewer) > 240);
	await until("the plot has a value", 5,
		() => viewer.evaluate("document.getElementById('plot').ariaLabel.includes('kbit/s')"));
	const path = artifact(`page-quality-${dialect}.png`);
	await viewer.screenshot(path);
	log(`picture: ${path}`);

	say("a host who chooses one quality");
	await host.click("#stop");
	await reachState(viewer, "waiting", "viewer");
	await host.click("#one-quality");
	await host.click("#host");
	await reachState(host, "live", "host");
	await reachState(viewer, "playing", "viewer");
	await firstFrame(viewer, "viewer");
	await until("its viewer has no menu", 5, () => viewer.evaluate("document.getElementById('quality-choice').hidden"));

	checkNoErrors(host, "host");
	checkNoErrors(viewer, "viewer");
});
