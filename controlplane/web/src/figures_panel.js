// SPDX-License-Identifier: Apache-2.0
import { Plot } from "./plot.js";
import { collect, figures } from "./stats.js";

const EVERY_MS = 1000;
const DASH = "–";

const $ = (id) => document.getElementById(id);

function bits(bps) {
	if (bps === null)
		return DASH;
	return bps >= 1e6 ? `${(bps / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

const number = (value, unit = "", digits = 0) => value === null ? DASH : `${value.toFixed(digits)}${unit}`;

function show(f, timeToFirstFrameMs) {
	$("f-bitrate").textContent = bits(f.bitrateBps);
	$("f-fps").textContent = number(f.framesPerSecond);
	$("f-frames").textContent = number(f.frames);
	$("f-size").textContent = f.width ? `${f.width}×${f.height}` : DASH;
	$("f-codec").textContent = f.codec ?? DASH;
	$("f-rtt").textContent = number(f.roundTripMs, " ms", f.roundTripMs < 10 ? 1 : 0);
	$("f-loss").textContent = number(f.lossPercent, " %", 1);
	$("f-first").textContent = number(timeToFirstFrameMs, " ms");
}

/** The table of figures: it shows those of the transport in use, every second. */
export class FiguresPanel {
	#session;
	#before = null;
	#plot = new Plot($("plot"));

	/** `session` returns the session that runs, or null. */
	constructor(session) {
		this.#session = session;
		setInterval(() => this.#update().catch(() => {
			// The transport was closed while its statistics were being read.
		}), EVERY_MS);
	}

	clear() {
		this.#before = null;
		this.#plot.clear();
		for (const cell of $("figures").querySelectorAll("dd"))
			cell.textContent = DASH;
	}

	async #update() {
		const session = this.#session();
		const shown = session?.shown;
		if (!shown || shown.transport.closed)
			return;
		const { transport, mids } = shown;
		const stats = await collect(transport, mids);
		if (session !== this.#session())
			return; // it ended meanwhile, and its figures were cleared
		const before = this.#before?.transport === transport ? this.#before.stats : null;
		const now = figures(stats, before), layers = session.quality;
		show(now, session.timeToFirstFrameMs ?? null);
		this.#plot.add(now.bitrateBps, layers?.current ?? null, layers?.options.length ?? 0);
		this.#before = { transport, stats };
	}
}
