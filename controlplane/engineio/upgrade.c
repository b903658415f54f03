/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Upgrades a session from long-polling to WebSocket, and receives packets over WebSockets. During
 * the upgrade the client sends "2probe" on the new WebSocket, receives "3probe", waits for its
 * pending poll to be answered and then sends "5" (upgrade).
 */

#include "controlplane/engineio/engine.h"

#include <string.h>

bool cp_eio_can_upgrade(const struct cp_eio *e)
{
	return e->state == CP_EIO_IS_OPEN && !e->socket && !e->candidate;
}

void cp_eio_upgrade(struct cp_eio *e, void *socket)
{
	e->candidate = socket;
	cp_eio_set_deadline(e, CP_EIO_UPGRADE_DUE);
}

/* Ends the pending upgrade's state; the caller decides what happens to its WebSocket. */
static void clear_candidate(struct cp_eio *e)
{
	e->candidate = NULL;
	cp_eio_clear_deadline(e, CP_EIO_UPGRADE_DUE);
	cp_eio_clear_deadline(e, CP_EIO_NOOP_DUE);
}

void cp_eio_abort_upgrade(struct cp_eio *e, const char *reason)
{
	void *socket = e->candidate;

	clear_candidate(e);
	e->server->counts.upgrades_failed++;
	e->server->calls->close(socket, 1008, reason);
}

/*
 * The client finishes the upgrade only after its pending poll was answered. It may also have begun
 * another poll before it received the answer to its probe; therefore held polls are answered
 * repeatedly until the upgrade ends.
 */
void cp_eio_repeat_noop(struct cp_eio *e)
{
	cp_eio_release_poll(e, CP_EIO_NOOP);
	cp_eio_set_deadline(e, CP_EIO_NOOP_DUE);
}

/*
 * Finishes the upgrade: the candidate becomes the session's WebSocket and gets the queued packets.
 */
static void finish_upgrade(struct cp_eio *e)
{
	const struct cp_eio_calls *calls = e->server->calls;
	enum cp_eio_type type;

	e->socket = e->candidate;
	clear_candidate(e);
	e->server->counts.polling--;
	e->server->counts.websocket++;
	e->server->counts.upgraded++;
	cp_eio_release_poll(e, CP_EIO_NOOP);
	if (e->post)
		calls->forget(e->post);
	e->post = NULL;
	while (e->state != CP_EIO_HAS_ENDED && !TAILQ_EMPTY(&e->out)) {
		struct cp_text *text = cp_eio_dequeue(e, &type);

		/* Over WebSocket a session ends with the WebSocket's close, not with a packet. */
		if (type != CP_EIO_CLOSE)
			calls->send(e->socket, type, text);
	}
	if (e->state == CP_EIO_IS_CLOSING)
		cp_eio_end(e, 1000, "closed");
}

static void handle_candidate(struct cp_eio *e, const char *text, size_t len)
{
	static const char ping[] = "2probe", probe[] = "probe";
	struct cp_text *pong;

	if (len == strlen(ping) && memcmp(text, ping, len) == 0) {
		pong = cp_text_copy(probe, strlen(probe));
		if (!pong) {
			cp_eio_abort_upgrade(e, "out of memory");
			return;
		}
		e->server->calls->send(e->candidate, CP_EIO_PONG, pong);
		/*
		 * send() can close the WebSocket, as when its queue is full, and so end the
		 * upgrade.
		 */
		if (e->candidate)
			cp_eio_repeat_noop(e);
	} else if (len == 1 && text[0] == CP_EIO_UPGRADE) {
		finish_upgrade(e);
	} else {
		cp_eio_abort_upgrade(e, "neither probe nor upgrade");
	}
}

void cp_eio_receive(struct cp_eio *e, void *socket, const char *text, size_t len)
{
	struct cp_eio_packet p;

	if (socket == e->candidate)
		handle_candidate(e, text, len);
	else if (e->state != CP_EIO_IS_OPEN)
		return;
	else if (cp_eio_packet_parse(text, len, &p) != 0)
		cp_eio_end(e, 1002, "not a packet");
	else
		cp_eio_handle_packet(e, &p);
}

void cp_eio_socket_gone(struct cp_eio *e, void *socket, uint16_t code, const char *reason)
{
	if (socket == e->candidate) {
		clear_candidate(e);
		e->server->counts.upgrades_failed++;
		return;
	}
	/*
	 * Counts the session under polling again, because cp_eio_end() counts by e->socket, now
	 * NULL.
	 */
	e->server->counts.websocket--;
	e->server->counts.polling++;
	e->socket = NULL;
	cp_eio_end(e, code, reason);
}
