/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/resume.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/signaling/session.h"
#include "shared/log.h"

enum { ENDS_MAX = 64 /* sessions that one call ends: each can close a host's producers */ };

static uint64_t now_ms(void)
{
	return cp_now_ns() / 1000000;
}

/* --- tokens ------------------------------------------------------------------------------------ */

static uint32_t table_hash(const struct cp_resume_hash *hash)
{
	uint32_t key;

	memcpy(&key, hash->bytes, sizeof(key)); /* as random as any other part of it */
	return key;
}

static void clear(struct cp_session *s, enum cp_resume_age age)
{
	struct cp_resume_token *t = &s->resume.token[age];

	if (t->set)
		cp_table_remove(&s->signaling->resumes.tokens, &t->entry);
	t->set = false;
}

static void set(struct cp_session *s, enum cp_resume_age age, const struct cp_resume_hash *hash)
{
	struct cp_resume_token *t = &s->resume.token[age];
	const struct cp_resume_hash copy = *hash; /* it may be the hash that is cleared */

	clear(s, age);
	t->session = s;
	t->hash = copy;
	t->set = true;
	cp_table_add(&s->signaling->resumes.tokens, &t->entry, table_hash(&copy));
}

/* The token of one age becomes one of another age. */
static void move(struct cp_session *s, enum cp_resume_age from, enum cp_resume_age to)
{
	if (!s->resume.token[from].set)
		return;
	set(s, to, &s->resume.token[from].hash);
	clear(s, from);
}

/* The valid tokens have changed: a successor must know them. */
static void changed(struct cp_session *s)
{
	if (s->peer)
		cp_peer_save(s->peer);
}

void cp_resume_set_current(struct cp_session *s, const struct cp_resume_hash *hash)
{
	move(s, CP_RESUME_CURRENT, CP_RESUME_OLD);
	set(s, CP_RESUME_CURRENT, hash);
	changed(s);
}

void cp_resume_confirm(struct cp_session *s)
{
	if (!s->resume.told || !s->resume.token[CP_RESUME_PREVIOUS].set)
		return;
	move(s, CP_RESUME_PREVIOUS, CP_RESUME_OLD);
	changed(s);
}

static struct cp_resume_token *find(const struct cp_resumes *all, const struct cp_resume_hash *hash)
{
	for (struct cp_table_entry *e = NULL; (e = cp_table_next(&all->tokens, table_hash(hash), e));) {
		struct cp_resume_token *t = CP_TABLE_OBJECT(e, struct cp_resume_token, entry);

		if (memcmp(&t->hash, hash, sizeof(*hash)) == 0)
			return t;
	}
	return NULL;
}

/* --- lost sessions ---------------------------------------------------------------------------- */

/* The carrier of a session that has no connection. Nothing can be sent: see resumed.c. */
static void drop(void *carrier, struct cp_text *text)
{
	cp_text_release(text);
}

static void stay(void *carrier, uint16_t code, const char *reason)
{
}

static const struct cp_carrier no_connection = {.send = drop, .close = stay};

static struct cp_lost_list *list_of(struct cp_session *s)
{
	return s->resume.restored ? &s->signaling->resumes.restored : &s->signaling->resumes.lost;
}

/* All of a list wait for the same time, so that the new one ends last. */
static void enter_lost(struct cp_session *s, uint64_t wait_ms)
{
	s->calls = &no_connection;
	s->carrier = NULL;
	s->closing = true; /* no message is accepted */
	s->resume.lost = true;
	s->resume.lost_ms = now_ms();
	s->resume.until_ms = s->resume.lost_ms + wait_ms;
	TAILQ_INSERT_TAIL(list_of(s), s, resume.in_lost);
	s->address->lost++;
	s->signaling->counters->resume.lost++;
}

static void leave_lost(struct cp_session *s)
{
	if (!s->resume.lost)
		return;
	TAILQ_REMOVE(list_of(s), s, resume.in_lost);
	s->resume.lost = s->resume.restored = false;
	s->address->lost--;
	s->signaling->counters->resume.lost--;
}

/*
 * 1013 ends a connection that was too slow. Of the codes that a client may choose, only 1000 and
 * 1001 say that it leaves; 1005 is a close frame without a code.
 */
bool cp_resume_is_loss(uint16_t code)
{
	return code == CP_CLOSE_ABNORMAL || code == CP_CLOSE_TRY_LATER || code >= 3000;
}

/* One address can have as many lost clients as it may have connected ones. */
static bool may_return(const struct cp_session *s, uint16_t code)
{
	const struct sh_config *config = s->signaling->config;
	const struct cp_resume_token *t = s->resume.token;

	return cp_resume_is_loss(code) && s->peer && config->resume.grace_s > 0 &&
	       (t[CP_RESUME_CURRENT].set || t[CP_RESUME_PREVIOUS].set) &&
	       s->address->lost < config->limit.connections_per_address;
}

