// SPDX-License-Identifier: Apache-2.0
// What only players have: waiting for a publisher, and the extensions of WHEP's core.
import { setTimeout as sleep } from "node:timers/promises";
import { SDP } from "../endpoint.mjs";
import { links } from "./life.mjs";

const P = "WHEP";
const EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER = "urn:ietf:params:whep:ext:core:layer";
const CORE = "WHEP core extensions";
const WAIT_MS = 3000;

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

/** The text that a stream of events has sent within WAIT_MS, and the answer's status and type. */
async function listen(e, url) {
	const controller = new AbortController();
	const timer = setTimeout(() => controller.abort(), WAIT_MS);
	let text = "", response;
	try {
		response = await fetch(url, { signal: controller.signal, headers: { accept: "text/event-stream",
			...(e.token && { authorization: `Bearer ${e.token}` }) } });
		for await (const piece of response.body) {
			text += Buffer.from(piece).toString("utf8");
			if (/^event: ?active$/m.test(text) && text.includes("\n\n"))
				break;
		}
	} catch (error) {
		if (error.name !== "AbortError")
			throw error;
	}
	clearTimeout(timer);
	controller.abort();
	return { status: response?.status, type: response?.headers.get("content-type") ?? "", text };
}

export async function events(r, e) {
	const session = await e.open();
	const list = links(session.answer), link = list.find(({ rel }) => rel === EVENTS);
	if (!link) {
		r.skip("MUST", P, CORE, "a stream of events can be made", "no Link announces them");
		await e.close(session);
		return;
	}
	const url = new URL(link.target, session.url).href;
	const ask = (body) => e.request("POST", url, { type: "application/json", body: JSON.stringify(body) });
	const made = await ask(["active", "inactive"]);
	const stream = made.header("location") && new URL(made.header("location"), url).href;
	r.check("MUST", P, CORE, "a stream of events is made: 201 with Location", made.status === 201 && stream, made.status);
	const unknown = await ask(["active", "no-such-event"]);
	r.check("MUST", P, CORE, "an event that is not announced: 400, and no stream", unknown.status === 400 && !unknown.header("location"), unknown.status);
	const heard = await listen(e, stream);
	r.check("MUST", P, CORE, "the stream is text/event-stream", heard.status === 200 && heard.type.startsWith("text/event-stream"), [heard.status, heard.type]);
	r.check("MUST", P, CORE, "the first event is active, since somebody publishes", /^event: ?active$/m.test(heard.text), heard.text);
	const data = heard.text.split("\n").filter((line) => line.startsWith("data:"));
	r.check("MUST", P, CORE, "the data of an event is one line of JSON", data.length > 0 && data.every((line) => {
		try {
			JSON.parse(line.slice(5));
			return true;
		} catch {
			return false;
		}
	}), data);
	const ended = await e.request("DELETE", stream);
	r.check("MUST", P, CORE, "DELETE ends the stream", ended.succeeded, ended.status);
	const gone = await listen(e, stream);
	r.check("MUST", P, CORE, "which then is answered 404", gone.status === 404, gone.status);
	const last = await ask([]);
	await e.close(session);
	await sleep(100);
	const orphan = last.header("location") && await listen(e, new URL(last.header("location"), url).href);
	r.check("MUST", P, CORE, "streams end with their session", !orphan || orphan.status === 404, orphan?.status);
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
