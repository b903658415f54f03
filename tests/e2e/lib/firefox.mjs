// SPDX-License-Identifier: Apache-2.0
// Firefox ESR as Debian ships it, driven over WebDriver BiDi, which it speaks by itself.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { workDir } from "./namespace.mjs";
import { Skip } from "./test.mjs";

const PATH = "/usr/bin/firefox-esr";
const START_TIMEOUT_MS = 40000;
const COMMAND_TIMEOUT_MS = 30000;
const PREFERENCES = {
	"app.update.enabled": false,
	"browser.shell.checkDefaultBrowser": false,
	"browser.startup.homepage_override.mstone": "ignore",
	"datareporting.policy.dataSubmissionEnabled": false,
	"media.autoplay.default": 0,
	"media.navigator.permission.disabled": true,
	"media.navigator.streams.fake": true,
	"network.captive-portal-service.enabled": false,
	"network.connectivity-service.enabled": false,
	"toolkit.telemetry.reportingpolicy.firstRun": false,
};

function makeProfile() {
	const profile = mkdtempSync(join(workDir(), "firefox-"));
	const lines = Object.entries(PREFERENCES).map(([k, v]) => `user_pref("${k}", ${JSON.stringify(v)});\n`);
	writeFileSync(join(profile, "user.js"), lines.join(""));
	return profile;
}

/** Resolves with the address that Firefox prints once its remote agent listens. */
function listeningAddress(child) {
	return new Promise((resolve, reject) => {
		let text = "";
		const timer = setTimeout(() => reject(new Error(`Firefox does not listen:\n${text}`)), START_TIMEOUT_MS);
		child.once("exit", () => reject(new Error(`Firefox ended:\n${text}`)));
		child.stderr.on("data", (chunk) => {
			text += chunk;
			const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(text);
			if (found) {
				clearTimeout(timer);
				resolve(found[1]);
			}
		});
	});
}

/** One WebDriver BiDi connection: command(method, params) resolves with the result. */
async function connect(WebSocket, address) {
	const socket = new WebSocket(`${address}/session`);
	const waiting = new Map();
	let next = 1;
	socket.on("message", (text) => {
		const message = JSON.parse(text);
		const entry = waiting.get(message.id);
		if (!entry)
			return;
		waiting.delete(message.id);
		clearTimeout(entry.timer);
		if (message.type === "error")
			entry.reject(new Error(`${entry.method}: ${message.error}: ${message.message}`));
		else
			entry.resolve(message.result);
	});
	await new Promise((resolve, reject) => {
		socket.once("open", resolve);
		socket.once("error", reject);
	});
	const command = (method, params = {}) => new Promise((resolve, reject) => {
		const id = next++;
		const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), COMMAND_TIMEOUT_MS);
		waiting.set(id, { resolve, reject, timer, method });
		socket.send(JSON.stringify({ id, method, params }));
	});
	return { command, close: () => socket.close() };
}

async function openPage(bidi, url) {
	const { context } = await bidi.command("browsingContext.create", { type: "tab" });
	await bidi.command("browsingContext.navigate", { context, url, wait: "complete" });
	const evaluate = async (expression) => {
		// Plain data goes through JSON: BiDi's own values would have to be unwrapped.
		const { type, result, exceptionDetails } = await bidi.command("script.evaluate", {
			expression: `Promise.resolve(${expression}).then((v) => JSON.stringify(v ?? null))`,
			target: { context }, awaitPromise: true, userActivation: true,
		});
		if (type === "exception")
			throw new Error(exceptionDetails.text);
		return JSON.parse(result.value);
	};
	return {
		errors: [],
		evaluate,
		click: (selector) => evaluate(`document.querySelector(${JSON.stringify(selector)}).click()`),
		async screenshot(path) {
			const { data } = await bidi.command("browsingContext.captureScreenshot", { context });
			writeFileSync(path, Buffer.from(data, "base64"));
		},
		close: () => bidi.command("browsingContext.close", { context }),
	};
}

/** A headless Firefox with an empty profile; the same shape as startChromium() gives. */
export async function startFirefox() {
	if (!existsSync(PATH))
		throw new Skip("Firefox ESR is not installed");
	let WebSocket;
	try {
		({ WebSocket } = await import("ws"));
	} catch {
		throw new Skip("ws is not installed (npm ci in tests)");
	}
	const child = spawn(PATH, ["--headless", "--no-remote", "--profile", makeProfile(),
		"--remote-debugging-port", "0", "about:blank"],
	{
		stdio: ["ignore", "ignore", "pipe"],
		env: { ...process.env, HOME: workDir(), MOZ_CRASHREPORTER_DISABLE: "1" },
	});
	const gone = new Promise((resolve) => child.once("exit", resolve));
	const bidi = await connect(WebSocket, await listeningAddress(child));
	await bidi.command("session.new", { capabilities: {} });
	return {
		name: "Firefox",
		open: (url) => openPage(bidi, url),
		async close() {
			bidi.close();
			child.kill("SIGTERM");
			const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
			await gone;
			clearTimeout(timer);
		},
	};
}
