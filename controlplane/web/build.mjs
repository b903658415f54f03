// SPDX-License-Identifier: Apache-2.0
// Bundles the page into dist/: index.html, main.js, main.css, icon.svg, and the player beside it:
// player.html, player.js, player.css; operator.html, operator.js, operator.css. Nothing is loaded from elsewhere and nothing is inline, so the page lives under a policy of 'self'.
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { constants, gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
	entryPoints: [join(here, "src/main.js"), join(here, "src/main.css")],
	outdir: dist,
	bundle: true,
	minify: true,
	format: "esm",
	// What only some visitors need is loaded when they do: the client of Socket.IO.
	splitting: true,
	chunkNames: "[name]",
	target: ["es2022"],
	legalComments: "linked",
	logLevel: "warning",
});
// The player is a page for other people's pages, and the operator's page is served by the administration port
// alone: neither shares a file with the large page.
for (const name of ["player", "operator"])
	await build({
		entryPoints: [join(here, `src/${name}.js`), join(here, `src/${name}.css`)],
		outdir: dist,
		bundle: true,
		minify: true,
		format: "esm",
		target: ["es2022"],
		legalComments: "linked",
		logLevel: "warning",
	});
for (const name of ["index.html", "player.html", "operator.html", "icon.svg"])
	await cp(join(here, "src", name), join(dist, name));
// Most clients get these instead: a fifth of the bytes, and nothing is compressed at run time.
for (const name of await readdir(dist))
	await writeFile(join(dist, `${name}.gz`), gzipSync(await readFile(join(dist, name)), { level: constants.Z_BEST_COMPRESSION }));
