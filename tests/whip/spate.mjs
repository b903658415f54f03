// SPDX-License-Identifier: Apache-2.0
// Spate passes the conformance suite, without tokens and with them.
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ORIGIN, Servers } from "../e2e/lib/servers.mjs";
import { check, test } from "../e2e/lib/test.mjs";

const SUITE = fileURLToPath(new URL("run", import.meta.url));
const LEAST = 60; // checks that a run makes

const SECRET = "the secret of the operator's application";

const ICE_SERVERS = [{ urls: ["stun:stun.example:3478"] },
	{ urls: ["turn:turn.example:3478?transport=udp", "turns:turn.example:5349?transport=tcp"], secret: "shared with the TURN server" }];

function token(claims) {
	const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
	const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ exp: Math.floor(Date.now() / 1000) + 100, room: "show", ...claims })}`;
	return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

/** Runs the suite; every line of it goes to the log. */
async function conforms(words, ...args) {
	const child = spawn(SUITE, ["--whip", `${ORIGIN}/whip/show`, "--whep", `${ORIGIN}/whep/show`, ...args],
		{ stdio: ["ignore", "pipe", "inherit"] });
	let text = "";
	child.stdout.on("data", (piece) => {
		text += piece;
		process.stdout.write(piece);
	});
	const status = await new Promise((resolve) => child.once("close", resolve));
	const count = Number(text.match(/^1\.\.(\d+)$/m)?.[1] ?? 0);
	check(count >= LEAST && status === 0, `${words}: ${text.trim().split("\n").at(-1)}`);
	check(!/ is published later: .*# SKIP/.test(text), `${words}: players get what is published later`);
}

async function run(words, settings, ...args) {
	const servers = new Servers({ ...settings, http: { origins: "https://studio.example" } });
	let failed = true;
	try {
		await servers.start();
		await conforms(words, ...args);
		failed = false;
	} finally {
		await servers.end(failed);
	}
}

await test(async () => {
	const keyFile = join(workDir(), "token.key");
	writeFileSync(keyFile, SECRET);
	await run("without tokens", { ice_servers: ICE_SERVERS });
	await run("with tokens", { auth: { algorithm: "HS256", key_file: keyFile } }, "--token", token({ sub: "anna", publish: true }),
		"--whep-token", token({ sub: "bert", subscribe: true }));
});
