// SPDX-License-Identifier: Apache-2.0
// Reads an SDP message or fragment as far as the checks need it.

/** Lines before the first m= line, and a section for each m= line: { kind, port, proto, formats, lines }. */
export function readSdp(text) {
	const session = [], sections = [];
	for (const line of text.split(/\r?\n/).filter(Boolean)) {
		const media = line.match(/^m=(\S+) (\d+)(?:\/\d+)? (\S+) (.*)$/);
		if (media)
			sections.push({ kind: media[1], port: Number(media[2]), proto: media[3], formats: media[4].split(" "), lines: [] });
		else
			(sections.at(-1)?.lines ?? session).push(line);
	}
	return { session, sections };
}

/** The values of an attribute in a list of lines; "" for one without a value. */
export function values(lines, name) {
	return lines.filter((line) => line === `a=${name}` || line.startsWith(`a=${name}:`))
		.map((line) => line.slice(name.length + 3));
}

/** A section's value of an attribute, or else the session's. */
export function valueOf(sdp, section, name) {
	return values(section.lines, name)[0] ?? values(sdp.session, name)[0];
}

export function mids(sdp) {
	return sdp.sections.map((section) => values(section.lines, "mid")[0]);
}

/** The identification tags of a=group:BUNDLE; [] if there is none. */
export function bundle(sdp) {
	const group = values(sdp.session, "group").find((value) => value.startsWith("BUNDLE"));
	return group ? group.split(" ").slice(1) : [];
}

export function directionOf(sdp, section) {
	const names = ["sendrecv", "sendonly", "recvonly", "inactive"];
	const own = names.find((name) => section.lines.includes(`a=${name}`));
	return own ?? names.find((name) => sdp.session.includes(`a=${name}`)) ?? "sendrecv";
}

/** Payload types with their codecs: Map of "96" to "VP8/90000". */
export function codecs(section) {
	return new Map(values(section.lines, "rtpmap").map((value) => value.split(" ", 2)));
}

/** Header extensions: Map of "4" to the URI. */
export function extensions(section) {
	return new Map(values(section.lines, "extmap").map((value) => [value.split(/[ /]/, 1)[0], value.split(" ")[1]]));
}

/** RFC 8839, 5.1: foundation, component, transport, priority, address, port, "typ", type. */
export function isCandidate(value) {
	return /^[A-Za-z0-9+/]{1,32} \d{1,5} \S+ \d{1,10} \S+ \d{1,5} typ (host|srflx|prflx|relay)( .*)?$/.test(value);
}
