// SPDX-License-Identifier: Apache-2.0
// The operator's page: what the node does, its last hour, its rooms and peers, and the commands that end
// some of that. It asks every two seconds while the tab is seen.
import { ask, token, TokenNeeded } from "./operator_ask.js";
import { duration, si } from "./operator_format.js";
import { Plots } from "./operator_plots.js";
import { Table } from "./operator_tables.js";

const EVERY_MS = 2000, HISTORY_EVERY = 5, PAGE = 50;

const $ = (id) => document.getElementById(id);
let plots, timer, room = null, offset = 0, rounds = 0, before = null;

function say(state, words) {
	document.body.dataset.state = state;
	if ($("words").textContent !== words)
		$("words").textContent = words;
}

function logIn(words) {
	clearTimeout(timer);
	for (const id of ["all", "drain", "undrain", "forget"])
		$(id).hidden = true;
	$("login").hidden = false;
	say("login", words || "A token is needed");
	$("token").focus();
}

/** Resolves with true if the person agrees; `deadline`: asks for one too. */
function confirm(words, { deadline = false } = {}) {
	const dialog = $("confirm");
	$("confirm-words").textContent = words;
	$("deadline-label").hidden = !deadline;
	dialog.returnValue = "";
	dialog.showModal();
	return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

async function command(what, words) {
	try {
		await ask(what);
		say(document.body.dataset.state, words);
		await look();
	} catch (error) {
		failed(error);
	}
}

async function closeRoom({ name }) {
	if (await confirm(`Close the room ${name}? Everything in it ends, and its peers are told.`))
		await command({ cmd: "room-close", room: name }, `The room ${name} is closing`);
}

async function closePeer({ id, user }) {
	if (await confirm(`End the connection of ${user ?? id}?`))
		await command({ cmd: "peer-close", peer: id }, "The peer is closed");
}

function choose({ name }) {
	room = name;
	offset = 0;
	void look();
	$("peers-section").hidden = false;
	$("peers-section").scrollIntoView({ block: "nearest" });
}

const rooms = new Table($("rooms"), [
	{ title: "Room", className: "name", text: (r) => r.name },
	{ title: "State", text: (r) => r.state },
	{ title: "Hosts", number: true, text: (r) => si(r.hosts) },
	{ title: "Viewers", number: true, text: (r) => si(r.peers - r.hosts) },
	{ title: "Streams", number: true, text: (r) => si(r.producers) },
	{ title: "Sent streams", number: true, text: (r) => si(r.consumers) },
	{ title: "", button: { words: () => "Peers", label: (r) => `Show the peers of ${r.name}`, act: choose } },
	{ title: "", button: { words: (r) => (r.state === "closing" ? "" : "Close…"), label: (r) => `Close the room ${r.name}`,
		act: closeRoom, danger: true } },
], (r) => r.name);

const peers = new Table($("peers"), [
	{ title: "Peer", className: "name", text: (p) => p.user ?? p.id },
	{ title: "", text: (p) => (p.host ? "host" : "viewer") },
	{ title: "Publishes", number: true, text: (p) => si(p.producers) },
	{ title: "Watches", number: true, text: (p) => si(p.consumers) },
	{ title: "Sent", number: true, text: (p) => si(p.bps, "bit/s") },
	{ title: "Lost", number: true, text: (p) => `${p.lost_percent.toFixed(1)} %` },
	{ title: "Round trip", number: true, text: (p) => (p.rtt_ms ? `${p.rtt_ms.toFixed(0)} ms` : "–") },
	{ title: "", button: { words: (p) => (p.of_operator ? "" : "Close…"), label: (p) => `End the connection of ${p.user ?? p.id}`,
		act: closePeer, danger: true } },
], (p) => p.id);

const workers = new Table($("workers"), [
	{ title: "Worker", text: (w) => `${w.worker}` },
	{ title: "Busy", number: true, text: (w) => `${w.busy_percent.toFixed(0)} %` },
	{ title: "Load", number: true, text: (w) => si(w.load) },
	{ title: "Transports", number: true, text: (w) => si(w.transports) },
	{ title: "Sent streams", number: true, text: (w) => si(w.consumers) },
	{ title: "", text: (w) => (w.overloaded ? "overloaded" : "") },
], (w) => w.worker);

const drops = new Table($("drops"), [
	{ title: "Reason", text: (d) => d.reason },
	{ title: "A second", number: true, text: (d) => si(d.rate) },
	{ title: "In all", number: true, text: (d) => si(d.total) },
	{ title: "Meaning", className: "long", text: (d) => d.meaning },
], (d) => d.reason);

function showFigures(figures) {
	const list = $("figures");
	figures.forEach(([name, value], i) => {
		if (!list.children[i]) {
			const box = document.createElement("div");
			box.append(document.createElement("dt"), document.createElement("dd"));
			list.append(box);
		}
		list.children[i].children[0].textContent = name;
		list.children[i].children[1].textContent = value;
	});
}

/** Drops with their rates since the look before; what grows fastest is first. */
function withRates(now) {
	const seconds = before ? (now.at - before.at) / 1000 : 0;
	return now.drops.map((d) => {
		const last = before?.drops.find((b) => b.reason === d.reason)?.total ?? d.total;
		return { ...d, rate: seconds > 0 && d.total >= last ? (d.total - last) / seconds : 0 };
	}).sort((a, b) => b.rate - a.rate || b.total - a.total);
}

function showProblems(now) {
	const words = now.unready.map((r) => `Nobody can join: ${r.message}`);
	for (const w of now.workers.filter(({ overloaded }) => overloaded))
		words.push(`Worker ${w.worker} is overloaded: new viewers go to others while there are any`);
	const list = $("problems");
	if ([...list.children].map((li) => li.textContent).join("\n") === words.join("\n"))
		return;
	list.replaceChildren(...words.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

function showOverview(now) {
	now.at = performance.now();
	const { drain } = now;
	if (drain)
		say("draining", `${drain.state}: ${si(drain.viewers)} viewers, ${duration(drain.deadline_s)} left`);
	else
		say(now.unready.length > 0 ? "unready" : "ready", now.unready.length > 0 ? "Not ready" : "Ready");
	$("node").textContent = `version ${now.version}, up ${duration(now.uptime_s)}, data plane ${now.dataplane}`;
	$("drain").hidden = Boolean(drain);
	$("undrain").hidden = !drain;
	showProblems(now);
	showFigures([["Viewers", si(now.viewers)], ["Hosts", si(now.peers - now.viewers)], ["Rooms", si(now.rooms)],
		["Transports", si(now.transports)], ["Streams", si(now.producers)], ["Sent streams", si(now.consumers)]]);
	rooms.show(now.largest_rooms.list);
	$("rooms-words").textContent = now.rooms === 0 ? "No room is open." : now.largest_rooms.more > 0
		? `and ${si(now.largest_rooms.more)} smaller ones` : "";
	workers.show(now.workers);
	const rated = withRates(now);
	drops.show(rated);
	$("drops-words").textContent = rated.length === 0 ? "Nothing was dropped." : "";
	before = now;
}

function showPeers({ room: name, count, peers: list }) {
	$("peers-title").textContent = `Peers of ${name}`;
	peers.show(list);
	$("peers-words").textContent = `${list.length > 0 ? offset + 1 : 0} to ${offset + list.length} of ${count}`;
	$("previous").disabled = offset === 0;
	$("next").disabled = offset + list.length >= count;
}

async function lookAtPeers() {
	if (room === null)
		return;
	try {
		const answer = await ask({ cmd: "peers", room, offset });
		if (answer.peers.length === 0 && offset > 0)
			offset = Math.max(0, Math.floor((answer.count - 1) / PAGE) * PAGE);
		showPeers(answer);
	} catch (error) {
		if (error instanceof TokenNeeded)
			throw error;
		room = null; // it has closed
		$("peers-section").hidden = true;
	}
}

function failed(error) {
	if (error instanceof TokenNeeded)
		logIn(error.message);
	else
		say("lost", `No answer: ${error.message}`);
}

/** Asks for everything once, and again after a while. */
async function look() {
	clearTimeout(timer);
	try {
		showOverview(await ask({ cmd: "overview" }));
		$("login").hidden = true;
		$("all").hidden = $("forget").hidden = false;
		plots ??= new Plots($("plots"));
		if (rounds++ % HISTORY_EVERY === 0)
			plots.show((await ask({ cmd: "history" })).samples);
		await lookAtPeers();
	} catch (error) {
		failed(error);
		if (error instanceof TokenNeeded)
			return;
	}
	clearTimeout(timer);
	timer = setTimeout(look, EVERY_MS);
}

$("login").addEventListener("submit", (event) => {
	event.preventDefault();
	token.set($("token").value.trim());
	$("token").value = "";
	rounds = 0;
	void look();
});
$("forget").addEventListener("click", () => {
	token.forget();
	logIn("");
});
$("drain").addEventListener("click", async () => {
	if (await confirm("Drain this node? Nobody new is let in, viewers are moved, and whoever is left at the deadline is ended.",
		{ deadline: true }))
		await command({ cmd: "drain", deadline_s: Number($("deadline").value) }, "Draining");
});
$("undrain").addEventListener("click", () => command({ cmd: "undrain" }, "Clients can join again"));
$("previous").addEventListener("click", () => { offset = Math.max(0, offset - PAGE); void look(); });
$("next").addEventListener("click", () => { offset += PAGE; void look(); });
$("yes").addEventListener("click", () => {
	if ($("deadline-label").hidden || $("deadline").reportValidity())
		$("confirm").close("yes");
});
$("no").addEventListener("click", () => $("confirm").close());
document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	if (!document.hidden && $("login").hidden)
		void look();
});
void look();
