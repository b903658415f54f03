// SPDX-License-Identifier: Apache-2.0
// wss and https on the one port, and new certificates under open connections.
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { workDir } from "../e2e/lib/namespace.mjs";
import { PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, Skip, test, until } from "../e2e/lib/test.mjs";
import { Client } from "./client.mjs";
import { get as page, Raw } from "./raw.mjs";

const HOST = "localhost", HSTS_S = 300;
const path = (name) => join(workDir(), name);
const certificate = (name) => readFileSync(path(`${name}.pem`));

/** NAME.pem and NAME.key, signed by itself or by `issuer`. */
function makePair(name, kind, issuer) {
	const key = kind === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
	const signer = issuer === undefined ? [] : ["-CA", path(`${issuer}.pem`), "-CAkey", path(`${issuer}.key`)];
	try {
		execFileSync("openssl", ["req", "-x509", "-newkey", ...key, "-nodes", "-days", "2", "-subj", `/CN=${name}`,
			"-addext", `subjectAltName=DNS:${HOST}`, "-keyout", path(`${name}.key`), "-out", path(`${name}.pem`),
			...signer], { stdio: "pipe" });
	} catch (error) {
		if (error.code === "ENOENT")
			throw new Skip("openssl is not installed");
		throw error;
	}
}

/** What the server is to read from now on. */
function install(certificateOf, keyOf) {
	copyFileSync(path(`${certificateOf}.pem`), path("server.pem"));
	copyFileSync(path(`${keyOf}.key`), path("server.key"));
}

/** The common name that a new connection sees, whose certificate `trusted` must have signed. */
function seen(trusted, options = {}) {
	return new Promise((resolve, reject) => {
		const socket = connect({ host: HOST, port: PORT, servername: HOST, ca: certificate(trusted),
			ALPNProtocols: ["h2", "http/1.1"], ...options }, () => {
			resolve({ name: socket.getPeerCertificate().subject.CN, protocol: socket.getProtocol(),
				alpn: socket.alpnProtocol });
			socket.destroy();
		});
		socket.once("error", reject);
	});
}

function get(trusted, where) {
	return new Promise((resolve, reject) => {
		request({ host: HOST, port: PORT, path: where, ca: certificate(trusted), agent: false }, (response) => {
			let text = "";
			response.on("data", (data) => { text += data; });
			response.on("end", () => resolve({ status: response.statusCode, text, headers: response.headers }));
		}).on("error", reject).end();
	});
}

function fails(promise) {
	return promise.then(() => false, () => true);
}

