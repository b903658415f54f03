// SPDX-License-Identifier: Apache-2.0

const KEY = "spate-tab";
const BYTES = 16;

function randomName() {
	const bytes = crypto.getRandomValues(new Uint8Array(BYTES));
	return `tab-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * The name by which this tab joins a room if nobody gave it one. The server then recognizes a tab
 * that comes back after its network was gone, and closes what the old connection still has, which
 * otherwise stays for everybody as a frozen picture until it times out.
 *
 * The name outlives a reload in sessionStorage, which the browser copies into a duplicated tab. Two
 * tabs with one name would end each other's broadcast. The storage therefore holds the name only
 * while no page of this tab runs: a page takes it out when it is loaded, or restored from the
 * back/forward cache, and puts it back when it goes. A duplicate of a running tab finds no name and
 * makes one of its own.
 */
export function tabName(page = window) {
	let storage;
	try {
		storage = page.sessionStorage;
	} catch {
		return randomName(); // storage is blocked: the name lasts until the next reload
	}
	const name = storage.getItem(KEY) ?? randomName();
	const takeOut = () => storage.removeItem(KEY);
	takeOut();
	page.addEventListener("pagehide", () => storage.setItem(KEY, name));
	page.addEventListener("pageshow", takeOut);
	return name;
}
