// SPDX-License-Identifier: Apache-2.0
// GET, HEAD and OPTIONS, and what a page of another origin needs.
import { SDP } from "../endpoint.mjs";

const ORIGIN = "https://studio.example";
const FETCH = "FETCH, 3.2";

export async function probes(r, e) {
	const p = e.protocol, session = await e.open();
	for (const [what, url] of [["the endpoint", e.url], ["a session", session.url]]) {
		const get = await e.request("GET", url), head = await e.request("HEAD", url);
		r.check("MUST", p, "get", `GET of ${what} is answered 2xx`, get.succeeded, get.status);
		r.check("MUST", p, "get", `GET of ${what} has no content`, get.body === "", get.body.slice(0, 80));
		r.check("MUST", p, "RFC 9110, 9.3.2", `HEAD of ${what} is answered as GET`, head.status === get.status && head.body === "",
			[head.status, get.status]);
		r.check("SHOULD", p, "RFC 9110, 9.3.2", `HEAD of ${what} has GET's Content-Type`, head.header("content-type") === get.header("content-type"),
			[head.header("content-type"), get.header("content-type")]);
	}
	if (p === "WHEP") {
		const head = await e.request("HEAD", e.url);
		r.check("SHOULD", p, "head", "HEAD of the endpoint is answered 200", head.status === 200, head.status);
		r.check("SHOULD", p, "head", "with the type application/sdp, by which players know it", head.type === SDP, head.header("content-type"));
	}
	for (const [what, url] of [["the endpoint", e.url], ["a session", session.url]]) {
		const options = await e.request("OPTIONS", url, { token: null });
		r.check("MUST", p, "options", `OPTIONS of ${what} is answered 200`, options.status === 200, options.status);
		if (what === "the endpoint")
			r.check("SHOULD", p, "options", "with Accept-Post: application/sdp", options.words("accept-post").includes(SDP), options.header("accept-post"));
	}
	await e.close(session);
}

/** RFC 9725 and the draft ask for CORS; FETCH says what it is. `origin`: one that the server allows. */
export async function cors(r, e, origin = ORIGIN) {
	const p = e.protocol, session = await e.open();
	const preflight = (url, method, names) => e.request("OPTIONS", url, { token: null, headers: { origin,
		"access-control-request-method": method, "access-control-request-headers": names } });
	const allows = (answer, name) => ["*", origin].includes(answer.header(`access-control-allow-${name}`));
	const post = await preflight(e.url, "POST", "authorization,content-type");
	r.check("MUST", p, FETCH, "a preflight of POST succeeds without a token", post.succeeded, post.status);
	r.check("MUST", p, FETCH, "it allows the origin", allows(post, "origin"), post.header("access-control-allow-origin"));
	for (const name of ["authorization", "content-type"])
		r.check("MUST", p, FETCH, `it allows the header ${name}`, post.words("access-control-allow-headers").includes(name),
			post.header("access-control-allow-headers"));
	r.check("MUST", p, FETCH, "it allows POST", post.words("access-control-allow-methods").includes("post") ||
		post.header("access-control-allow-methods") === undefined, post.header("access-control-allow-methods"));
	r.check("SHOULD", p, "iceServer", "it names no ICE server", post.all("link").length === 0, post.all("link"));
	for (const [method, names] of [["PATCH", "authorization,content-type,if-match"], ["DELETE", "authorization"]]) {
		const answer = await preflight(session.url, method, names);
		r.check("MUST", p, FETCH, `a preflight of ${method} of a session allows ${method}`, answer.succeeded && allows(answer, "origin") &&
			answer.words("access-control-allow-methods").includes(method.toLowerCase()), answer.header("access-control-allow-methods"));
		if (method === "PATCH")
			r.check("MUST", p, FETCH, "and the header if-match", answer.words("access-control-allow-headers").includes("if-match"),
				answer.header("access-control-allow-headers"));
	}
	await e.close(session);

	const made = await e.post(e.offer().sdp, { headers: { origin } });
	r.check("MUST", p, FETCH, "the answer to POST allows the origin", made.status === 201 && allows(made, "origin"), made.status);
	const exposed = made.words("access-control-expose-headers");
	for (const name of ["location", "etag", "link"])
		r.check("MUST", p, FETCH, `a page may read the header ${name}`, exposed.includes(name) || exposed.includes("*"), exposed);
	await e.end();
	const bad = await e.post("hello", { headers: { origin } });
	r.check("MUST", p, FETCH, "a page may read why its offer was refused", bad.refused && allows(bad, "origin"), bad.header("access-control-allow-origin"));
}
