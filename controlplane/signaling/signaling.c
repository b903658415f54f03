/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/signaling.h"

#include <errno.h>
#include <stdio.h>

#include "controlplane/base/json.h"
#include "controlplane/rooms/model.h"
#include "controlplane/signaling/capability_cache.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/session.h"

int cp_signaling_start(struct cp_signaling *s)
{
	int error;

	TAILQ_INIT(&s->ready);
	TAILQ_INIT(&s->sessions);
	cp_expiry_start(s);
	error = cp_resume_start(s);
	if (error == 0 && !cp_greeting_of(&s->greetings, &s->model->router))
		error = ENOMEM;
	if (error != 0)
		cp_signaling_stop(s);
	return error;
}

void cp_signaling_stop(struct cp_signaling *s)
{
	cp_resume_stop(s);
	cp_greetings_clear(&s->greetings);
	cp_capabilities_clear();
}

void cp_signaling_run(struct cp_signaling *s)
{
	struct cp_session *session;

	while ((session = TAILQ_FIRST(&s->ready))) {
		TAILQ_REMOVE(&s->ready, session, ready);
		session->is_ready = false;
		cp_session_run(session);
	}
}

void cp_signaling_farewell(struct cp_signaling *s)
{
	struct cp_session *session, *next;

	s->stopping = true;
	for (session = TAILQ_FIRST(&s->sessions); session; session = next) {
		next = TAILQ_NEXT(session, all);
		cp_session_close(session, CP_CLOSE_GOING_AWAY, "the server is stopping");
	}
}

/*
 * Checks the token. A check costs up to 0.1 ms, so that an address whose tokens are refused again
 * and again has to wait. Good tokens cost nothing: many users can share an address.
 */
static int check_token(const struct cp_signaling *s, const struct cp_credentials *who, struct cp_grant *grant,
	struct cp_fault *fault)
{
	bool is_checked = cp_auth_required(s->auth) && who->token[0] != '\0';
	int error;

	if (is_checked && !cp_address_may(who->address, CP_BUDGET_BAD_TOKENS))
		return cp_refuse(fault, CP_TOO_MANY,
			"token: too many tokens from this address were refused; try again later");
	error = cp_auth_check(s->auth, who->token, grant, fault);
	if (error != 0 && is_checked)
		cp_address_take(who->address, CP_BUDGET_BAD_TOKENS, 1);
	return error;
}

int cp_signaling_authenticate(const struct cp_signaling *s, const struct cp_credentials *who,
	struct cp_grant *grant, struct cp_fault *fault)
{
	int error;

	if (s->stopping)
		return cp_refuse(fault, CP_UNAVAILABLE, "the server is stopping; try again soon");
	if (who->user[0] != '\0' && !cp_name_valid(who->user))
		return cp_refuse(fault, CP_BAD_REQUEST, "%s: " CP_NAME_RULE, who->user_member);
	error = check_token(s, who, grant, fault);
	grant->user_proven = cp_auth_required(s->auth);
	if (error == 0 && !grant->user_proven)
		snprintf(grant->user, sizeof(grant->user), "%s", who->user);
	return error;
}
