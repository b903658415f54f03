// SPDX-License-Identifier: Apache-2.0
// Shows the rows of the room list. A room that stays keeps its row, and with it the keyboard focus.

function element(name, className) {
	const made = document.createElement(name);
	made.className = className;
	return made;
}

function makeRow(name, pick) {
	const row = document.createElement("li");
	const button = element("button", "room");
	button.type = "button";
	button.append(element("span", "badge"), element("b", "name"), element("span", "count"), element("span", "go"));
	button.querySelector(".name").textContent = name;
	button.querySelector(".name").title = name;
	button.querySelector(".go").textContent = "Watch";
	button.addEventListener("click", () => pick(name));
	row.dataset.room = name;
	row.append(button);
	return row;
}

function fill(row, { name, viewers, live }) {
	const button = row.firstChild;
	const badge = live ? "Live" : "Off air";
	const count = live ? `${viewers} watching` : `${viewers} waiting`;
	button.classList.toggle("live", live);
	button.querySelector(".badge").textContent = badge;
	button.querySelector(".count").textContent = count;
	button.setAttribute("aria-label", `Watch ${name}: ${badge}, ${count}`);
}

/**
 * Sorts by state and name, not by the number of viewers, which changes all the time: a row must not
 * move away while a person points at it.
 */
const inOrder = (a, b) => Number(b.live) - Number(a.live) || (a.name < b.name ? -1 : 1);

/** Makes `list` show `rooms`. `pick` is called with the name of a room that a person clicks. */
export function showRooms(list, rooms, pick) {
	const old = new Map([...list.children].map((row) => [row.dataset.room, row]));
	[...rooms].sort(inOrder).forEach((room, i) => {
		const row = old.get(room.name) ?? makeRow(room.name, pick);
		old.delete(room.name);
		fill(row, room);
		// A row in its right place is not touched, because moving it would remove the
		// focus.
		if (list.children[i] !== row)
			list.insertBefore(row, list.children[i] ?? null);
	});
	for (const row of old.values())
		row.remove();
}
