// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { Skip } from "./test.mjs";

const PATH = "/usr/bin/chromium";
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
	"--disable-background-networking", "--disable-component-update", "--use-fake-ui-for-media-stream",
	"--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required"];

/**
 * A headless Chromium with an empty profile; open() gives pages, each in a context of its own.
 * `flags`: further ones; `path`: a program that starts it, in another namespace for example.
 */
export async function startChromium({ flags = [], path = PATH } = {}) {
	if (!existsSync(PATH))
		throw new Skip("Chromium is not installed");
	let playwright;
	try {
		playwright = await import("playwright-core");
	} catch {
		throw new Skip("playwright-core is not installed (npm ci in tests)");
	}
	const browser = await playwright.chromium.launch({ executablePath: path, headless: true,
		args: [...FLAGS, ...flags] });
	return {
		name: "Chromium",
		/** `before`: a script that runs in the page, and in its duplicates, before their own. */
		async open(url, { before } = {}) {
			const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
			if (before)
				await context.addInitScript(before);
			const page = await context.newPage();
			const wrapped = wrap(page, () => context.close());
			await page.goto(url);
			return wrapped;
		},
		close: () => browser.close(),
	};
}

function wrap(page, close) {
	const errors = [];
	page.on("pageerror", (error) => errors.push(error.message));
	page.on("console", (message) => {
		if (message.type() === "error")
			errors.push(message.text());
	});
	return {
		errors,
		evaluate: (expression) => page.evaluate(expression),
		/** In the frame whose address contains `part`, whatever its origin. */
		evaluateIn: (part, expression) => page.frames().find((f) => f.url().includes(part))?.evaluate(expression),
		click: (selector) => page.click(selector, { timeout: 5000 }),
		fill: (selector, text) => page.fill(selector, text),
		focusAndPress: (selector, key) => page.press(selector, key),
		screenshot: (path) => page.screenshot({ path }),
		resize: (width, height) => page.setViewportSize({ width, height }),
		reload: () => page.reload(),
		/** "light" or "dark", as the person's system says. */
		colours: (scheme) => page.emulateMedia({ colorScheme: scheme }),
		/** A key where the focus is. */
		press: (key) => page.keyboard.press(key),
		/** A tab that begins with a copy of this one's sessionStorage, as a duplicated tab does. */
		async duplicate() {
			const opened = page.waitForEvent("popup");
			await page.evaluate("void window.open(location.href)");
			const popup = await opened;
			await popup.waitForLoadState();
			return wrap(popup, () => popup.close());
		},
		close,
	};
}
