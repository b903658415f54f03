// SPDX-License-Identifier: Apache-2.0
// A tab keeps its name over reloads, and a duplicate of a tab gets another one.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { tabName } from "../../../controlplane/web/src/tab.js";

globalThis.crypto ??= webcrypto; // Node 18 has none, unlike browsers

/** A page with a storage, which a browser copies for a duplicated tab. */
function makePage(stored = new Map()) {
	const page = new EventTarget();
	page.stored = new Map(stored);
	page.sessionStorage = {
		getItem: (key) => page.stored.get(key) ?? null,
		setItem: (key, value) => page.stored.set(key, value),
		removeItem: (key) => page.stored.delete(key),
	};
	return page;
}

test("a name is one that the server takes", () => {
	assert.match(tabName(makePage()), /^[A-Za-z0-9._~-]{16,64}$/);
});

test("a reload keeps the name", () => {
	const before = makePage();
	const name = tabName(before);
	before.dispatchEvent(new Event("pagehide"));
	assert.equal(tabName(makePage(before.stored)), name);
});

test("a duplicate of a running tab has another name", () => {
	const tab = makePage();
	const name = tabName(tab);
	assert.notEqual(tabName(makePage(tab.stored)), name);
});

test("so has a duplicate of a page that came back from the back/forward cache", () => {
	const tab = makePage();
	const name = tabName(tab);
	tab.dispatchEvent(new Event("pagehide"));
	tab.dispatchEvent(new Event("pageshow"));
	assert.notEqual(tabName(makePage(tab.stored)), name);
});

test("without a storage there is a name all the same", () => {
	const page = { get sessionStorage() { throw new Error("blocked"); } };
	assert.match(tabName(page), /^tab-/);
});
