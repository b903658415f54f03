// SPDX-License-Identifier: Apache-2.0
// A phone on the same network: tools/run --tls runs in one namespace, a browser in another that a
// veth pair joins to it. The phone opens the address that tools/run prints and publishes its camera,
// which a page has over https alone; it is watched beside the server and on the phone.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChromium } from "./lib/chromium.mjs";
import { namespaceOf, workDir } from "./lib/namespace.mjs";
import { checkFirstFrame, checkNoErrors, checkPlaying, reachState } from "./lib/page.mjs";
import { buildDir } from "./lib/servers.mjs";
import { check, Skip, test, until } from "./lib/test.mjs";

const PHONE = "phone";
const SERVER_ADDRESS = "192.168.77.1";
const PHONE_ADDRESS = "192.168.77.2";
const LAST_LINES = 60;
const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

function ip(...args) {
	execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
}

/** No default route: like a phone whose router knows nothing of the TAP device's network. */
function joinPhone() {
	const phone = namespaceOf(PHONE);
	ip("link", "add", "lan0", "type", "veth", "peer", "name", "wlan0", "netns", phone);
	ip("address", "add", `${SERVER_ADDRESS}/24`, "dev", "lan0");
	ip("link", "set", "lan0", "up");
	ip("-n", phone, "address", "add", `${PHONE_ADDRESS}/24`, "dev", "wlan0");
	ip("-n", phone, "link", "set", "wlan0", "up");
}

function needAll() {
	if (buildDir !== join(root, "build"))
		throw new Skip(`tools/run starts what is in build/, not ${buildDir}`);
	for (const program of ["dataplane/spate-dataplane", "controlplane/spate-controlplane", "tools/spatectl"])
		if (!existsSync(join(buildDir, program)))
			throw new Skip(`not built: ${program}`);
	if (!existsSync(join(root, "controlplane/web/dist/main.js")))
		throw new Skip("the page is not built (npm run build in controlplane/web)");
	for (const command of [["openssl", "version"], ["nft", "--version"]]) {
		try {
			execFileSync(command[0], command.slice(1), { stdio: "ignore" });
		} catch {
			throw new Skip(`${command[0]} is not installed`);
		}
	}
}

/** tools/run as a person starts it: { output(), end() }. */
function startLauncher() {
	let text = "";
	const child = spawn(join(root, "tools/run"), ["--tls", "--no-install", "--no-build",
		"--run-dir", join(workDir(), "run"), "--state-dir", join(workDir(), "state")],
	{ stdio: ["ignore", "pipe", "pipe"] });
	for (const stream of [child.stdout, child.stderr])
		stream.on("data", (chunk) => {
			text += chunk;
		});
	const gone = new Promise((resolve) => child.once("exit", resolve));
	return {
		/** What it has said; an error once it has ended. */
		output() {
			if (child.exitCode !== null || child.signalCode !== null)
				throw new Error("tools/run ended");
			return text;
		},
		async end(failed) {
			child.kill("SIGTERM");
			await gone;
			if (failed)
				console.log(text.split("\n").slice(-LAST_LINES).join("\n"));
		},
	};
}

/** A browser on the phone; the person in front of it has gone past the warning. */
function startPhone() {
	const path = join(workDir(), "phone-chromium");
	writeFileSync(path, `#!/bin/sh\nexec ip netns exec ${namespaceOf(PHONE)} /usr/bin/chromium "$@"\n`, { mode: 0o755 });
	return startChromium({ path, flags: ["--ignore-certificate-errors"] });
}

/** Where the data plane sees its transports' packets come from, without the ports. */
function remotes() {
	const text = execFileSync(join(buildDir, "tools/spatectl"),
		["--run-dir", join(workDir(), "run"), "transports", "--json"], { encoding: "utf8" });
	return JSON.parse(text).transports.map((t) => t.remote?.replace(/:\d+$/, "") ?? "nowhere");
}

await test(async ({ defer }) => {
	needAll();
	joinPhone();
	const launcher = startLauncher();
	defer((failed) => launcher.end(failed));
	const address = await until("tools/run names the address for other devices", 40,
		() => /from another device: (https:\S+)/.exec(launcher.output())?.[1]);
	check(address === `https://${SERVER_ADDRESS}:3000/`, `it is ${address}`);

	const phone = await startPhone();
	defer(() => phone.close());
	const host = await phone.open(`${address}?role=host&source=camera&codec=VP8&simulcast=0`);
	check(await host.evaluate("isSecureContext"), "the phone's page is a secure one");
	await reachState(host, "live", "the phone");

	const browser = await startChromium({ flags: ["--ignore-certificate-errors"] });
	defer(() => browser.close());
	const viewers = [
		[await browser.open("https://localhost:3000/?role=watch"), "the viewer beside the server"],
		[await phone.open(`${address}?role=watch`), "the viewer on the phone"],
	];
	for (const [viewer, who] of viewers) {
		await reachState(viewer, "playing", who);
		await checkFirstFrame(viewer, who);
		await checkPlaying(viewer, who, 4, { minimumFps: 4 });
		checkNoErrors(viewer, who);
	}
	checkNoErrors(host, "the phone");
	const seen = remotes();
	check(seen.filter((from) => from === PHONE_ADDRESS).length === 2 && seen.length === 3,
		`the data plane sees the phone's own address, twice: ${seen.join(", ")}`);
}, { namespaces: [PHONE] });
