// SPDX-License-Identifier: Apache-2.0
// HTTP as bytes: what a client of our own would not write, and answers as they came.
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { PORT } from "../e2e/lib/servers.mjs";

/** A connection. `socket` may be another one that is open or opening, as one of TLS. */
export class Raw {
	text = "";
	closed = false;

	constructor(socket = connect(PORT, "127.0.0.1")) {
		this.socket = socket;
		socket.on("data", (data) => { this.text += data.toString("latin1"); });
		socket.on("error", () => {});
		socket.on("close", () => { this.closed = true; });
	}

	write(data) {
		this.socket.write(data);
		return this;
	}

	/** The next answer {status, headers, body}; null where the connection ends without one, or `ms` pass. */
	async answer(ms = 3000) {
		for (const end = Date.now() + ms; ; await sleep(5)) {
			const answer = this.#take();
			if (answer !== null || this.closed || Date.now() > end)
				return answer;
		}
	}

	#take() {
		const head = this.text.indexOf("\r\n\r\n");
		if (head < 0)
			return null;
		const [line, ...lines] = this.text.slice(0, head).split("\r\n");
		const headers = Object.fromEntries(lines.map((l) => [l.slice(0, l.indexOf(":")).toLowerCase(),
			l.slice(l.indexOf(":") + 1).trim()]));
		const end = head + 4 + Number(this.bodiless ? 0 : headers["content-length"] ?? 0);
		if (this.text.length < end)
			return null;
		const body = this.text.slice(head + 4, end);
		this.text = this.text.slice(end);
		return { status: Number(line.split(" ")[1]), headers, body };
	}

	/** Whether the server ends the connection within that time. */
	async ends(ms = 1000) {
		for (const end = Date.now() + ms; !this.closed && Date.now() < end;)
			await sleep(5);
		return this.closed;
	}

	close() {
		this.socket.destroy();
	}
}

/** The text of a GET request with more headers, each "Name: value". */
export function get(path, headers = [], version = "1.1") {
	return [`GET ${path} HTTP/${version}`, "Host: 127.0.0.1", ...headers, "", ""].join("\r\n");
}

/** The answer to one request over a connection of its own. */
export async function ask(text, socket = undefined) {
	const raw = new Raw(socket).write(text);
	const answer = await raw.answer();
	raw.close();
	return answer;
}
