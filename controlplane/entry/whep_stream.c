/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Event streams of players (server-sent events; the core extensions of draft-ietf-wish-whep). A
 * session has one at most, with one reader at most: a new one replaces the one before. Events are
 * states: what changes while nobody reads, or before the loop sends it, is told once, as it is
 * then.
 */

#include "controlplane/entry/whep_stream.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/http/server.h"
#include "controlplane/http/stream.h"
#include "controlplane/signaling/signaling.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whep_layers.h"

enum {
	VIEWERS_MS = 5000, /* between two viewercount of one stream */
	SILENCE_MS = 15000, /* after which a comment is sent, so that proxies keep the connection */
	CHECKS_PER_TICK = 2000, /* streams whose viewercount is looked at; the others' turn comes later */
	EVENTS_SIZE = 4096, /* bytes of all events that are due together */
};

static const unsigned ACTIVITY = 1u << CP_WHEP_ACTIVE | 1u << CP_WHEP_INACTIVE;

static bool is_reading(const struct cp_publication *p)
{
	return p->stream.reader != NULL;
}

/* The last request of its reader ends; the stream stays for the next one. */
static void detach(struct cp_publication *p)
{
	if (!is_reading(p))
		return;
	p->stream.reader->read = NULL;
	p->stream.reader = NULL;
	TAILQ_REMOVE(&p->site->readers, p, reading);
	p->site->signaling->counters->event_streams--;
}

/* Sends text to the reader, which goes if it reads too slowly. */
static void send_text(struct cp_publication *p, const char *text, size_t len)
{
	struct cp_connection *c = p->stream.reader->connection;

	if (cp_stream_add(c, text, len) != 0) {
		p->site->signaling->counters->event_streams_slow++;
		detach(p);
		cp_stream_abort(c);
		return;
	}
	p->stream.sent_ms = uv_now(p->site->tick.loop);
}

/* Of `active` and `inactive` the one that is true, if it is news. `inactive` is never the first. */
static unsigned settle_activity(struct cp_publication *p, unsigned due)
{
	bool active = cp_whep_is_active(p->whip);

	if (!(due & ACTIVITY))
		return due;
	due &= ~ACTIVITY;
	if (active == p->stream.told_active)
		return due;
	p->stream.told_active = active;
	return due | (active ? 1u << CP_WHEP_ACTIVE : 1u << CP_WHEP_INACTIVE);
}

static void send_events(struct cp_publication *p, unsigned due)
{
	uint64_t *sent = p->site->signaling->counters->whep_events;
	char text[EVENTS_SIZE];
	struct cp_writer out = {.at = text, .end = text + sizeof(text)};

	due &= p->stream.wanted;
	for (unsigned e = 0; e < CP_WHEP_EVENTS; e++) {
		if (!(due & 1u << e))
			continue;
		cp_whep_event_write(&out, p->whip, e);
		sent[e]++;
	}
	if (out.at > text && out.at < out.end)
		send_text(p, text, (size_t)(out.at - text));
}

void cp_whep_stream_run(struct cp_publication *p)
{
	unsigned due = p->stream.due;

	p->stream.due = 0;
	if (is_reading(p) && due != 0)
		send_events(p, settle_activity(p, due));
}

void cp_whep_stream_end(struct cp_publication *p, bool told)
{
	struct cp_connection *c = is_reading(p) ? p->stream.reader->connection : NULL;
	bool stopped = p->stream.told_active;

	p->stream.id[0] = '\0';
	if (c && told)
		send_events(p, (p->whip->stream_over && stopped ? 1u << CP_WHEP_INACTIVE : 0) |
				       1u << CP_WHEP_RECONNECT);
	if (!is_reading(p))
		return;
	detach(p);
	cp_stream_end(c);
}

unsigned cp_whep_streams_move(struct cp_whip_site *site, unsigned most)
{
	struct cp_publication *p, *next;
	unsigned moved = 0;

	for (p = TAILQ_FIRST(&site->readers); p && moved < most; p = next) {
		next = TAILQ_NEXT(p, reading);
		if (!(p->stream.wanted & 1u << CP_WHEP_RECONNECT) || p->moved_ms != 0)
			continue;
		cp_whep_stream_end(p, true);
		p->moved_ms = uv_now(site->tick.loop);
		TAILQ_INSERT_TAIL(&site->moved, p, moved);
		moved++;
	}
	return moved;
}

