// SPDX-License-Identifier: Apache-2.0
// What the page's address asks for.

/**
 * The choices that the page's address makes: ?room=, codec=, source=, size=640x360, fps=,
 * role=host|watch, dialect=websocket|socket (how signaling is carried), user=, simulcast=0 (a host
 * sends its picture in one quality only).
 */
export function wishes(search) {
	const given = new URLSearchParams(search);
	const one = (name, allowed, otherwise) => {
		const value = allowed.find((a) => a.toLowerCase() === given.get(name)?.toLowerCase());
		return value ?? otherwise;
	};
	const size = /^(\d{2,4})x(\d{2,4})$/.exec(given.get("size") ?? "") ?? [null, "1280", "720"];
	const fps = Number.parseInt(given.get("fps") ?? "25", 10);
	return {
		room: given.get("room") || "default",
		codec: one("codec", ["auto", "VP8", "VP9", "H264", "AV1"], "auto"),
		source: one("source", ["camera", "screen", "pattern"], "camera"),
		role: one("role", ["host", "watch"], null),
		dialect: one("dialect", ["websocket", "socket"], "websocket"),
		user: given.get("user") ?? "",
		layered: given.get("simulcast") !== "0",
		pattern: { width: Number(size[1]), height: Number(size[2]), fps: fps >= 1 && fps <= 60 ? fps : 25 },
	};
}

/**
 * Takes the token (?token=) out of the address, where a host who shares the screen would show it to
 * everybody, and returns it. The history entry keeps it, so that a reload still has it; a copied
 * address does not.
 */
export function takeToken({ location, history }) {
	const address = new URL(location.href);
	const given = address.searchParams.get("token");
	if (given === null)
		return history.state?.token ?? "";
	address.searchParams.delete("token");
	history.replaceState({ ...history.state, token: given }, "", address);
	return given;
}
