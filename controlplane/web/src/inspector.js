// SPDX-License-Identifier: Apache-2.0
import { collect } from "./stats.js";

const STATES_KEPT = 100;
const codecOf = ({ rtpParameters }) => rtpParameters.codecs[0].mimeType;

/** For support and for tests, as window.spate: what the page is doing, in plain values. */
export function inspector(sessions) {
	let states = [];
	sessions.on("state", (state) => {
		states = [...states, state].slice(-STATES_KEPT);
	});
	return {
		get role() { return sessions.role; },
		get state() { return sessions.state; },
		get states() { return [...states]; },
		get words() { return document.getElementById("words").textContent; },
		get joins() { return sessions.session?.joins ?? 0; },
		get timeToFirstFrameMs() { return sessions.session?.timeToFirstFrameMs ?? null; },
		/** What a viewer can choose, and what it gets (quality.js); null: one layer only. */
		get quality() { return sessions.session?.quality ?? null; },
		get transportId() { return sessions.session?.transport?.id ?? null; },
		get producers() {
			return (sessions.session?.producers ?? []).map((p) => ({ id: p.id, kind: p.kind, paused: p.paused,
				codec: codecOf(p) }));
		},
		get consumers() {
			return (sessions.session?.consumers ?? []).map((c) => ({ id: c.id, kind: c.kind, paused: c.paused,
				producerId: c.producerId, codec: codecOf(c) }));
		},
		/**
		 * Figures of the transport in use, in the form of collect() in stats.js; null
		 * without a transport.
		 */
		async getStats() {
			const shown = sessions.session?.shown;
			return shown && !shown.transport.closed ? collect(shown.transport, shown.mids) : null;
		},
		/** One request of the signaling protocol on this page's own socket. */
		request: (type, data) => sessions.session.signaling.request(type, data),
	};
}
