// SPDX-License-Identifier: Apache-2.0
// The events of a player's session: an extension of WHEP's core.
import { setTimeout as sleep } from "node:timers/promises";
import { links } from "./life.mjs";

const P = "WHEP";
export const EVENTS = "urn:ietf:params:whep:ext:core:server-sent-events";
export const CORE = "WHEP core extensions";
const WAIT_MS = 3000;

/** The URL of the stream that a POST has made; undefined: it has made none. */
export function eventUrl(made) {
	const to = made.header("location");
	return to && new URL(to, made.url).href;
}

/**
 * The text that a stream of events has sent until it matches `until`, or within `ms`, whether it
 * does, and the answer's status and type.
 */
export async function listen(e, url, { until = /^event: ?active$/m, ms = WAIT_MS } = {}) {
	const controller = new AbortController();
	const timer = setTimeout(() => controller.abort(), ms);
	const found = () => until.test(text) && text.includes("\n\n");
	let text = "", response;
	try {
		response = await fetch(url, { signal: controller.signal, headers: { accept: "text/event-stream",
			...(e.token && { authorization: `Bearer ${e.token}` }) } });
		for await (const piece of response.body) {
			text += Buffer.from(piece).toString("utf8");
			if (found())
				break;
		}
	} catch (error) {
		if (error.name !== "AbortError")
			throw error;
	}
	clearTimeout(timer);
	controller.abort();
	return { status: response?.status, type: response?.headers.get("content-type") ?? "", text, found: found() };
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
	const stream = eventUrl(made);
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
	const orphan = eventUrl(last) && await listen(e, eventUrl(last));
	r.check("MUST", P, CORE, "streams end with their session", !orphan || orphan.status === 404, orphan?.status);
}