/* Nobody waits for an answer to the requests of the connection. */
static void orphan_requests(struct cp_session *s)
{
	cp_session_drop_waiting(s);
	s->resume.orphaned = s->current != NULL;
	s->resume.greets = s->resume.told = false;
	cp_resume_forget_untold(s);
}

void cp_session_gone(struct cp_session *s, uint16_t code)
{
	static struct sh_log_limit limit = {.event = "connection-lost", .per_second = SH_LOG_CLIENTS};

	if (!may_return(s, code)) {
		cp_session_free(s);
		return;
	}
	orphan_requests(s);
	enter_lost(s, s->signaling->config->resume.grace_s * 1000ull);
	sh_log_limited(&limit, SH_LOG_INFO, "connection-lost room=%s peer=%s grace_s=%u",
		s->peer->room->log_name, s->id, s->signaling->config->resume.grace_s);
}

struct cp_session *cp_resume_make_lost(struct cp_signaling *signaling, const struct cp_dialect *dialect,
	const char *id, struct cp_address *address, const struct cp_grant *grant,
	const struct cp_resume_hash *const hashes[CP_RESUME_OLD])
{
	const struct sh_config *config = signaling->config;
	uint32_t wait_s =
		config->resume.max_s > config->resume.grace_s ? config->resume.max_s : config->resume.grace_s;
	struct cp_session *s =
		cp_session_open(signaling, dialect, &no_connection, NULL, address->name, address, grant);

	if (!s)
		return NULL;
	snprintf(s->id, sizeof(s->id), "%s", id);
	for (enum cp_resume_age age = 0; age < CP_RESUME_OLD; age++)
		if (hashes[age])
			set(s, age, hashes[age]);
	s->resume.restored = true;
	enter_lost(s, wait_s * 1000ull);
	return s;
}

void cp_resume_transport_closed(struct cp_session *s)
{
	struct cp_resumes *all = &s->signaling->resumes;

	if (!s->resume.restored || s->peer->transport_count > 0)
		return;
	TAILQ_REMOVE(&all->restored, s, resume.in_lost);
	s->resume.restored = false;
	s->resume.until_ms = now_ms() + s->signaling->config->resume.grace_s * 1000ull;
	TAILQ_INSERT_TAIL(&all->lost, s, resume.in_lost);
}

/* Ends the sessions of a list whose time is over, while `budget` lasts. False: more may be left. */
static bool end_over(struct cp_signaling *signaling, struct cp_lost_list *list, unsigned *budget)
{
	static struct sh_log_limit limit = {.event = "resume-expired", .per_second = SH_LOG_CLIENTS};
	uint64_t now = now_ms();
	struct cp_session *s;

	while ((s = TAILQ_FIRST(list)) && s->resume.until_ms <= now) {
		if (*budget == 0)
			return false;
		--*budget;
		signaling->counters->resume.expired++;
		sh_log_limited(&limit, SH_LOG_INFO, "resume-expired peer=%s", s->id);
		cp_session_free(s);
	}
	return true;
}

bool cp_resume_run(struct cp_signaling *signaling)
{
	unsigned budget = ENDS_MAX;

	return !end_over(signaling, &signaling->resumes.lost, &budget) ||
	       !end_over(signaling, &signaling->resumes.restored, &budget);
}

/* --- coming back ------------------------------------------------------------------------------ */

int cp_resume_admit(const struct cp_signaling *signaling, const char *token, struct cp_address *address,
	struct cp_fault *fault)
{
	const struct cp_resumes *all = &signaling->resumes;

	if (all->unread && cp_resume_token_valid(token) && cp_resume_token_of(token, all->node))
		return cp_refuse(fault, CP_UNAVAILABLE,
			"resume: the server has just started and does not know its clients yet; try again "
			"soon");
	return cp_address_take(address, CP_BUDGET_RESUMES, 1)
		       ? 0
		       : cp_refuse(fault, CP_TOO_MANY,
				 "resume: too many clients of this address come back at once; try again "
				 "later");
}

/* The same user, and a token of the user that is for this room. Without tokens a name proves nothing. */
static bool same_user(const struct cp_session *s, const struct cp_grant *grant)
{
	return s->grant.user_proven == grant->user_proven &&
	       (!grant->user_proven || strcmp(s->grant.user, grant->user) == 0);
}

/* CP_RESUME_REFUSALS: the session can be resumed. */
static enum cp_resume_refusal refusal(const struct cp_session *s, const struct cp_resume_request *r)
{
	if (!same_user(s, r->grant))
		return CP_RESUME_USER;
	if (!s->peer || s->ended || s->peer->room->state == CP_ROOM_CLOSING)
		return CP_RESUME_ENDED;
	if ((r->room[0] != '\0' && strcmp(r->room, s->room) != 0) ||
		(r->grant->room[0] != '\0' && strcmp(r->grant->room, s->room) != 0))
		return CP_RESUME_ROOM;
	return CP_RESUME_REFUSALS;
}

