// SPDX-License-Identifier: Apache-2.0
// The administration port: /metrics is there and nowhere else, behind a token in a header, for no page of
// another origin, on loopback; it cannot be crowded out from the public port, and nothing on it changes anything.
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { workDir } from "../e2e/lib/namespace.mjs";
import { ADMIN_PORT, buildDir, PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, test, until } from "../e2e/lib/test.mjs";
import { get, Raw } from "./raw.mjs";

const TOKEN = "c3BhdGUtbWV0cmljcw-._~+/==", NEW_TOKEN = "another-token-of-the-operator";
const PORT_OF_ALL = 9465;

/** The answer of that port to a request; null where the connection ends without one. */
async function ask(text, port = ADMIN_PORT, host = "127.0.0.1") {
	const raw = new Raw(connect(port, host)).write(text);
	const answer = await raw.answer();
	raw.close();
	return answer;
}

const bearer = (token) => [`Authorization: Bearer ${token}`];

async function anybody() {
	const metrics = await ask(get("/metrics"));
	check(metrics.status === 200 && metrics.body.includes("\nspate_peers 0\n") &&
		metrics.headers["content-type"].startsWith("text/plain; version=0.0.4"), "/metrics is on the administration port");
	check((await ask(get("/metrics"), PORT)).status === 404, "and not on the public one");
	for (const port of [PORT, ADMIN_PORT]) {
		const health = await ask(get("/healthz"), port), ready = await ask(get("/readyz"), port);
		check(health.status === 200 && JSON.parse(health.body).status === "ok", `port ${port} has /healthz`);
		check(ready.status === 503 && JSON.parse(ready.body).reasons[0].code === "no-dataplane", "and /readyz");
	}
}

async function nothingElse() {
	for (const path of ["/", "/main.js", "/rooms", "/player", "/whip/r", "/socket.io/?EIO=4&transport=polling"])
		check((await ask(get(path))).status === 404, `${path} is not there`);
	const upgrade = get("/", ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]);
	check((await ask(upgrade)).status === 404, "nor a WebSocket");
	for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
		const answer = await ask(get("/metrics").replace("GET", method));
		check(answer.status === 405 && answer.headers.allow === "GET, HEAD", `${method} is refused`);
		check(!Object.keys(answer.headers).some((name) => name.startsWith("access-control")), "without a word about origins");
	}
	check((await ask(get("/metrics", ["Content-Length: 1"]))).status === 400, "a body is refused");
}

async function origins() {
	for (const origin of ["https://evil.example", "null", `http://127.0.0.1:${PORT}`, `https://127.0.0.1:${ADMIN_PORT}`]) {
		const answer = await ask(get("/metrics", [`Origin: ${origin}`]));
		check(answer.status === 403 && answer.headers["access-control-allow-origin"] === undefined,
			`a page of ${origin} may not ask`);
	}
	const own = get("/metrics", [`Origin: http://127.0.0.1:${ADMIN_PORT}`])
		.replace("Host: 127.0.0.1", `Host: 127.0.0.1:${ADMIN_PORT}`);
	check((await ask(own)).status === 200, "one of its own may");
	const named = await ask(get("/metrics").replace("Host: 127.0.0.1", "Host: rebound.example"));
	check(named.status === 421 && named.body.includes("admin.hosts"), "under a name that anybody may own nobody may");
	check((await ask(get("/metrics").replace("Host: 127.0.0.1", "Host: metrics.example"))).status === 200,
		"under a name of admin.hosts they may");
}

/* Whoever has all connections of the public port has none of the administration port's. */
async function crowded() {
	const crowd = Array.from({ length: 100 }, () => new Raw().write("GET / HT"));
	await until("the public port is crowded", 5, () => crowd.filter((raw) => raw.closed).length > 10);
	check((await ask(get("/metrics"))).status === 200, "/metrics answers while the public port is crowded");
	for (const raw of crowd)
		raw.close();
}