void cp_whep_streams_tick(struct cp_whip_site *site)
{
	static const char comment[] = ":\n\n";
	uint64_t now_ms = uv_now(site->tick.loop);
	unsigned left = CHECKS_PER_TICK;
	struct cp_publication *p;

	while (left-- > 0 && (p = TAILQ_FIRST(&site->readers)) &&
		now_ms - p->stream.checked_ms >= VIEWERS_MS) {
		uint32_t viewers = cp_whep_viewers(p->whip);

		p->stream.checked_ms = now_ms;
		TAILQ_REMOVE(&site->readers, p, reading);
		TAILQ_INSERT_TAIL(&site->readers, p, reading);
		if (viewers != p->stream.told_viewers)
			send_events(p, 1u << CP_WHEP_VIEWERCOUNT);
		p->stream.told_viewers = viewers;
		if (is_reading(p) && now_ms - p->stream.sent_ms >= SILENCE_MS)
			send_text(p, comment, sizeof(comment) - 1);
	}
}

/* --- requests ------------------------------------------------------------------------------------ */

static int no_stream(struct cp_whip_request *r)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_NOT_FOUND, "there is no such event stream");
	return cp_whip_refuse(r, 404, &fault);
}

/* The session whose event stream the request names. NULL: there is none. */
static struct cp_publication *find(const struct cp_whip_request *r)
{
	struct cp_publication *p = cp_publication_find(r);

	return p && p->stream.id[0] && strcmp(p->stream.id, r->stream) == 0 ? p : NULL;
}

static int make(struct cp_whip_request *r, struct cp_publication *p)
{
	char headers[CP_WHIP_URL_SIZE + 64], url[CP_WHIP_URL_SIZE];
	struct cp_fault fault;
	unsigned wanted;

	if (cp_whep_events_read(&wanted, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, cp_whip_status(&fault), &fault);
	cp_whep_stream_end(p, false);
	p->stream = (struct cp_whep_stream){.wanted = wanted};
	cp_id_make(p->stream.id);
	cp_whip_url(r, p->whip, url);
	snprintf(headers, sizeof(headers), "location: %s/events/%s\r\n", url, p->stream.id);
	return cp_whip_respond(r, 201, headers, NULL, NULL);
}

static int choose(struct cp_whip_request *r, struct cp_publication *p)
{
	struct cp_fault fault;

	if (cp_whep_choose_layers(p->whip, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, fault.code == CP_TOO_MANY ? 429 : cp_whip_status(&fault), &fault);
	return cp_whip_respond(r, 200, "", NULL, NULL);
}

int cp_whep_post(struct cp_whip_request *r, struct cp_publication *p)
{
	struct cp_fault fault;

	if (cp_session_charge(p->whip->session, r->body.data, r->body.len, &fault) != 0)
		return cp_whip_refuse(r, 429, &fault);
	return r->part == CP_WHIP_EVENTS ? make(r, p) : choose(r, p);
}

int cp_whep_stream_delete(struct cp_whip_request *r)
{
	struct cp_publication *p = find(r);

	if (!p)
		return no_stream(r);
	cp_whep_stream_end(p, false);
	return cp_whip_respond(r, 200, "", NULL, NULL);
}

/* A reader gets the state of everything first. */
static void attach(struct cp_publication *p, struct cp_whip_request *r)
{
	static const char begin[] = "retry: 3000\n\n"; /* how long its client waits after a loss, in ms */
	struct cp_connection *old = is_reading(p) ? p->stream.reader->connection : NULL;

	if (old) {
		detach(p);
		cp_stream_end(old);
	}
	p->stream.reader = r;
	r->read = p;
	p->stream.checked_ms = uv_now(p->site->tick.loop);
	p->stream.told_active = false;
	p->stream.told_viewers = cp_whep_viewers(p->whip);
	TAILQ_INSERT_TAIL(&p->site->readers, p, reading);
	p->site->signaling->counters->event_streams++;
	send_text(p, begin, sizeof(begin) - 1);
	send_events(p, settle_activity(p, ACTIVITY | 1u << CP_WHEP_LAYERS | 1u << CP_WHEP_VIEWERCOUNT));
}

int cp_whep_stream_get(struct cp_whip_request *r)
{
	struct cp_publication *p = find(r);
	char cors[CP_CORS_SIZE];
	int error;

	if (!p)
		return no_stream(r);
	cp_cors_headers(r->site->server->config->http.origins, r->origin, cors);
	error = cp_stream_begin(r->connection, "text/event-stream", cors);
	if (error == 0 && r->method == CP_WHIP_GET)
		attach(p, r);
	return error;
}

void cp_whep_reader_gone(struct cp_whip_request *r)
{
	if (r->read)
		detach(r->read);
}
