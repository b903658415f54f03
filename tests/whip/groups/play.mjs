// SPDX-License-Identifier: Apache-2.0
// What only players have: waiting for a publisher, and the choice of layers of WHEP's core extensions.
import { SDP } from "../endpoint.mjs";
import { CORE, EVENTS } from "./events.mjs";
import { links } from "./life.mjs";

const P = "WHEP";
const LAYER = "urn:ietf:params:whep:ext:core:layer";

/** Before anybody publishes. */
export async function waiting(r, e) {
	const answer = await e.post(e.offer().sdp);
	const words = "while nobody publishes, the answer is 409 with Retry-After in seconds";
	if (answer.status === 201)
		r.skip("MUST", P, "waiting", words, "somebody publishes, or the server does not ask for it");
	else
		r.check("MUST", P, "waiting", words, answer.status === 409 && /^\d+$/.test(answer.header("retry-after") ?? ""),
			[answer.status, answer.header("retry-after")]);
	if (answer.status === 406)
		r.check("MUST", P, "draft-ietf-wish-whep, 4.3.2", "a counter-offer is an SDP with a Location", answer.type === SDP && answer.header("location"));
	await e.end();
}

export async function layers(r, e) {
	const session = await e.open();
	const list = links(session.answer), link = list.find(({ rel }) => rel === LAYER);
	if (!link) {
		r.skip("MUST", P, CORE, "a layer can be chosen", "no Link announces it");
		await e.close(session);
		return;
	}
	const events = list.find(({ rel }) => rel === EVENTS);
	r.check("MUST", P, CORE, "who offers layers offers the event layers", events && (events.events ?? "layers").split(",").map((s) => s.trim()).includes("layers"), events);
	const ask = (body) => e.request("POST", new URL(link.target, session.url), { type: "application/json", body });
	const free = await ask("{}");
	r.check("MUST", P, CORE, "an empty choice is the server's own: 200", free.status === 200, `${free.status} ${free.body}`);
	const named = await ask(JSON.stringify({ mediaId: "1" }));
	r.check("MUST", P, CORE, "so is one that names the m= line only", named.status === 200, `${named.status} ${named.body}`);
	for (const [words, body] of [["no JSON", "hello"], ["an encoding that is not there", "{\"rid\":\"no-such-rid\"}"], ["an m= line that is not there", "{\"mediaId\":\"7\"}"]]) {
		const answer = await ask(body);
		r.check("MUST", P, CORE, `${words}: an error`, answer.refused, `${answer.status} ${answer.body}`);
	}
	await e.close(session);
}