async function tokens(servers, file) {
	const without = await ask(get("/metrics"));
	check(without.status === 401 && without.headers["www-authenticate"] === 'Bearer realm="spate"',
		"/metrics asks for a token");
	for (const header of [bearer(TOKEN.slice(0, -1)), bearer(`${TOKEN}x`), bearer(""), ["Authorization: Basic dXNlcjpw"],
		[`Authorization: ${TOKEN}`], bearer("x".repeat(4000))])
		check((await ask(get("/metrics", header))).status === 401, `${header[0].slice(0, 40)} is refused`);
	for (const query of [`token=${TOKEN}`, `access_token=${TOKEN}`])
		check((await ask(get(`/metrics?${query}`))).status === 401, "in the URL it does not count");
	check((await ask(get("/metrics", bearer(TOKEN)))).status === 200, "in the header it does");
	check((await ask(get("/metrics", [`authorization: bearer  ${TOKEN}`]))).status === 200, "in any case");
	check((await ask(get("/healthz"))).status === 200, "a probe needs none");
	const text = (await ask(get("/metrics", bearer(TOKEN)))).body;
	const counted = Number(text.match(/^spate_admin_requests_refused_total (\d+)$/m)[1]);
	check(counted === 9, `those refused are counted (${counted})`);

	writeFileSync(file, `${NEW_TOKEN}\n`);
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("SIGHUP reads another token", 5, async () =>
		(await ask(get("/metrics", bearer(NEW_TOKEN)))).status === 200);
	check((await ask(get("/metrics", bearer(TOKEN)))).status === 401, "the old one is of no use");
	writeFileSync(file, "short\n");
	process.kill(servers.controlplane.pid, "SIGHUP");
	await until("one that is none is refused", 5, () => servers.controlplane.output.includes(
		"reload-failed what=admin"));
	check((await ask(get("/metrics", bearer(NEW_TOKEN)))).status === 200, "and the one before stays");
	for (const secret of [TOKEN, NEW_TOKEN])
		check(!servers.controlplane.output.includes(secret), "the log has no token");
}

/** What it says when it does not start with these members. */
function refusal(settings) {
	const config = join(workDir(), "refused.json");
	writeFileSync(config, JSON.stringify({ run_dir: join(workDir(), "other"), http: { port: PORT + 1 }, ...settings }));
	execFileSync("mkdir", ["-p", join(workDir(), "other")]);
	const run = spawnSync(join(buildDir, "controlplane/spate-controlplane"), ["--config", config], { timeout: 10000 });
	check(run.status === 1, "it does not start");
	return `${run.stderr}`;
}

function refusals() {
	const says = (settings, part) => {
		const text = refusal(settings);
		check(text.includes(part), `${JSON.stringify(settings)}: ${part}`);
	};

	says({ admin: { address: "0.0.0.0" } }, "admin.token_file: is missing; admin.address needs it beyond loopback");
	says({ admin: { address: "" } }, "admin.token_file: is missing");
	says({ admin: { address: "localhost" } }, "admin.address: is no IPv4 or IPv6 address");
	says({ admin: { tls: true } }, "tls.certificate: is missing; admin.tls needs it");
	says({ admin: { token_file: "/none" } }, "admin.token_file: /none: No such file");
	says({}, `cannot listen on administration port ${ADMIN_PORT} over IPv4: Address already in use (is another ` +
		"server running? admin.port takes another one)");
}

/** An address of this namespace that is not loopback. */
function anotherAddress() {
	execFileSync("ip", ["address", "add", "10.98.0.1/32", "dev", "lo"]);
	return "10.98.0.1";
}

function refused(port, host) {
	return new Promise((resolve) => {
		const socket = connect(port, host, () => { socket.destroy(); resolve(false); });
		socket.on("error", () => resolve(true));
	});
}

await test(async ({ defer }) => {
	const open = new Servers({ admin: { hosts: "metrics.example" }, limits: { unfinished_connections: 32,
		unfinished_per_address: 16, connects_per_second: 1000 } });
	defer((failed) => open.end(failed));
	await open.startControlplane();
	const address = anotherAddress();
	check(await refused(ADMIN_PORT, address) && !await refused(PORT, address), "by default it is on loopback alone");
	await anybody();
	await nothingElse();
	await origins();
	refusals();
	await crowded();
	await open.end();

	const file = join(workDir(), "token");
	writeFileSync(file, TOKEN, { mode: 0o600 }); // without an end of the line
	const closed = new Servers({ admin: { token_file: file } });
	defer((failed) => closed.end(failed));
	await closed.startControlplane();
	await tokens(closed, file);
	await closed.end();

	const elsewhere = new Servers({ admin: { address: "", port: PORT_OF_ALL, token_file: file } });
	writeFileSync(file, TOKEN);
	defer((failed) => elsewhere.end(failed));
	await elsewhere.startControlplane();
	check((await ask(get("/metrics", bearer(TOKEN)), PORT_OF_ALL, address)).status === 200,
		"with a token it may be on every address, and on another port");
	check(await refused(ADMIN_PORT, "127.0.0.1"), "it is not on the default one then");
	await elsewhere.end();

	const none = new Servers({ admin: { port: 0 }, http: { address: "127.0.0.1" } });
	defer((failed) => none.end(failed));
	await none.startControlplane();
	check(await refused(ADMIN_PORT, "127.0.0.1"), "with port 0 there is none");
	check(await refused(PORT, address), "the public port, too, is on its own address alone");
	await none.end();
});
