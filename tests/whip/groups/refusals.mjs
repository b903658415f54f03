// SPDX-License-Identifier: Apache-2.0
// What must be refused, and how refusals look.
import { SDP } from "../endpoint.mjs";

function without(sdp, name) {
	return sdp.replace(new RegExp(`a=${name}:.*\\r\\n`, "g"), "");
}

export async function refusals(r, e) {
	const p = e.protocol, good = e.offer().sdp;
	const refused = async (level, subject, words, body, { statuses, ...options } = {}) => {
		const answer = await e.post(body, options);
		r.check(level, p, subject, words, statuses ? statuses.includes(answer.status) : answer.refused, `${answer.status} ${answer.body}`);
		await e.end();
		return answer;
	};
	const last = await refused("MUST", "badOffer", "another Content-Type is answered 4xx", good, { type: "application/json" });
	await refused("MUST", "badOffer", "text/plain is answered 4xx", good, { type: "text/plain" });
	await refused("MUST", "badOffer", "no Content-Type is answered 4xx", good, { type: null });
	await refused("MUST", "badOffer", "an empty body is answered 4xx", "");
	await refused("MUST", "badOffer", "a body that is no SDP is answered 4xx", "{\"type\":\"offer\"}");
	await refused("MUST", "badOffer", "a body that is cut off in a line is answered 4xx", good.slice(0, good.indexOf("a=fingerprint") + 20));
	await refused("MUST", "badOffer", "a description without m= lines is answered 4xx", good.slice(0, good.indexOf("m=")));
	await refused("MUST", "badOffer", "no ICE credentials: 4xx", without(good, "ice-ufrag"));
	await refused("MUST", "badOffer", "an ICE password that is too short: 4xx", good.replace(/a=ice-pwd:.*\r\n/g, "a=ice-pwd:short\r\n"));
	await refused("MUST", "RFC 8842, 5.3", "no DTLS fingerprint: 4xx", without(good, "fingerprint"));
	const wrong = e.sends ? ["recvonly", "inactive"] : ["sendonly", "inactive"];
	for (const direction of wrong)
		await refused("MUST", "direction", `a ${direction} offer is answered 4xx`, e.offer({ direction }).sdp);
	for (const kind of ["audio", "video"])
		await refused("MUST", "stream", `two of ${kind} are answered 400 or 422`, e.offer({ kinds: [kind, kind] }).sdp, { statuses: [400, 422] });
	if (e.sends) {
		await refused("SHOULD", "whole", "a video codec that nobody has refuses the whole offer: 400 or 422",
			good.replace(/ (VP8|H264|rtx)\/90000/g, " X-NONE/90000"), { statuses: [400, 422] });
		await refused("SHOULD", "whole", "so does a kind of media that cannot be ingested", good.replace("m=audio", "m=text"), { statuses: [400, 422] });
	}
	await refused("SHOULD", "bundle", "an offer without a bundle is refused whole", good.replace(/a=group:.*\r\n/, ""), { statuses: [400, 422] });
	r.check("MUST", p, "get", "a body with an error is no SDP; if it is a problem (RFC 9457), it is JSON with this status",
		last.type !== SDP && (last.type !== "application/problem+json" || JSON.parse(last.body).status === last.status), last.header("content-type"));
	const put = await e.request("PUT", e.url, { type: SDP, body: good });
	r.check("MUST", p, "RFC 9110, 15.5.6", "a method that the endpoint does not have: 405 with Allow, or 501",
		put.status === 501 || put.status === 405 && put.header("allow") !== undefined, [put.status, put.header("allow")]);
	r.check("MUST", p, "redirect", "POST is never redirected by 301 or 302", !e.statuses.has(301) && !e.statuses.has(302), [...e.statuses]);
}

/** What is no session, or none of this endpoint's. */
export async function strangers(r, e) {
	const p = e.protocol, session = await e.open();
	const unknown = session.url.replace(/[^/?]{8}(?=$|\?)/, "00000000");
	for (const method of ["DELETE", "PATCH", "GET"]) {
		const answer = await e.request(method, unknown, method === "PATCH" ? { type: "application/trickle-ice-sdpfrag",
			body: "a=end-of-candidates\r\n", headers: { "if-match": "*" } } : {});
		r.check("MUST", p, "RFC 9110, 15.5.5", `${method} of a session that does not exist is answered 4xx`, answer.refused, answer.status);
	}
	const still = await e.request("GET", session.url);
	r.check("MUST", p, "end", "and ends no other session", still.succeeded, still.status);
	await e.close(session);
}