async function plainOverTls() {
	const page = await get("first", "/");
	check(page.status === 200 && page.text.includes("<!doctype html>"), "the page comes by https");
	check((await get("first", "/healthz")).status === 200, "so does /healthz");
	for (const where of ["/", "/healthz", "/nothing"])
		check((await get("first", where)).headers["strict-transport-security"] === `max-age=${HSTS_S}`, `HSTS at ${where}`);
	const { name, protocol, alpn } = await seen("first");
	check(name === "first" && protocol === "TLSv1.3" && alpn === "http/1.1", "TLS 1.3 and http/1.1");
	check((await seen("first", { maxVersion: "TLSv1.2" })).protocol === "TLSv1.2", "TLS 1.2");
	const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" };
	check((await seen("first", old).catch((error) => error.code)) === "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
		"nothing older");
	for (const suite of ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
		check(await fails(seen("first", { maxVersion: "TLSv1.2", ciphers: `${suite}@SECLEVEL=0` })), `no ${suite}`);
	for (const suite of ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"])
		check((await seen("first", { maxVersion: "TLSv1.2", ciphers: suite })).protocol === "TLSv1.2", suite);
	check(await fails(fetch(`http://${HOST}:${PORT}/`)), "no plain http on that port");
	check(await fails(Client.open()), "nor ws");
}

/** HTTP as bytes over TLS, where one record at a time can be looked at before it is parsed. */
async function bytes() {
	const raw = () => new Raw(connect({ host: HOST, port: PORT, servername: HOST, ca: certificate("first") }));
	const kept = raw();
	for (const pieces of [[page("/healthz")], [...page("/healthz")], [page("/healthz").slice(0, 20), page("/healthz").slice(20)]]) {
		for (const piece of pieces) {
			kept.write(piece);
			await sleep(2);
		}
		check((await kept.answer())?.status === 200, `a request in ${pieces.length} records`);
	}
	check((await kept.write(page("/", [`Cookie: ${"x".repeat(16000)}`])).answer())?.status === 200, "a head of 16 KB");
	kept.close();
	for (const [status, text] of [[400, page("/", ["X-Auth: t"])], [431, page("/", [`Cookie: ${"x".repeat(50000)}`])],
		[400, page("/?x=%0a")]]) {
		for (const pieces of [[text], [text.slice(0, 18), text.slice(18)]]) {
			const refused = raw();
			for (const piece of pieces) {
				refused.write(piece);
				await sleep(20);
			}
			check((await refused.answer())?.status === status && await refused.ends(), `${status} in ${pieces.length} records`);
		}
	}
	const socket = raw().write(page("/?room=show", ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]));
	await until("a WebSocket opens", 3, () => socket.text.includes("rtpCapabilities"));
	socket.text = "";
	socket.write(Buffer.from("\x81\x02{}"));
	await until("a frame without a mask ends it with 1002", 3, () => socket.text.includes("\x03\xea"));
	socket.close();
}

async function open(trusted) {
	const client = await Client.open("?room=show", { scheme: "wss", servername: HOST, ca: certificate(trusted) });
	await client.heard("rtpCapabilities");
	return client;
}

/** A message of many TLS records each way is carried whole. */
async function goesOn(words, client) {
	const id = "x".repeat(64);
	client.send({ type: "getProducers", id, data: { ignored: "y".repeat(60000) } });
	check((await client.heard("getProducers")).id === id, words);
}

async function reload(servers, certificateOf, keyOf) {
	const lines = () => servers.controlplane.output.split("\n").filter((line) => line.includes("what=tls"));
	const before = lines().length;
	install(certificateOf, keyOf);
	process.kill(servers.controlplane.pid, "SIGHUP");
	return until(`SIGHUP: ${certificateOf}.pem, ${keyOf}.key`, 5, () => lines()[before]);
}

async function newPairs(servers) {
	const client = await open("first");
	await goesOn("wss carries requests", client);
	check((await reload(servers, "second", "second")).includes("reloaded what=tls"), "a new pair is taken");
	await goesOn("the old socket goes on", client);
	check((await seen("second")).name === "second" && await fails(seen("first")), "new connections see the new one");
	const line = await reload(servers, "third", "second");
	check(line.includes("reload-failed") && line.includes("tls.key") && line.includes("is not the key of tls.certificate"),
		`a pair that does not match is refused: ${line}`);
	writeFileSync(path("broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
	check((await reload(servers, "broken", "second")).includes("reload-failed"), "so is one that is broken");
	check((await seen("second")).name === "second", "and the old one is kept");
	await reload(servers, "third", "third");
	check((await seen("third", { maxVersion: "TLSv1.2" })).name === "third", "the kind of key may change");
	check(await fails(seen("third", { maxVersion: "TLSv1.2", ciphers: "AES256-GCM-SHA384" })), "no key transport by RSA");
	await reload(servers, "first", "first");
	check((await seen("first")).name === "first", "and back");

	makePair("signed", "ec", "first");
	writeFileSync(path("signed.pem"), Buffer.concat([certificate("signed"), certificate("second")]));
	await reload(servers, "signed", "signed");
	check((await seen("first")).name === "signed", "a certificate with a chain");
	check((await certificatesOf()).join() === "signed,second", "which is sent as it is");
	await goesOn("the first socket still goes on", client);
	await client.end();
	const next = await open("first");
	await next.end();
}

/** The names of all certificates that a new connection is sent. */
async function certificatesOf() {
	const text = execFileSync("openssl", ["s_client", "-connect", `${HOST}:${PORT}`, "-showcerts"],
		{ input: "", encoding: "utf8", stdio: ["pipe", "pipe", "ignore"] });
	return text.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g)
		.map((pem) => new X509Certificate(pem).subject.replace("CN=", ""));
}

async function badStart(servers) {
	install("first", "second");
	servers.controlplane.start();
	await until("with files that do not match it does not start", 5, () => !servers.controlplane.running);
	check(servers.controlplane.output.includes("start-failed reason=\"tls.key: "), "and says why");
}

await test(async ({ defer }) => {
	makePair("first", "ec");
	makePair("second", "ec");
	makePair("third", "rsa");
	install("first", "first");
	const servers = new Servers({ http: { hsts_s: HSTS_S },
		tls: { certificate: path("server.pem"), key: path("server.key") }, limits: { messages_per_second: 1000 } });
	defer((failed) => servers.end(failed));
	await servers.startDataplane();
	servers.controlplane.start();
	await until("it is healthy, by https", 20, () => get("first", "/readyz").then((r) => r.status === 200, () => false));
	await plainOverTls();
	await bytes();
	await newPairs(servers);
	await servers.controlplane.end();
	await badStart(servers);
});
