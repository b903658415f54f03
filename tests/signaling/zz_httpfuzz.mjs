// SPDX-License-Identifier: Apache-2.0
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PORT, Servers } from "../e2e/lib/servers.mjs";
import { check, log, test } from "../e2e/lib/test.mjs";
import { writeFileSync } from "node:fs";
const SEED = Number(process.argv[2] ?? 1), N = Number(process.argv[3] ?? 3000);
let a = SEED;
const rnd = (n) => { a = (a + 0x6d2b79f5) >>> 0; let t = Math.imul(a ^ (a >>> 15), a | 1); t ^= t + Math.imul(t ^ (t >>> 7), t | 61); return ((t ^ (t >>> 14)) >>> 0) % n; };
const H = "Host: localhost\r\n";
const up = (p, more = "") => `GET ${p} HTTP/1.1\r\n${H}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`;
function frame(op, text) {
	const b = Buffer.from(text), m = Buffer.from([1, 2, 3, 4]);
	const head = b.length < 126 ? Buffer.from([0x80 | op, 0x80 | b.length]) : Buffer.from([0x80 | op, 0xfe, b.length >> 8, b.length & 255]);
	return Buffer.concat([head, m, b.map((x, i) => x ^ m[i & 3])]);
}
const frames = () => Array.from({ length: rnd(6) }, () => [
	() => frame(1, '{"type":"getProducers","id":1,"data":{}}'), () => frame(1, "not json"), () => frame(2, "bin"), () => frame(9, "ping"),
	() => frame(8, "\x03\xe8"), () => frame(10, ""), () => frame(1, JSON.stringify({ type: "createWebRtcTransport", data: { purpose: "send" } })),
	() => Buffer.from([0xff, 0xff, 1, 2, 3]), () => frame(1, "x".repeat(70000 % 65536)), () => Buffer.from([0x01, 0x83, 1, 2, 3, 4, 1, 2, 3]), () => frame(8, ""), () => frame(3, "zz")][rnd(12)]());
const parts = [
	() => `GET /healthz HTTP/1.1\r\n${H}\r\n`, () => `GET /metrics HTTP/1.1\r\n${H}\r\n`, () => `GET / HTTP/1.1\r\n${H}\r\n`,
	() => `GET /main.js HTTP/1.1\r\n${H}\r\n`, () => `HEAD /metrics HTTP/1.1\r\n${H}\r\n`, () => `HEAD /main.js HTTP/1.1\r\n${H}\r\n`,
	() => `POST / HTTP/1.1\r\n${H}Content-Length: ${rnd(20)}\r\n\r\nhello`, () => `POST /metrics HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
	() => `GET /metrics HTTP/1.0\r\n\r\n`, () => `GET /nothing HTTP/1.1\r\n${H}Connection: close\r\n\r\n`, () => `GET /../../etc/passwd HTTP/1.1\r\n${H}\r\n`,
	() => up("/"), () => up("/?room=a"), () => up("/?room=" + "x".repeat(rnd(9000))), () => up("/x"), () => up("/", "Origin: http://e.example\r\n"),
	() => up("/", "Sec-WebSocket-Protocol: spate\r\n"), () => up("/", "Sec-WebSocket-Protocol: other\r\n"), () => up("/", "Sec-WebSocket-Extensions: permessage-deflate\r\n"),
	() => Buffer.concat([Buffer.from(up("/?room=a")), ...frames()]), () => Buffer.concat([Buffer.from(up("/?room=b")), ...frames()]),
	() => `GET /metrics HTTP/1.1\r\n${H}Content-Length: 3\r\n\r\nabc`, () => `GET /main.js HTTP/1.1\r\n${H}Range: bytes=5-10\r\n\r\n`, () => `OPTIONS * HTTP/1.1\r\n${H}\r\n`,
	() => `GET /main.js HTTP/1.1\r\n${H}Accept-Encoding: gzip\r\nIf-None-Match: "x"\r\n\r\n`, () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`, () => `GET / HTTP/1.1\r\n${H}Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA\r\n\r\n`,
	() => `CONNECT localhost:80 HTTP/1.1\r\n${H}\r\n`, () => `GET /metrics HTTP/1.1\r\n${H}X: ${"y".repeat(rnd(9000))}\r\n\r\n`, () => `PUT /main.js HTTP/1.1\r\n${H}Content-Length: 100000\r\n\r\n` + "z".repeat(rnd(3000)), () => Buffer.from(Array.from({ length: 30 }, () => rnd(256))),
	() => `DELETE / HTTP/1.1\r\n${H}\r\n`, () => `GET http://localhost/metrics HTTP/1.1\r\n${H}\r\n`, () => `GET /?a=b&c HTTP/1.1\r\n${H}\r\n`, () => `GET /%00%zz HTTP/1.1\r\n${H}\r\n`,
];
async function one(servers) {
	const what = [], s = net.connect(PORT, "127.0.0.1");
	s.on("error", () => {}); if (rnd(4)) s.on("data", () => {});
	for (let i = 1 + rnd(4); i > 0; i--) {
		const p = Buffer.from(parts[rnd(parts.length)]()); what.push(p.subarray(0, 60).toString("latin1"));
		if (rnd(3) === 0) { const at = rnd(p.length + 1); s.write(p.subarray(0, at)); await sleep(rnd(8)); s.write(p.subarray(at)); } else s.write(p);
		if (rnd(3) === 0) await sleep(rnd(10));
	}
	await sleep(rnd(20)); if (rnd(2)) s.end(); else rnd(2) ? s.destroy() : s.resetAndDestroy();
	return what;
}
await test(async ({ defer }) => {
	const servers = new Servers({ log: { level: "debug" }, limits: { connections_per_address: 1000 } , http: {}});
	defer(() => writeFileSync("/tmp/soak/httpfuzz-control.log", servers.controlplane.output));
	defer((failed) => servers.end(failed));
	await servers.startControlplane();
	log(`seed ${SEED}`);
	for (let i = 0; i < N && servers.controlplane.running; i += 8) {
		const bad = await Promise.all(Array.from({ length: Number(process.argv[4] ?? 8) }, () => one(servers)));
		const ok = await fetch(`http://127.0.0.1:${PORT}/healthz`, { signal: AbortSignal.timeout(3000), headers: { connection: "close" } }).then(() => true, (e) => { log(`${e}`); return false; });
		if (!ok) { console.log(i, JSON.stringify(bad, null, 1)); const { execFileSync } = await import("node:child_process"); console.log(execFileSync("sh", ["-c", `gdb -p ${servers.controlplane.pid} -batch -ex 'thread apply all bt 25' 2>/dev/null; ps -o pcpu,stat,pid -p ${servers.controlplane.pid}`], { encoding: "utf8" })); break; }
	}
	check(servers.controlplane.running, "alive");
	await servers.controlplane.end();
	check(servers.controlplane.status === 0, `status ${servers.controlplane.status}`);
	check(!/Sanitizer|runtime error|ssertion/.test(servers.controlplane.output), "no report");
});
