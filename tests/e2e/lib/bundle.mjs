// SPDX-License-Identifier: Apache-2.0
// Pages of our own beside Spate's: scripts bundled with the stock clients, served from another
// origin, as an operator's application would be.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Skip } from "./test.mjs";

const source = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const web = join(source, "controlplane/web");
const PORT = 8080;
const MARKER = /<!-- client: (\S+) -->\n```js\n(.*?)```\n/gs;

/** The scripts that a page of the documentation has behind its markers, by their names. */
export function documented(page) {
	const text = readFileSync(join(source, "docs", page), "utf8");
	return Object.fromEntries([...text.matchAll(MARKER)].map(([, name, code]) => [name, code]));
}

async function bundle(code, modules) {
	if (!existsSync(join(web, "node_modules/esbuild")))
		throw new Skip("esbuild is not installed (npm ci in controlplane/web)");
	const { build } = createRequire(join(web, "package.json"))("esbuild");
	const { outputFiles } = await build({ stdin: { contents: code, resolveDir: join(source, modules) }, bundle: true, write: false,
		format: "esm", target: "es2022", logLevel: "warning" });
	return outputFiles[0].contents;
}

/**
 * Serves a page with a video element for each script; returns { url(name), close }. `address`: where
 * it listens, for browsers in other namespaces. `modules`: the folder whose packages the scripts use.
 */
export async function servePages(scripts, { address = "localhost", modules = "controlplane/web" } = {}) {
	const files = new Map();
	for (const [name, code] of Object.entries(scripts)) {
		files.set(`/${name}`, ["text/html", "<!doctype html><meta charset=\"utf-8\"><link rel=\"icon\" href=\"data:,\">" +
			"<video id=\"video\" autoplay playsinline muted></video>" +
			`<script type="module" src="/${name}.js"></script>`]);
		files.set(`/${name}.js`, ["text/javascript", await bundle(code, modules)]);
	}
	const server = createServer((request, response) => {
		const [type, body] = files.get(request.url) ?? [];
		response.writeHead(type ? 200 : 404, { "Content-Type": type ?? "text/plain" }).end(body);
	});
	await new Promise((resolve) => server.listen(PORT, address, resolve));
	return {
		url: (name) => `http://localhost:${PORT}/${name}`,
		close: () => new Promise((resolve) => {
			server.closeAllConnections();
			server.close(resolve);
		}),
	};
}
