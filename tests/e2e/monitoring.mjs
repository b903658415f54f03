// SPDX-License-Identifier: Apache-2.0
// What an operator's Prometheus sees of a running server: the dashboard and the alert rules ask for
// metrics, labels and values that /metrics has, and the phases of the joins of a host, of a viewer and
// of a WHEP player are measured, each once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { histogram, metrics } from "./lib/metrics.mjs";
import { checkNoErrors, hostAndViewer, startWithBrowser } from "./lib/page.mjs";
import { source } from "./lib/servers.mjs";
import { check, log, test, until } from "./lib/test.mjs";

/** Labels and metrics that Prometheus makes itself. */
const OF_PROMETHEUS = new Set(["instance", "job", "le", "alertstate"]), ITS_METRICS = new Set(["up"]);

/** The expressions of the dashboard's panels, annotations and variables. */
function dashboardQueries() {
	const dashboard = JSON.parse(readFileSync(join(source, "tools/grafana/spate.json"), "utf8"));
	const targets = dashboard.panels.flatMap((panel) => (panel.targets ?? []).map((t) => [panel.title, t.expr]));
	const ids = dashboard.panels.map((panel) => panel.id);
	check(targets.length > 50 && new Set(ids).size === ids.length, `the dashboard asks ${targets.length} queries`);
	return [...targets, ...dashboard.annotations.list.map((a) => [a.name, a.expr]),
		...dashboard.templating.list.filter((v) => v.definition).map((v) => [v.name, v.definition])];
}

/** The expressions of the alert rules; the layout of that file is relied on. */
function alertQueries() {
	const rules = readFileSync(join(source, "tools/grafana/alerts.yml"), "utf8").split("- alert: ").slice(1);
	const queries = rules.map((rule) => [rule.split("\n")[0],
		rule.match(/^ +expr: (?:>-\n)?([\s\S]*?)\n +(?:for|labels):/m)[1].replace(/\s+/g, " ")]);
	check(queries.length > 20 && queries.every(([, query]) => query), `there are ${queries.length} alerts`);
	return queries;
}

/** /metrics as {name: [{label: value}]}. */
async function series() {
	const known = new Map();
	for (const key of Object.keys(await metrics())) {
		const [, name, labels] = key.match(/^(\w+)(?:\{(.*)\})?$/);
		const pairs = [...(labels ?? "").matchAll(/(\w+)="([^"]*)"/g)].map(([, k, v]) => [k, v]);
		known.set(name, [...known.get(name) ?? [], Object.fromEntries(pairs)]);
	}
	return known;
}

const matches = (operator, value, pattern) => ({ "=": value === pattern, "!=": value !== pattern,
	"=~": new RegExp(`^(?:${pattern})$`).test(value) })[operator];

/** What of a query is not there, in words; null where all is. */
function missing(query, known) {
	const selectors = [...query.matchAll(/\b((?:spate|process)_\w+|up)\b(?:\{([^}]*)\})?/g)];
	if (selectors.length === 0)
		return "it names no metric";
	const labels = new Set();
	for (const [, name, matchers] of selectors) {
		if (ITS_METRICS.has(name))
			continue;
		const all = known.get(name);
		if (!all)
			return `no metric ${name}`;
		let left = all;
		for (const [, label, operator, value] of (matchers ?? "").matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)) {
			if (OF_PROMETHEUS.has(label))
				continue;
			// Each alternative is a value that exists: a reason that was renamed must not stay in a rule.
			for (const one of operator === "=~" ? value.split("|") : [value])
				if (!all.some((s) => matches(operator, s[label], one)))
					return `no ${name} with ${label}="${one}"`;
			left = left.filter((s) => matches(operator, s[label], value));
		}
		if (left.length === 0)
			return `nothing matches ${name}{${matchers}}`;
		for (const label of Object.keys(left[0]))
			labels.add(label);
	}
	for (const [, list] of query.matchAll(/\b(?:by|on) \(([^)]*)\)/g))
		for (const label of list.split(",").map((l) => l.trim()))
			if (!OF_PROMETHEUS.has(label) && !labels.has(label))
				return `no label ${label}`;
	return null;
}

async function phases(client, names, count) {
	for (const phase of names) {
		const labels = `client="${client}",phase="${phase}"`;
		const { sum } = await until(`the ${client}'s ${phase} is measured`, 8, async () => {
			const now = await histogram("join_seconds", labels);
			return now.count === count && now;
		});
		log(`      ${phase}: ${Math.round(sum * 1000)} ms`);
		check(sum < 20 * count, "and took a sensible time");
	}
}

await test(async ({ defer }) => {
	const { browser } = await startWithBrowser(defer);
	const known = await series();
	for (const [title, query] of [...dashboardQueries(), ...alertQueries()]) {
		const without = missing(query, known);
		check(without === null, `${title}: ${without ?? query}`);
	}
	check(missing("rate(spate_worker_drops_total{reason=\"none\"}[1m])", known) !== null &&
		missing("spate_none", known) !== null && missing("sum by (none) (spate_peers)", known) !== null,
	"a query for what does not exist is found");

	const begun = Date.now();
	const { host, viewer } = await hostAndViewer(browser);
	await phases("publisher", ["http", "ice", "dtls", "first_packet"], 1);
	await phases("viewer", ["http", "ice", "dtls", "first_packet", "first_report"], 1);
	const all = await Promise.all(["http", "ice", "dtls", "first_packet", "first_report"].map((phase) =>
		histogram("join_seconds", `client="viewer",phase="${phase}"`)));
	const total = all.reduce((sum, { sum: s }) => sum + s, 0) * 1000;
	check(total > 0 && total < Date.now() - begun, `the viewer's phases take ${Math.round(total)} ms together`);
	checkNoErrors(host, "host");
	checkNoErrors(viewer, "viewer");
});
