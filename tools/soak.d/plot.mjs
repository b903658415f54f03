// SPDX-License-Identifier: Apache-2.0
// Draws a soak test as SVG: panels one below the other over the same time, with its restarts as lines.

const WIDTH = 1000, LEFT = 90, RIGHT = 150, PANEL = 110, GAP = 34, TOP = 40;
const COLORS = ["#1f6fb4", "#d2571e", "#2e8b57"];

const mib = (process) => (process ? process.kib / 1024 : null);

/** A second's difference; null where the data plane was started anew. */
const rate = (member) => (sample, before) => (before && sample[member] >= before[member]
	? (sample[member] - before[member]) / Math.max(0.1, sample.s - before.s) : null);

const PANELS = [
	{ title: "in the server", lines: { peers: (s) => s.peers, transports: (s) => s.transports, consumers: (s) => s.consumers } },
	{ title: "packets a second", lines: { received: rate("rx"), sent: rate("tx"), dropped: rate("drops") } },
	{ title: "free packet buffers", lines: { mbufs: (s) => s.mbufs_free } },
	{ title: "memory, MiB", lines: { "control plane": (s) => mib(s.control), "data plane": (s) => mib(s.data) } },
	{ title: "open files", lines: { "control plane": (s) => s.control?.files, "data plane": (s) => s.data?.files } },
];

const escape = (text) => `${text}`.replace(/&/g, "&amp;").replace(/</g, "&lt;");

function text(x, y, words, more = "") {
	return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(words)}</text>`;
}

/** From the lowest to the highest value of a panel, widened to round numbers. */
function range(values) {
	const low = Math.min(...values), high = Math.max(...values), wide = Math.max(high - low, Math.abs(high) * 0.02, 1);
	const step = 10 ** Math.floor(Math.log10(wide));
	return [Math.floor(low / step) * step, Math.ceil(high / step) * step + (low === high ? step : 0)];
}

/** Where a value is missing, the line has a gap. */
function line(points, x, y, color) {
	let path = "", pen = "M";
	for (const [s, value] of points) {
		if (value !== null)
			path += `${pen}${x(s).toFixed(1)} ${y(value).toFixed(1)}`;
		pen = value === null ? "M" : "L";
	}
	return `<path d="${path}" fill="none" stroke="${color}" stroke-width="1.2"/>`;
}

function panel({ title, lines }, samples, top, x) {
	const all = Object.entries(lines).map(([name, value]) => ({ name,
		points: samples.map((sample, i) => [sample.s, value(sample, samples[i - 1]) ?? null]) }));
	const values = all.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value !== null);
	const [low, high] = range(values.length > 0 ? values : [0]), y = (value) => top + PANEL - (value - low) / (high - low) * PANEL;
	return [`<rect x="${LEFT}" y="${top}" width="${WIDTH - LEFT - RIGHT}" height="${PANEL}" fill="none" stroke="#bbb"/>`,
		text(LEFT, top - 6, title, 'font-weight="bold"'), text(LEFT - 6, top + 10, high, 'text-anchor="end"'),
		text(LEFT - 6, top + PANEL, low, 'text-anchor="end"'),
		...all.flatMap(({ name, points }, i) => [line(points, x, y, COLORS[i]),
			text(WIDTH - RIGHT + 8, top + 14 + 16 * i, name, `fill="${COLORS[i]}"`)])];
}

/** `report`: as it is written to report.json. */
export function plot({ samples, restarts, seconds, seed, faults }) {
	const height = TOP + PANELS.length * (PANEL + GAP) + 20, x = (s) => LEFT + s / Math.max(1, seconds) * (WIDTH - LEFT - RIGHT);
	const marks = [...restarts.map(({ s, what }) => ({ s, color: what === "data plane" ? "#c00" : "#888" })),
		...faults.map(({ s }) => ({ s, color: "#f0f" }))];
	return [`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
		'<rect width="100%" height="100%" fill="#fff"/>',
		text(LEFT, 16, `${seconds.toFixed(0)} s, seed ${seed}; lines: data plane restarted (red), control plane restarted (grey), fault (pink)`),
		...marks.map(({ s, color }) => `<path d="M${x(s).toFixed(1)} ${TOP - 14}V${height - 20}" stroke="${color}" stroke-dasharray="3 3"/>`),
		...PANELS.flatMap((each, i) => panel(each, samples, TOP + i * (PANEL + GAP), x)),
		text(LEFT, height - 6, "0 s"), text(WIDTH - RIGHT, height - 6, `${seconds.toFixed(0)} s`, 'text-anchor="end"'), "</svg>", ""].join("\n");
}
