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
// The player is a page of its own for other people's pages: it shares no file with the large one.
await build({
	entryPoints: [join(here, "src/player.js"), join(here, "src/player.css")],
	outdir: dist,
	bundle: true,
	minify: true,
	format: "esm",
	target: ["es2022"],
	legalComments: "linked",
	logLevel: "warning",
});
// So is the operator's page, which only the administration port serves.
await build({
	entryPoints: [join(here, "src/operator.js"), join(here, "src/operator.css")],
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
