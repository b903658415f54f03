// SPDX-License-Identifier: Apache-2.0
// What the page's address asks for.

/**
 * The choices that the page's address makes: ?room=, codec=, source=, size=640x360, fps=,
 * role=host|watch, dialect=websocket|socket (how signaling is carried), token=, user=.
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
		credentials: { token: given.get("token") ?? "", user: given.get("user") ?? "" },
		pattern: { width: Number(size[1]), height: Number(size[2]), fps: fps >= 1 && fps <= 60 ? fps : 25 },
	};
}
