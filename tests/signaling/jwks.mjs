// SPDX-License-Identifier: Apache-2.0
// The key set of an identity provider (auth.jwks_url): a key that is new is found soon, and a provider that
// fails, or answers with something else, takes nothing away.
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";

const PORT = 8444, NO_KEY = "token: kid: there is no such key", READING = "token: kid: the keys are being read again";
const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const provider = { keys: [], looks: 0, status: 200, body: null, hangs: false };

function makeKey(kid) {
	const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	return { kid, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", alg: "ES256" } };
}

function token({ kid, privateKey }) {
	const text = `${encode({ alg: "ES256", kid })}.${encode({ exp: Math.floor(Date.now() / 1000) + 60, publish: true })}`;
	return `${text}.${sign("sha256", Buffer.from(text), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** "in", or the message of the refusal. */
async function enter(key) {
	const client = await Client.open(`?room=show&token=${token(key)}`);
	const message = await Promise.race([client.heard("rtpCapabilities"), client.heard("error")].map((p) => p.catch(() => null)));
	client.socket.close();
	return message.type === "error" ? message.data.message : "in";
}

function answer(request, response) {
	provider.looks++;
	if (provider.hangs)
		return;
	response.writeHead(provider.status, { location: `https://127.0.0.1:${PORT}/moved` });
	response.end(provider.body ?? JSON.stringify({ keys: provider.keys.map((key) => key.jwk) }));
}

await test(async ({ defer }) => {
	const path = (name) => join(workDir(), name);
	execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
		"-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path("key.pem"), "-out", path("ca.pem")],
		{ stdio: "ignore" });
	const server = createServer({ key: readFileSync(path("key.pem")), cert: readFileSync(path("ca.pem")) }, answer);
	await new Promise((resolve) => server.listen(PORT, "127.0.0.1", resolve));
	defer(() => { server.closeAllConnections(); server.close(); });
	const servers = new Servers({ outgoing: { ca_file: path("ca.pem") },
		auth: { algorithm: "ES256", jwks_url: `https://127.0.0.1:${PORT}/keys`, jwks_refresh_s: 3600 } });
	defer((failed) => servers.end(failed));

	const [first, second, third] = ["first", "second", "third"].map(makeKey);
	provider.keys = [first];
	await servers.startControlplane();
	await until("a key of the set is good", 5, async () => await enter(first) === "in");
	check(await enter({ ...second, kid: "first" }) === "token: its signature is wrong", "another key in its name is not");
	const looks = provider.looks;

	provider.keys = [first, second];
	check((await enter(second)).startsWith(READING), "a kid that is not known makes the server look");
	await until("and then it is", 5, async () => await enter(second) === "in");
	for (let i = 0; i < 5; i++)
		check(await enter(third) === NO_KEY, "others are refused");
	check(provider.looks === looks + 1, "without another look within the time");

	const hang = async (signal) => {
		const before = provider.looks;
		process.kill(servers.controlplane.pid, signal);
		await until("it looks", 5, () => provider.looks > before, { quiet: true });
	};
	for (const [words, change] of [["fails", { status: 500 }], ["moves", { status: 302 }], ["says something else", { body: "<html>" }],
		["says too much", { body: " ".repeat(70000) }], ["has no key", { body: '{"keys":[]}' }]]) {
		Object.assign(provider, { status: 200, body: null }, change);
		await hang("SIGHUP");
		check(await enter(first) === "in" && await enter(second) === "in", `a provider that ${words} takes nothing away`);
	}
	await until("each is in the log", 5, () => (servers.controlplane.output.match(/jwks-failed [^\n]* keys_kept=2/g) ?? []).length >= 5);
	Object.assign(provider, { status: 200, body: null, keys: [third] });
	await hang("SIGHUP");
	await until("a key that was taken out is good no longer", 5, async () => await enter(first) === NO_KEY && await enter(third) === "in");
	provider.hangs = true;
	await hang("SIGHUP");
	check(await enter(third) === "in", "nor does one that hangs");
	await servers.controlplane.end();
	check(servers.controlplane.status === 0, "and the server ends without it");

	writeFileSync(path("other.pem"), execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt",
		"ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=other", "-keyout", "/dev/null"], { stdio: ["ignore", "pipe", "ignore"] }));
	provider.hangs = false;
	const stranger = new Servers({ outgoing: { ca_file: path("other.pem") },
		auth: { algorithm: "ES256", jwks_url: `https://127.0.0.1:${PORT}/keys` } });
	defer((failed) => stranger.end(failed));
	await stranger.startControlplane();
	await until("a provider whose certificate is another authority's is not believed", 5,
		() => stranger.controlplane.output.includes("keys_kept=0"));
	check(await enter(third) !== "in", "and its keys are not used");
});
