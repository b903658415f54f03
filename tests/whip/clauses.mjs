// SPDX-License-Identifier: Apache-2.0
// Where the two protocols say what is checked. The numbers are those of RFC 9725 and of
// draft-ietf-wish-whep-03, whose sections correspond.
const RFC = "RFC 9725";
const DRAFT = "draft-ietf-wish-whep";

/** Each subject's section in the RFC and in the draft; null: that protocol says nothing of it. */
const SECTIONS = {
	get: ["4.1", "4.1"],
	head: [null, "4.2"],
	setup: ["4.2", "4.3.1"],
	badOffer: ["4.2", "4.3.4"],
	direction: ["4.2", "4.3.5"],
	waiting: [null, "4.3.8"],
	end: ["4.2", "4.4"],
	options: ["4.2", "4.4"],
	patch: ["4.3.1", "4.5.1"],
	trickle: ["4.3.2", "4.5.2"],
	restart: ["4.3.3", "4.5.3"],
	bundle: ["4.4.1", "4.6.1"],
	stream: ["4.4.2", "4.6.2"],
	whole: ["4.4.3", null],
	dtls: ["4.4.4", null],
	redirect: ["4.5", "4.7"],
	iceServer: ["4.6", "4.8"],
	auth: ["4.7", "4.9"],
	token: ["4.7.1", "4.9.1"],
	simulcast: ["4.8", null],
	extension: ["4.9", "4.10"],
	security: ["5", "5"],
};

/** The clause of a subject for "WHIP" or "WHEP"; a text that is no subject is a clause itself. */
export function clauseOf(protocol, subject) {
	const sections = SECTIONS[subject];
	if (!sections)
		return subject;
	const section = sections[protocol === "WHIP" ? 0 : 1];
	if (!section)
		throw new Error(`${protocol} has no clause about ${subject}`);
	return `${protocol === "WHIP" ? RFC : DRAFT}, ${section}`;
}
