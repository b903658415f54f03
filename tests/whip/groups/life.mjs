// SPDX-License-Identifier: Apache-2.0
// The end of a session, the links that it comes with, and who may use it.
import { makeFragment } from "../offers.mjs";

export async function termination(r, e) {
	const p = e.protocol, session = await e.open(), other = await e.open();
	const alone = "the end of one session leaves another alone";
	if ((await e.request("GET", session.url)).succeeded) {
		const ended = await e.close(session);
		r.check("MUST", p, "end", "DELETE is answered 200", ended.status === 200, ended.status);
		r.check("MUST", p, "end", alone, (await e.request("GET", other.url)).succeeded);
	} else {
		r.skip("MUST", p, "end", alone, "the server keeps one session of a user");
	}
	const tagged = await e.request("DELETE", other.url, { headers: { "if-match": "\"no-such-tag\"" } });
	r.check("MUST", p, "patch", "DELETE ignores an entity-tag: 200", tagged.status === 200, tagged.status);
	const again = await e.request("DELETE", other.url);
	r.check("MUST", p, "end", "a second DELETE finds no session: 4xx", again.refused, again.status);
	const get = await e.request("GET", other.url);
	r.check("MUST", p, "end", "nor does GET", get.refused, get.status);
	const patch = await e.patch(other, makeFragment(other.credentials));
	r.check("MUST", p, "end", "nor does PATCH", patch.refused, patch.status);
	await e.end();
}

/** { target, rel, NAME: value } of each link in the answer's Link headers (RFC 8288, 3). */
export function links(answer) {
	return answer.all("link").flatMap((value) => value.split(/,\s*(?=<)/)).map((text) => {
		const found = text.match(/^\s*<([^>]*)>(.*)$/);
		return { target: found?.[1], ...Object.fromEntries([...(found?.[2] ?? "").matchAll(/;?\s*([\w-]+)\s*=\s*(?:"([^"]*)"|([^;,\s]+))/g)]
			.map(([, name, quoted, plain]) => [name.toLowerCase(), quoted ?? plain])) };
	});
}

export async function linked(r, e) {
	const p = e.protocol, session = await e.open();
	const list = links(session.answer);
	r.check("MUST", p, "RFC 8288, 3", "each Link has a target and a rel", list.every((link) => link.target !== undefined && link.rel), session.answer.all("link"));
	const servers = list.filter((link) => link.rel === "ice-server");
	if (servers.length === 0) {
		r.skip("MUST", p, "iceServer", "an ICE server is a stun: or turn: URI; TURN has credentials", "there is none");
	} else {
		r.check("MUST", p, "iceServer", "an ICE server is a stun: or turn: URI", servers.every((link) => /^(stuns?|turns?):[^/]/.test(link.target)), servers);
		r.check("MUST", p, "iceServer", "TURN has a user name and a credential", servers.every((link) => /^stuns?:/.test(link.target) ||
			link.username && link.credential), servers);
	}
	const extensions = list.filter((link) => link.rel?.startsWith("urn:ietf:params:"));
	if (extensions.length === 0)
		r.skip("MUST", p, "extension", "an extension's rel is a URN of this protocol", "there is none");
	else
		r.check("MUST", p, "extension", "an extension's rel is a URN of this protocol",
			extensions.every((link) => link.rel.startsWith(`urn:ietf:params:${p.toLowerCase()}:ext:`)), extensions.map((link) => link.rel));
	await e.close(session);
}

/** Only where the server asks for tokens. */
export async function tokens(r, e) {
	const p = e.protocol, good = e.offer().sdp;
	const missing = await e.post(good, { token: null }), wrong = await e.post(good, { token: "no-such-token" });
	if (missing.status === 201) {
		r.skip("MUST", p, "auth", "POST without a token is answered 401", "the server asks for none");
		await e.end();
		return;
	}
	r.check("MUST", p, "auth", "POST without a token is answered 401", missing.status === 401, missing.status);
	r.check("MUST", p, "RFC 9110, 11.6.1", "with the challenge Bearer", /^bearer/i.test(missing.header("www-authenticate") ?? ""),
		missing.header("www-authenticate"));
	r.check("MUST", p, "token", "with a token that is none, too", wrong.status === 401, wrong.status);
	r.check("SHOULD", p, "RFC 6750, 3.1", "and the challenge says that it is the token", /error="?invalid_token"?/.test(wrong.header("www-authenticate") ?? ""),
		wrong.header("www-authenticate"));
	const small = await e.post(good, { token: null, headers: { authorization: `bearer ${e.token}` } });
	r.check("MUST", p, "RFC 9110, 11.1", "the scheme's name has no case", small.status === 201, `${small.status} ${small.body}`);
	await e.end();
	const session = await e.open();
	for (const method of ["PATCH", "DELETE"]) {
		const answer = await e.request(method, session.url, { token: null, ...(method === "PATCH" && { type: "application/trickle-ice-sdpfrag",
			body: makeFragment(session.credentials), headers: { "if-match": session.etag } }) });
		r.check("MUST", p, "token", `${method} of a session without a token is answered 401`, answer.status === 401, answer.status);
	}
	const still = await e.request("GET", session.url);
	r.check("MUST", p, "token", "and changes nothing", still.succeeded, still.status);
	await e.close(session);
}
