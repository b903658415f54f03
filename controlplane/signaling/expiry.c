/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ends sessions when their tokens expire (auth.end_with_token). Each session stands in the list of
 * its second, modulo EXPIRY_SLOTS, so that a second's work does not grow with the sessions that
 * expire later.
 */

#include "controlplane/rooms/room.h"
#include "controlplane/signaling/session.h"

enum { ENDS_MAX = 64 /* sessions that one call ends: each can close a host's producers */ };

static struct cp_session_list *slot_of(struct cp_signaling *s, int64_t second)
{
	return &s->expiry.slot[(uint64_t)second % CP_EXPIRY_SLOTS];
}

void cp_expiry_start(struct cp_signaling *s)
{
	for (unsigned i = 0; i < CP_EXPIRY_SLOTS; i++)
		TAILQ_INIT(&s->expiry.slot[i]);
	s->expiry.done_s = 0;
}

void cp_expiry_add(struct cp_session *s)
{
	s->expires = s->signaling->config->auth.end_with_token && s->grant.expires_s > 0;
	if (s->expires)
		TAILQ_INSERT_TAIL(slot_of(s->signaling, s->grant.expires_s), s, expiry);
}

void cp_expiry_remove(struct cp_session *s)
{
	if (s->expires)
		TAILQ_REMOVE(slot_of(s->signaling, s->grant.expires_s), s, expiry);
	s->expires = false;
}

/* Ends the slot's sessions that have expired, while `budget` lasts. False: more may be left. */
static bool end_slot(struct cp_session_list *slot, int64_t now_s, unsigned *budget)
{
	struct cp_session *session, *next;

	for (session = TAILQ_FIRST(slot); session; session = next) {
		next = TAILQ_NEXT(session, expiry);
		if (session->grant.expires_s > now_s)
			continue;
		if (*budget == 0)
			return false;
		--*budget;
		cp_expiry_remove(session);
		cp_session_end(session, "token: it has expired");
	}
	return true;
}

bool cp_signaling_expire(struct cp_signaling *s, int64_t now_s)
{
	unsigned budget = ENDS_MAX;
	int64_t from = s->expiry.done_s;

	/* The clock was set, or this is the first call: every slot can hold an expired session. */
	if (from > now_s || from < now_s - CP_EXPIRY_SLOTS)
		from = now_s - CP_EXPIRY_SLOTS;
	for (int64_t second = from + 1; second <= now_s; second++) {
		if (!end_slot(slot_of(s, second), now_s, &budget))
			return true;
		s->expiry.done_s = second;
	}
	return false;
}