/* The token, if its session can be resumed. NULL: it cannot, and `*why` says why. */
static struct cp_resume_token *acceptable(const struct cp_signaling *signaling,
	const struct cp_resume_request *r, enum cp_resume_refusal *why)
{
	struct cp_resume_hash hash;
	struct cp_resume_token *t;

	*why = CP_RESUME_UNKNOWN;
	if (!cp_resume_token_valid(r->token))
		return NULL;
	if (!cp_resume_token_of(r->token, signaling->resumes.node)) {
		*why = CP_RESUME_NODE;
		return NULL;
	}
	hash = cp_resume_token_hash(r->token);
	t = find(&signaling->resumes, &hash);
	if (!t || t->session->dialect != r->dialect)
		return NULL;
	if (t == &t->session->resume.token[CP_RESUME_OLD]) {
		*why = CP_RESUME_USED;
		return NULL;
	}
	*why = refusal(t->session, r);
	return *why == CP_RESUME_REFUSALS ? t : NULL;
}

/* The rights of the new connection's token hold from now on. */
static void take_grant(struct cp_session *s, const struct cp_grant *grant)
{
	if (!grant->user_proven)
		return;
	cp_expiry_remove(s);
	s->grant = *grant;
	s->peer->publish = grant->publish && s->may_publish;
	s->peer->subscribe = grant->subscribe && s->may_subscribe;
	s->peer->close = grant->close;
	cp_expiry_add(s);
}

static void take_address(struct cp_session *s, const struct cp_resume_request *r)
{
	struct cp_address *old = s->address;

	s->address = cp_address_keep(r->address);
	cp_address_release(old);
	cp_log_address(s->ip, s->signaling->config->log_addresses, r->ip);
}

/* Separates the session from its earlier connection, if it has one. */
static void take_from_connection(struct cp_session *s)
{
	if (s->resume.lost) {
		leave_lost(s);
		return;
	}
	s->calls->abandon(s->carrier);
	orphan_requests(s);
}

struct cp_session *cp_session_resume(struct cp_signaling *signaling, const struct cp_resume_request *r)
{
	static struct sh_log_limit limit = {.event = "resume-refused", .per_second = SH_LOG_REFUSALS};
	static struct sh_log_limit resumed = {.event = "peer-resumed", .per_second = SH_LOG_CLIENTS};
	uint64_t now = now_ms(), lost_ms;
	enum cp_resume_refusal why;
	struct cp_resume_token *t = acceptable(signaling, r, &why);
	char address[CP_LOG_ADDRESS_SIZE];
	struct cp_session *s;

	if (!t) {
		signaling->counters->resume.refused[why]++;
		sh_log_limited(&limit, SH_LOG_INFO, "resume-refused address=%s reason=%s",
			cp_log_address(address, signaling->config->log_addresses, r->ip),
			cp_resume_refusal_name(why));
		return NULL;
	}
	s = t->session;
	lost_ms = s->resume.lost ? s->resume.lost_ms : now;
	/* The client may not have heard of the token after this one. */
	if (t == &s->resume.token[CP_RESUME_CURRENT])
		move(s, CP_RESUME_CURRENT, CP_RESUME_PREVIOUS);
	else
		clear(s, CP_RESUME_CURRENT);
	take_from_connection(s);
	s->calls = r->calls;
	s->carrier = r->carrier;
	s->closing = false;
	take_address(s, r);
	take_grant(s, r->grant);
	signaling->counters->resume.resumed++;
	sh_log_limited(&resumed, SH_LOG_INFO, "peer-resumed room=%s peer=%s address=%s away_ms=%llu",
		s->peer->room->log_name, s->id, s->ip, (unsigned long long)(now - lost_ms));
	return s;
}

/* --- start and stop ---------------------------------------------------------------------------- */

int cp_resume_start(struct cp_signaling *signaling)
{
	TAILQ_INIT(&signaling->resumes.lost);
	TAILQ_INIT(&signaling->resumes.restored);
	cp_node_id(signaling->config, signaling->host, signaling->resumes.node);
	return cp_table_init(&signaling->resumes.tokens);
}

void cp_resume_stop(struct cp_signaling *signaling)
{
	struct cp_session *s;

	while ((s = TAILQ_FIRST(&signaling->resumes.lost)) || (s = TAILQ_FIRST(&signaling->resumes.restored)))
		cp_session_free(s);
	cp_table_free(&signaling->resumes.tokens);
}

void cp_resume_forget(struct cp_session *s)
{
	leave_lost(s);
	cp_resume_forget_untold(s);
	for (enum cp_resume_age age = 0; age < CP_RESUME_AGES; age++)
		clear(s, age);
}
