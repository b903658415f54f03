// SPDX-License-Identifier: Apache-2.0
// PATCH: candidates, the conditions of a request, ICE restarts.
import { FRAGMENT } from "../endpoint.mjs";
import { CANDIDATE, makeFragment, newCredentials, OTHER_CANDIDATES } from "../offers.mjs";
import { isCandidate, readSdp, valueOf, values } from "../sdp.mjs";

const UNSUPPORTED = [405, 422, 501];

function every(fragment) {
	return [...fragment.session, ...fragment.sections.flatMap((s) => s.lines)];
}

export async function trickle(r, e) {
	const p = e.protocol, session = await e.open();
	const first = await e.patch(session, makeFragment(session.credentials));
	if (UNSUPPORTED.includes(first.status)) {
		r.skip("MUST", p, "trickle", "candidates are answered 204", `the server does not support them (${first.status})`);
		await e.close(session);
		return;
	}
	r.check("MUST", p, "trickle", "candidates are answered 204", first.status === 204, `${first.status} ${first.body}`);
	r.check("MUST", p, "trickle", "without a body", first.body === "" && first.header("content-length") === undefined, first.header("content-length"));
	r.check("MUST", p, "trickle", "and without an ETag", first.header("etag") === undefined, first.header("etag"));
	const more = async (level, subject, words, body, options, good) => {
		const answer = await e.patch(session, body, options);
		r.check(level, p, subject, words, good(answer), `${answer.status} ${answer.body}`);
	};
	const is = (...statuses) => (answer) => statuses.includes(answer.status);
	await more("MUST", "trickle", "candidates of unknown transports, and names that nobody resolves, are passed over in silence",
		makeFragment(session.credentials, { candidates: [...OTHER_CANDIDATES, CANDIDATE] }), {}, is(204));
	await more("MUST", "RFC 8840, 4.4", "a fragment with a=end-of-candidates alone is one", makeFragment(session.credentials, { candidates: [] }), {}, is(204));
	await more("MUST", "RFC 8840, 4.4", "a fragment without a=end-of-candidates is one", makeFragment(session.credentials, { end: false }), {}, is(204));
	await more("MUST", "patch", "without If-Match the answer is 428", makeFragment(session.credentials), { match: null }, is(428));
	await more("MUST", "patch", "with another entity-tag it is 412", makeFragment(session.credentials), { match: "\"no-such-tag\"" }, is(412));
	await more("MUST", "RFC 9110, 13.1.1", "a weak entity-tag never matches: 412", makeFragment(session.credentials), { match: `W/${session.etag}` }, is(412));
	await more("MUST", "RFC 9110, 13.1.1", "one of a list of entity-tags is enough", makeFragment(session.credentials),
		{ match: `"no-such-tag", ${session.etag}` }, is(204));
	await more("MUST", "patch", "another Content-Type is answered 4xx", makeFragment(session.credentials), { type: "application/json" }, (a) => a.refused);
	await more("MUST", "patch", "a fragment that is none is answered 4xx", "{\"candidate\":\"\"}", {}, (a) => a.refused);
	await more("MUST", "patch", "so is one with a candidate that is none",
		makeFragment(session.credentials, { candidates: ["candidate:1 1 udp"] }), {}, (a) => a.refused);
	const several = await Promise.all(Array.from({ length: 4 }, () => e.patch(session, makeFragment(session.credentials))));
	r.check("MUST", p, "patch", "overlapping requests are each answered 204", several.every(is(204)), several.map((a) => a.status));
	const still = await e.request("GET", session.url);
	r.check("MUST", p, "restart", "nothing of this has ended the session", still.succeeded, still.status);
	await e.close(session);
}

export async function restart(r, e) {
	const p = e.protocol, session = await e.open();
	const credentials = newCredentials();
	const answer = await e.patch(session, makeFragment(credentials), { match: "*" });
	const words = "other credentials and If-Match: * restart ICE: 200";
	if (UNSUPPORTED.includes(answer.status)) {
		r.skip("MUST", p, "restart", words, `the server does not support it (${answer.status})`);
		await e.close(session);
		return;
	}
	r.check("MUST", p, "restart", words, answer.status === 200, `${answer.status} ${answer.body}`);
	r.check("MUST", p, "restart", "the answer's type is that of a fragment", answer.type === FRAGMENT, answer.header("content-type"));
	const etag = answer.header("etag");
	r.check("MUST", p, "restart", "it has a new, strong entity-tag", /^"[\x21\x23-\x7e]+"$/.test(etag ?? "") && etag !== session.etag, etag);
	fragment(r, p, readSdp(session.answer.body), readSdp(answer.body));
	const old = await e.patch(session, makeFragment(credentials));
	r.check("MUST", p, "patch", "the entity-tag from before the restart: 412", old.status === 412, old.status);
	const next = await e.patch(session, makeFragment(credentials), { match: etag });
	r.check("MUST", p, "trickle", "the new one: candidates are answered 204", next.status === 204, next.status);
	const unconditional = await e.patch(session, makeFragment(newCredentials()), { match: null });
	r.check("MUST", p, "patch", "a restart without If-Match: 428", unconditional.status === 428, unconditional.status);
	const bad = await e.patch(session, makeFragment({ ufrag: "x", pwd: "y" }), { match: "*" });
	r.check("MUST", p, "restart", "a restart that cannot be is answered with an error", bad.refused, bad.status);
	const after = await e.patch(session, makeFragment(credentials), { match: etag });
	r.check("MUST", p, "restart", "after which the session, its credentials and its entity-tag are as they were", after.status === 204, after.status);
	const again = await e.patch(session, makeFragment(newCredentials()), { match: "*" });
	r.check("MUST", p, "restart", "a second restart has another entity-tag again", again.status === 200 &&
		![etag, session.etag].includes(again.header("etag")), [again.status, again.header("etag")]);
	const quoted = await e.patch(session, makeFragment(newCredentials()), { match: "\"*\"" });
	r.check("SHOULD", p, "restart", "the asterisk is known in quotation marks, too, as in the example", quoted.status === 200, quoted.status);
	await e.close(session);
}

/** What the answer to a restart says, beside the answer of the session. */
function fragment(r, p, before, after) {
	const section = after.sections[0] ?? { lines: [] };
	const get = (name) => valueOf(after, section, name) ?? "";
	r.check("MUST", p, "restart", "a new ice-ufrag", /^[A-Za-z0-9+/]{4,256}$/.test(get("ice-ufrag")) &&
		get("ice-ufrag") !== valueOf(before, before.sections[0], "ice-ufrag"), get("ice-ufrag"));
	r.check("MUST", p, "restart", "a new ice-pwd", /^[A-Za-z0-9+/]{22,256}$/.test(get("ice-pwd")) &&
		get("ice-pwd") !== valueOf(before, before.sections[0], "ice-pwd"), get("ice-pwd"));
	const candidates = values(every(after), "candidate");
	r.check("MUST", p, "restart", "and the server's candidates, well formed", candidates.length > 0 && candidates.every(isCandidate), candidates);
	r.check("MUST", p, "RFC 8840, 4.4", "below the m= line and MID of the bundle's tagged section", after.sections.length === 1 &&
		values(section.lines, "mid")[0] === values(before.sections[0].lines, "mid")[0], after.sections.map((s) => s.kind));
	for (const name of ["ice-lite", "ice-options", "ice-pacing"])
		r.check("MUST", p, "restart", `${name} is as in the session's answer`, values(every(after), name)[0] === values(every(before), name)[0],
			[values(every(before), name)[0], values(every(after), name)[0]]);
}
