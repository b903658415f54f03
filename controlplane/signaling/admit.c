/* SPDX-License-Identifier: Apache-2.0 */

/* Asks the gate (admission/gate.h) about a session that wants to join, and keeps to the answer. */

#include <errno.h>
#include <string.h>

#include "controlplane/admission/gate.h"
#include "controlplane/base/json.h"
#include "controlplane/signaling/session.h"

void cp_session_forget_ticket(struct cp_session *s)
{
	const struct cp_gate *gate = s->signaling->gate;

	if (s->ticket)
		gate->drop(gate->arg, s->ticket);
	s->ticket = NULL;
}

int cp_session_check_room(const struct cp_session *s, const char *room, struct cp_fault *fault)
{
	if (!cp_name_valid(room))
		return cp_refuse(fault, CP_BAD_REQUEST, "room: " CP_NAME_RULE);
	if (s->grant.room[0] != '\0' && strcmp(s->grant.room, room) != 0)
		return cp_refuse(fault, CP_FORBIDDEN, "token: it is for another room");
	return 0;
}

/* Begins the pending request again. */
static void repeat(struct cp_session *s)
{
	s->running = true;
	cp_json_begin();
	s->dialect->request(s, s->current);
	s->running = false;
	cp_session_run(s);
}

/* A session that closes for good needs no answer; one that is lost may come back to its request. */
static void decided(void *asker)
{
	struct cp_session *s = asker;

	if (s->closing && !s->resume.lost)
		return;
	if (s->current)
		repeat(s);
	else
		s->calls->decided(s->carrier);
}

static int ask(struct cp_session *s, const char *room, struct cp_fault *fault)
{
	const struct cp_gate *gate = s->signaling->gate;
	const struct cp_gate_question question = {
		.room = room,
		.user = s->grant.user,
		.user_proven = s->grant.user_proven,
		.address = s->ip,
		.client = s->dialect->name,
		.publish = s->grant.publish,
		.subscribe = s->grant.subscribe,
	};

	s->ticket = gate->ask(gate->arg, &question, decided, s);
	return s->ticket ? EINPROGRESS
			 : cp_refuse(fault, CP_UNAVAILABLE,
				   "admission: too many clients wait to be admitted; try again later");
}

/* Takes the answer over. 0, or errno with the fault. */
static int read(struct cp_session *s, struct cp_fault *fault)
{
	const struct cp_ticket *t = s->ticket;

	if (t->state == CP_TICKET_SILENT)
		return cp_refuse(fault, CP_UNAVAILABLE,
			"admission: it could not be found out whether this client may join; try again later");
	s->may_publish = t->publish;
	s->may_subscribe = t->subscribe;
	if (t->publish || t->subscribe)
		return 0;
	return cp_refuse(fault, CP_FORBIDDEN, "admission: %s", t->reason[0] ? t->reason : "it was refused");
}

int cp_session_admit(struct cp_session *s, const char *room, struct cp_fault *fault)
{
	const struct cp_gate *gate = s->signaling->gate;
	int error = cp_session_check_room(s, room, fault);

	if (error != 0)
		return error;
	/* An answer about another room is none about this one. */
	if (s->ticket && strcmp(s->ticket->room, room) != 0)
		cp_session_forget_ticket(s);
	if (!s->ticket && (!gate || !gate->asks(gate->arg))) {
		s->may_publish = s->may_subscribe = true;
		return 0;
	}
	if (!s->ticket)
		return ask(s, room, fault);
	if (s->ticket->state == CP_TICKET_WAITS)
		return EINPROGRESS;
	error = read(s, fault);
	cp_session_forget_ticket(s);
	return error;
}
