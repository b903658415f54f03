// SPDX-License-Identifier: Apache-2.0
// The last hour as plots (uPlot), which follow the colour scheme and the width of the page.
import uPlot from "uplot";
import { si } from "./operator_format.js";

/** Rows of the history: [at_s, viewers, rx_bps, tx_bps, drops, busy_percent]. */
const PLOTS = [
	{ title: "Viewers", series: [["viewers", 1, "--accent"]], show: (v) => si(v) },
	{ title: "Bitrate", series: [["in", 2, "--busy"], ["out", 3, "--accent"]], show: (v) => si(v, "bit/s") },
	{ title: "Packets dropped by this server, per second", series: [["drops", 4, "--bad"]], show: (v) => si(v) },
	{ title: "Busiest worker", series: [["busy", 5, "--accent"]], show: (v) => `${v.toFixed(0)} %`, most: 100 },
];
const HEIGHT = 170, SHOWN_S = 3600;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** "21:50". */
const timeOfDay = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });

export class Plots {
	#place;
	#plots = [];
	#rows = [];

	constructor(place) {
		this.#place = place;
		matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#make());
		new ResizeObserver(() => this.#resize()).observe(place);
		this.#make();
	}

	show(rows) {
		this.#rows = rows;
		for (const { plot, series } of this.#plots)
			plot.setData(this.#data(series));
	}

	#data(series) {
		return [this.#rows.map((row) => row[0]), ...series.map(([, column]) => this.#rows.map((row) => row[column]))];
	}

	#make() {
		for (const { plot } of this.#plots)
			plot.destroy();
		// All boxes are there before the first is measured: together they have the widths that they will keep.
		const boxes = PLOTS.map(({ title }) => {
			const box = document.createElement("div"), heading = document.createElement("h3");
			box.className = "plot";
			heading.textContent = title;
			box.append(heading);
			return box;
		});
		this.#place.replaceChildren(...boxes);
		this.#plots = PLOTS.map(({ title, series, show, most }, i) => {
			const box = boxes[i];
			const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 },
				ticks: { stroke: colour("--line"), width: 1 } };
			const plot = new uPlot({
				width: Math.max(box.clientWidth, 240),
				height: HEIGHT,
				scales: {
					x: { range: () => [Date.now() / 1000 - SHOWN_S, Date.now() / 1000] },
					y: { range: (_, min, max) => [0, most ?? Math.max(max * 1.1, 1)] },
				},
				axes: [{ ...axis, space: 70, values: (_, ticks) => ticks.map(timeOfDay) },
					{ ...axis, size: 92, values: (_, ticks) => ticks.map(show) }],
				series: [{ label: "time", value: (_, at) => (at ? timeOfDay(at) : "–") },
					...series.map(([label, , name]) => ({ label, stroke: colour(name), width: 2, points: { show: false },
						value: (_, value) => (value === null || value === undefined ? "–" : show(value)) }))],
			}, this.#data(series), box);
			plot.root.querySelector("canvas").setAttribute("role", "img");
			plot.root.querySelector("canvas").setAttribute("aria-label", `${title}, the last hour`);
			return { plot, series, box };
		});
	}

	#resize() {
		for (const { plot, box } of this.#plots)
			if (box.clientWidth > 0 && box.clientWidth !== plot.width)
				plot.setSize({ width: box.clientWidth, height: HEIGHT });
	}
}
