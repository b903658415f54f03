// SPDX-License-Identifier: Apache-2.0
// The page behind a proxy that shows it below a path: page, list of rooms and signaling in both
// dialects are all found there.
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { openHost, openViewer, pageUrl, reachState, say, startWithBrowser } from "./lib/page.mjs";
import { ORIGIN, PORT } from "./lib/servers.mjs";
import { check, test, until } from "./lib/test.mjs";

const PROXY_PORT = 8080;
const PREFIX = "/live/spate";

/** Passes what is below PREFIX on without it; anything else is 404, and noted in `strays`. */
function startProxy(strays) {
	const inner = (url) => {
		if (url.startsWith(`${PREFIX}/`))
			return url.slice(PREFIX.length);
		strays.push(url);
		return null;
	};
	const server = createServer((incoming, answer) => {
		const path = inner(incoming.url);
		if (path === null) {
			answer.writeHead(404).end();
			return;
		}
		const { method, headers } = incoming;
		incoming.pipe(request({ port: PORT, host: "127.0.0.1", path, method, headers }, (got) => {
			answer.writeHead(got.statusCode, got.headers);
			got.pipe(answer);
		}).on("error", () => answer.destroy()));
	});
	server.on("upgrade", (incoming, socket) => {
		const path = inner(incoming.url);
		if (path === null) {
			socket.destroy();
			return;
		}
		const onward = connect(PORT, "127.0.0.1");
		const headers = [];
		for (let i = 0; i < incoming.rawHeaders.length; i += 2)
			headers.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}\r\n`);
		onward.write(`GET ${path} HTTP/1.1\r\n${headers.join("")}\r\n`);
		socket.pipe(onward).pipe(socket);
		for (const end of [socket, onward])
			end.on("error", () => [socket, onward].forEach((s) => s.destroy()));
	});
	return new Promise((resolve) => server.listen(PROXY_PORT, "127.0.0.1", () => resolve(server)));
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const strays = [];
	const proxy = await startProxy(strays);
	defer(() => proxy.closeAllConnections());
	const behind = (url) => url.replace(ORIGIN, `http://127.0.0.1:${PROXY_PORT}${PREFIX}`);

	const host = await openHost(browser, { codec: "VP8", size: "320x180" });
	await reachState(host, "live", "a host beside the proxy");
	const visitor = await browser.open(behind(pageUrl({})));
	await until("the list of rooms is there", 8,
		() => visitor.evaluate("document.querySelectorAll('.room').length === 1"));
	const opener = { open: (url) => browser.open(behind(url)) };
	for (const dialect of ["websocket", "socket"]) {
		say(`a viewer behind the proxy, dialect ${dialect}`);
		const viewer = await openViewer(opener, { dialect });
		await reachState(viewer, "playing", "viewer");
		await viewer.close();
	}
	check(strays.every((url) => url === "/favicon.ico"), `all is below the path: ${strays.join(" ")}`);
});
