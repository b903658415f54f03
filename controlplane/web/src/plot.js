// SPDX-License-Identifier: Apache-2.0

const SECONDS = 60;
const MIN_TOP_BPS = 200_000;

/**
 * Points of a line through `values`, the newest at the right edge, in a picture of that size; `top`
 * is the value at its upper edge. A value of null interrupts the line: the result is a list of
 * lines, each a list of [x, y].
 */
export function linesOf(values, top, width, height) {
	const lines = [];
	let line = null;
	values.forEach((value, i) => {
		if (value === null) {
			line = null;
			return;
		}
		if (!line)
			lines.push(line = []);
		const x = width - (values.length - 1 - i) * width / (SECONDS - 1);
		line.push([x, height - Math.min(value / top, 1) * height]);
	});
	return lines;
}

/** The bitrate and the layer over the last minute, on a canvas. Call add() once a second. */
export class Plot {
	#canvas;
	#bitrates = [];
	#layers = [];

	constructor(canvas) {
		this.#canvas = canvas;
	}

	/** `layer` of `layers`; null: there are none. */
	add(bitrateBps, layer, layers) {
		this.#bitrates = [...this.#bitrates, bitrateBps].slice(-SECONDS);
		this.#layers = [...this.#layers, layer === null ? null : (layer + 1) / layers].slice(-SECONDS);
		this.#draw();
	}

	clear() {
		this.#bitrates = [];
		this.#layers = [];
		this.#draw();
	}

	#draw() {
		const canvas = this.#canvas, context = canvas.getContext("2d");
		const { width, height } = canvas;
		const style = getComputedStyle(canvas);
		const top = Math.max(MIN_TOP_BPS, ...this.#bitrates.map((b) => b ?? 0)) * 1.1;
		context.clearRect(0, 0, width, height);
		this.#stroke(context, linesOf(this.#layers, 1.1, width, height), style.getPropertyValue("--busy"));
		this.#stroke(context, linesOf(this.#bitrates, top, width, height), style.getPropertyValue("--accent"));
		const newest = this.#bitrates.at(-1) ?? null;
		canvas.setAttribute("aria-label", newest === null ? "Bitrate and layer of the last minute: nothing yet"
			: `Bitrate and layer of the last minute: ${Math.round(newest / 1000)} kbit/s now`);
	}

	#stroke(context, lines, colour) {
		context.strokeStyle = colour;
		context.lineWidth = 2;
		for (const line of lines) {
			context.beginPath();
			line.forEach(([x, y]) => context.lineTo(x, y));
			context.stroke();
		}
	}
}
