/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Engine.IO's long-polling: queues packets until a GET fetches them, and handles those of a POST.
 */

#include "controlplane/engineio/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cp_eio_out { /* a packet in the queue for the next poll */
	TAILQ_ENTRY(cp_eio_out) next;
	enum cp_eio_type type;
	struct cp_text *text; /* NULL: the packet has only a type */
};

static size_t size_of(const struct cp_eio_out *o)
{
	return 1 + (o->text ? o->text->len : 0);
}

void cp_eio_count_queue(struct cp_eio *e, bool taken)
{
	const struct cp_eio_server *s = e->server;
	size_t bytes = e->state == CP_EIO_HAS_ENDED ? 0 : e->out_bytes;

	if (s->backlog && (bytes > 0 || e->queued.bytes > 0))
		cp_backlog_set(s->backlog, &e->queued, bytes, taken, s->clock->now_ms(s->clock_arg));
}

int cp_eio_queue(struct cp_eio *e, enum cp_eio_type type, struct cp_text *text)
{
	struct cp_eio_out *o = malloc(sizeof(*o));

	if (!o) {
		cp_text_release(text);
		return ENOMEM;
	}
	o->type = type;
	o->text = text;
	TAILQ_INSERT_TAIL(&e->out, o, next);
	e->out_bytes += size_of(o);
	cp_eio_count_queue(e, false);
	return 0;
}

struct cp_text *cp_eio_dequeue(struct cp_eio *e, enum cp_eio_type *type)
{
	struct cp_eio_out *o = TAILQ_FIRST(&e->out);
	struct cp_text *text = o->text;

	*type = o->type;
	TAILQ_REMOVE(&e->out, o, next);
	e->out_bytes -= size_of(o);
	cp_eio_count_queue(e, true);
	free(o);
	return text;
}

/*
 * The bytes and the number of packets for one answer: as many as fit into maxPayload, which the
 * handshake told the client, but at least one.
 */
static size_t payload_size(const struct cp_eio *e, unsigned *packets)
{
	size_t limit = e->server->config->limit.message_bytes, size = 0;
	const struct cp_eio_out *o;

	*packets = 0;
	TAILQ_FOREACH(o, &e->out, next)
	{
		size_t more = size_of(o) + (*packets > 0);

		if (*packets > 0 && size + more > limit)
			break;
		size += more;
		(*packets)++;
	}
	return size;
}

static struct cp_text *make_payload(struct cp_eio *e)
{
	unsigned packets;
	struct cp_text *payload = cp_text_make(payload_size(e, &packets));
	char *p;

	if (!payload)
		return NULL;
	p = cp_text_chars(payload);
	for (unsigned i = 0; i < packets; i++) {
		enum cp_eio_type type;
		struct cp_text *text = cp_eio_dequeue(e, &type);

		if (i > 0)
			*p++ = CP_EIO_SEPARATOR;
		*p++ = (char)type;
		if (!text)
			continue;
		memcpy(p, cp_text_chars(text), text->len);
		p += text->len;
		cp_text_release(text);
	}
	return payload;
}

/* Answers the held poll; `payload` NULL: no memory. */
static void answer(struct cp_eio *e, struct cp_text *payload)
{
	void *poll = e->poll;

	e->poll = NULL;
	e->server->counts.polls_held--;
	e->server->calls->answer(poll, payload);
}

void cp_eio_flush(struct cp_eio *e)
{
	struct cp_text *payload;

	if (!e->poll || TAILQ_EMPTY(&e->out))
		return;
	payload = make_payload(e);
	answer(e, payload);
	if (!payload)
		cp_eio_end(e, 1011, "out of memory");
	else if (e->state == CP_EIO_IS_CLOSING && TAILQ_EMPTY(&e->out))
		cp_eio_end(e, 1000, "closed");
}

void cp_eio_release_poll(struct cp_eio *e, enum cp_eio_type type)
{
	const char packet = (char)type;

	if (e->poll)
		answer(e, cp_text_copy(&packet, 1));
}

/* --- requests --------------------------------------------------------------------------- */

int cp_eio_poll(struct cp_eio *e, void *poll)
{
	if (e->poll) {
		cp_eio_end(e, 1002, "two polls at once");
		return EBUSY;
	}
	e->poll = poll;
	e->server->counts.polls_held++;
	cp_eio_flush(e);
	return 0;
}

void cp_eio_poll_gone(struct cp_eio *e)
{
	e->poll = NULL;
	e->server->counts.polls_held--;
	cp_eio_end(e, 1006, "the connection of a poll was closed");
}

int cp_eio_post_begin(struct cp_eio *e, void *post)
{
	if (e->post) {
		cp_eio_end(e, 1002, "two posts at once");
		return EBUSY;
	}
	e->post = post;
	return 0;
}

int cp_eio_post_complete(struct cp_eio *e, const char *body, size_t len)
{
	struct cp_eio_payload payload = {.rest = body, .left = len};
	struct cp_eio_packet p;
	const char *text;
	size_t text_len;

	e->post = NULL;
	while (e->state == CP_EIO_IS_OPEN && cp_eio_payload_next(&payload, &text, &text_len)) {
		if (cp_eio_packet_parse(text, text_len, &p) != 0) {
			cp_eio_end(e, 1002, "not a packet");
			return EPROTO;
		}
		cp_eio_handle_packet(e, &p);
	}
	return 0;
}

void cp_eio_post_failed(struct cp_eio *e)
{
	e->post = NULL;
	cp_eio_end(e, 1006, "a post was not complete");
}
