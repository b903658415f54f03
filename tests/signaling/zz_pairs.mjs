import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PORT, Servers } from "../e2e/lib/servers.mjs";
import { log, test } from "../e2e/lib/test.mjs";
const H = "Host: localhost\r\n";
const reqs = { js: `GET /main.js HTTP/1.1\r\n${H}\r\n`, healthz: `GET /healthz HTTP/1.1\r\n${H}\r\n`, metrics: `GET /metrics HTTP/1.1\r\n${H}\r\n`, headjs: `HEAD /main.js HTTP/1.1\r\n${H}\r\n`, headm: `HEAD /metrics HTTP/1.1\r\n${H}\r\n`,
 getbody: `GET /metrics HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`, post: `POST / HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, opt: `OPTIONS * HTTP/1.1\r\n${H}\r\n`, connect: `CONNECT localhost:80 HTTP/1.1\r\n${H}\r\n`, pri: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", h2c: `GET / HTTP/1.1\r\n${H}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`,
 abs: `GET http://localhost/metrics HTTP/1.1\r\n${H}\r\n`, http10: "GET /metrics HTTP/1.0\r\n\r\n", junk: "\x08\x14j#&\x00\xff", nothing: `GET /nothing HTTP/1.1\r\n${H}\r\n`, big: `GET /metrics HTTP/1.1\r\n${H}X: ${"y".repeat(8500)}\r\n\r\n`, ws: `GET / HTTP/1.1\r\n${H}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`, index: `GET / HTTP/1.1\r\n${H}\r\n` };
await test(async ({ defer }) => {
	let servers = new Servers({ limits: { connections_per_address: 1000 } });
	defer(() => servers.controlplane.end("SIGKILL"));
	await servers.startControlplane();
	for (const a of Object.keys(reqs)) for (const b of ["", ...Object.keys(reqs)]) for (const how of [0, 1]) {
		const s = net.connect(PORT, "127.0.0.1"); s.on("error", () => {}); s.on("data", () => {});
		if (how) { s.write(reqs[a]); await sleep(3); s.write(reqs[b] ?? ""); } else s.write(reqs[a] + (reqs[b] ?? ""));
		await sleep(5); s.destroy(); await sleep(2);
		let why = "";
		const ok = await fetch(`http://127.0.0.1:${PORT}/healthz`, { signal: AbortSignal.timeout(1000), headers: { connection: "close" } }).then(() => true, (e) => { why = `${e}`; return false; });
		if (!ok) { log(`${a} + ${b} ${how ? "later" : "at once"}: ${why} running ${servers.controlplane.running}`); await servers.controlplane.end("SIGKILL"); await servers.startControlplane(); }
	}
	log("done");
});
