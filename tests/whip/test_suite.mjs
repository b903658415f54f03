// SPDX-License-Identifier: Apache-2.0
// The suite itself: it fails a server that is none, its TAP is whole, and it refuses wrong arguments.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import test from "node:test";

const SUITE = fileURLToPath(new URL("run", import.meta.url));

async function run(...args) {
	const child = spawn(SUITE, args, { stdio: ["ignore", "pipe", "pipe"] });
	let output = "";
	child.stdout.on("data", (piece) => {
		output += piece;
	});
	const [status] = await once(child, "close");
	return { status, lines: output.split("\n") };
}

/** A server that answers each request in the same way. */
async function serve(t, status, headers, body = "") {
	const server = createServer((request, response) => response.writeHead(status, headers).end(body));
	await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
	t.after(() => server.close());
	return `http://127.0.0.1:${server.address().port}/x`;
}

function plan(lines) {
	const results = lines.filter((line) => /^(not )?ok /.test(line));
	assert.ok(lines.includes(`1..${results.length}`), "the plan has the number of results");
	return results;
}

test("a server that knows neither protocol fails", async (t) => {
	const url = await serve(t, 200, { "content-type": "text/html" }, "hello");
	const { status, lines } = await run("--whip", url, "--whep", url);
	assert.equal(status, 1);
	assert.ok(plan(lines).some((line) => line.startsWith("not ok")));
});

test("a session without a description fails check by check", async (t) => {
	const url = await serve(t, 201, { "content-type": "application/sdp", location: "/session" }, "v=0\r\n");
	const { status, lines } = await run("--whip", url);
	const failed = plan(lines).filter((line) => line.startsWith("not ok"));
	assert.equal(status, 1);
	for (const words of ["a strong ETag", "another session has another URL", "a body that is no SDP is answered 4xx", "DELETE is answered 200"])
		assert.ok(failed.some((line) => line.includes(words)), words);
});

test("wrong arguments are refused", async () => {
	assert.equal((await run()).status, 2);
	assert.equal((await run("--wihp", "http://127.0.0.1/")).status, 2);
	assert.equal((await run("--help")).status, 0);
});
