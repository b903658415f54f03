// SPDX-License-Identifier: Apache-2.0
// The addresses that other programs and pages need, for the clipboard.

/** Where OBS and other programs publish to `room` over WHIP. `page`: this page's address. */
export function publishLink(page, room) {
	return new URL(`whip/${encodeURIComponent(room)}`, page).href;
}

/** The small player of `room`, to be opened or embedded. */
export function playerLink(page, room) {
	return new URL(`player?${new URLSearchParams({ room })}`, page).href;
}

/** Copies text; false: the browser does not let the page. */
export async function copy(text, page = document) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		// Without https there is no clipboard for pages, but still the older way.
		const area = page.createElement("textarea");
		area.value = text;
		page.body.append(area);
		area.select();
		const copied = page.execCommand("copy");
		area.remove();
		return copied;
	}
}
