// SPDX-License-Identifier: Apache-2.0

/**
 * A script for the browser's open(): the page's WebSockets are in window.sockets. The network of those
 * in window.networkGone swallows what they send, and their end.
 */
export const WATCH_SOCKETS = `{
	window.sockets = [];
	window.networkGone = new WeakSet();
	const Native = window.WebSocket;
	window.WebSocket = class extends Native {
		constructor(...given) {
			super(...given);
			window.sockets.push(this);
		}
		send(data) {
			if (!networkGone.has(this))
				super.send(data);
		}
		close(...given) {
			if (!networkGone.has(this))
				super.close(...given);
		}
	};
}`;
