/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/ice/ice.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

/* --- credentials -------------------------------------------------------------------- */

/*
 * Random ice-chars (RFC 8839, 5.4). There are 64 of them, so that each takes 6 random bits. `len`
 * is at most 64.
 */
static int random_text(char *out, size_t len)
{
	static const char ice_char[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint8_t bits[64];

	if (RAND_bytes(bits, (int)len) != 1)
		return EIO;
	for (size_t i = 0; i < len; i++)
		out[i] = ice_char[bits[i] & 63];
	out[len] = '\0';
	OPENSSL_cleanse(bits, sizeof(bits));
	return 0;
}

static int fresh(struct cp_ice_credentials *c)
{
	memset(c, 0, sizeof(*c));
	if (random_text(c->ufrag, CP_ICE_UFRAG_LEN) || random_text(c->pwd, CP_ICE_PWD_LEN))
		return EIO;
	sh_hmac_sha1_key(&c->key, c->pwd, CP_ICE_PWD_LEN);
	return 0;
}

int cp_ice_init(struct cp_ice *ice)
{
	memset(ice, 0, sizeof(*ice));
	ice->selected = ice->candidate = ice->moved = -1;
	return fresh(&ice->current);
}

void cp_ice_wipe(struct cp_ice *ice)
{
	OPENSSL_cleanse(&ice->current, sizeof(ice->current));
	OPENSSL_cleanse(&ice->previous, sizeof(ice->previous));
	ice->has_previous = false;
}

int cp_ice_restart(struct cp_ice *ice)
{
	struct cp_ice_credentials next;

	if (fresh(&next))
		return EIO;
	/* A `current` that no check used protects no tuple. It is discarded; `previous` stays. */
	if (!ice->has_previous) {
		ice->previous = ice->current;
		ice->has_previous = true;
	}
	ice->current = next;
	OPENSSL_cleanse(&next, sizeof(next));
	return 0;
}

/* --- tuples -------------------------------------------------------------------------- */

static bool same_addr(const struct sh_addr *a, const struct sh_addr *b)
{
	return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

bool cp_ice_same_path(const struct sh_path *a, const struct sh_path *b)
{
	return same_addr(&a->remote, &b->remote) && same_addr(&a->local, &b->local);
}

int cp_ice_find(const struct cp_ice *ice, const struct sh_path *path)
{
	for (int i = 0; i < ice->tuple_count; i++)
		if (cp_ice_same_path(&ice->tuple[i].path, path))
			return i;
	return -ENOENT;
}

/*
 * The first tuple with this remote address. One remote address at two of our addresses is rare, and
 * either tuple will do then.
 */
static int find_remote(const struct cp_ice *ice, const struct sh_addr *remote)
{
	for (int i = 0; i < ice->tuple_count; i++)
		if (same_addr(&ice->tuple[i].path.remote, remote))
			return i;
	return -ENOENT;
}

static void remove_tuple(struct cp_ice *ice, int i)
{
	int last = ice->tuple_count - 1;
	int8_t *const index[] = {&ice->selected, &ice->candidate, &ice->moved};

	ice->tuple[i] = ice->tuple[last];
	ice->tuple_count--;
	for (size_t k = 0; k < sizeof(index) / sizeof(index[0]); k++) {
		if (*index[k] == i)
			*index[k] = -1;
		else if (*index[k] == last)
			*index[k] = (int8_t)i;
	}
}

void cp_ice_forget(struct cp_ice *ice, const struct sh_path *path)
{
	int i = cp_ice_find(ice, path);

	if (i >= 0)
		remove_tuple(ice, i);
}

/*
 * Adds a tuple and returns its index. A roaming peer makes a new tuple in every network, so when
 * the table is full the tuple whose last check is oldest is replaced, but never the selected one.
 */
static int add_tuple(struct cp_ice *ice, const struct sh_path *path)
{
	int oldest = -1;

	if (ice->tuple_count == SH_MAX_TUPLES) {
		for (int i = 0; i < ice->tuple_count; i++)
			if (i != ice->selected &&
				(oldest < 0 || ice->tuple[i].seen < ice->tuple[oldest].seen))
				oldest = i;
		remove_tuple(ice, oldest);
	}
	ice->tuple[ice->tuple_count] = (struct cp_ice_tuple){.path = *path, .number = ++ice->numbers};
	return ice->tuple_count++;
}

/* Takes a token for a new tuple. False: the budget is used up. */
static bool may_add(struct cp_ice *ice, uint64_t now_ms)
{
	uint64_t full = ice->tuples_full_ms > now_ms ? ice->tuples_full_ms : now_ms;

	if (full + CP_ICE_NEW_TUPLE_MS > now_ms + (uint64_t)CP_ICE_NEW_TUPLES * CP_ICE_NEW_TUPLE_MS)
		return false;
	ice->tuples_full_ms = full + CP_ICE_NEW_TUPLE_MS;
	return true;
}

static bool select_tuple(struct cp_ice *ice, int i)
{
	if (ice->candidate != i || ice->tuple[i].proven)
		ice->candidate = -1;
	if (ice->selected == i)
		return false;
	ice->selected = (int8_t)i;
	ice->dtls_ms = 0;
	return true;
}

/* Begins to prove tuple `i`, or lets one more probe be sent if that was in vain so far. */
static void prove(struct cp_ice *ice, int i, uint64_t now_ms)
{
	if (ice->candidate == i) {
		if (ice->probes == CP_ICE_PROBES && now_ms >= ice->next_probe_ms)
			ice->probes--;
		return;
	}
	if (RAND_bytes(ice->probe, sizeof(ice->probe)) != 1)
		return; /* the next sign of the peer begins again */
	ice->candidate = (int8_t)i;
	ice->probes = 0;
	/* Before the tuple is bound, the answer would be taken for a stranger's. */
	ice->next_probe_ms = ice->tuple[i].bound ? now_ms : now_ms + CP_ICE_BIND_MS;
}

/* The peer wants tuple `i`. True: it is selected now and was not before. */
static bool want(struct cp_ice *ice, int i, uint64_t now_ms)
{
	if (!ice->established || ice->tuple[i].proven)
		return select_tuple(ice, i);
	prove(ice, i, now_ms);
	return false;
}

/*
 * Returns whether the check on tuple `i` selects it. With NOMINATION the highest value wins, and
 * USE-CANDIDATE is ignored from then on (draft-thatcher-ice-renomination, 4). Without NOMINATION
 * the last USE-CANDIDATE wins (RFC 8445, 7.3.1.5), but a peer that nominates aggressively sends it
 * on every pair it tries. So for CP_ICE_DTLS_HOLD_MS after a DTLS packet the tuple that carried it
 * stays selected, because that is the pair the peer uses.
 */
static bool nominates(struct cp_ice *ice, int i, const struct sh_stun *m, uint64_t now_ms)
{
	struct cp_ice_tuple *t = &ice->tuple[i];

	if (m->has_nomination && m->nomination > 0) {
		if (m->nomination > t->nomination)
			t->nomination = m->nomination;
		if (m->nomination <= ice->nomination)
			return false;
		ice->nomination = m->nomination;
		return true;
	}
	if (!m->use_candidate || ice->nomination)
		return false;
	t->use_candidate = true;
	return ice->selected < 0 || !ice->dtls_ms || now_ms - ice->dtls_ms >= CP_ICE_DTLS_HOLD_MS;
}

/* --- input ----------------------------------------------------------------------------- */

static void refuse(struct cp_ice_result *out, const struct sh_stun *m, unsigned code, const char *reason,
	const struct sh_hmac_sha1 *key)
{
	out->response_len = (uint16_t)sh_stun_error(out->response, m, code, reason, key);
	out->code = code;
	out->actions = CP_ICE_RESPOND;
}

/* The credentials a check names, or NULL. */
static struct cp_ice_credentials *named(struct cp_ice *ice, const struct sh_stun *m)
{
	if (sh_stun_for_ufrag(m, ice->current.ufrag, CP_ICE_UFRAG_LEN))
		return &ice->current;
	if (ice->has_previous && sh_stun_for_ufrag(m, ice->previous.ufrag, CP_ICE_UFRAG_LEN))
		return &ice->previous;
	return NULL;
}

/*
 * The first authenticated check with the new credentials ends the old ICE session and its
 * nominations.
 */
static void take_over(struct cp_ice *ice, struct cp_ice_result *out)
{
	OPENSSL_cleanse(ice->previous.pwd, sizeof(ice->previous.pwd));
	OPENSSL_cleanse(&ice->previous.key, sizeof(ice->previous.key));
	ice->has_previous = false;
	ice->nomination = 0;
	ice->dtls_ms = 0;
	for (int i = 0; i < ice->tuple_count; i++) {
		ice->tuple[i].nomination = 0;
		ice->tuple[i].use_candidate = false;
	}
	out->actions |= CP_ICE_CREDENTIALS;
}

/* Handles an authenticated check. Nothing in `ice` changes before this point. */
static void accept_check(struct cp_ice *ice, const struct sh_stun *m, const struct cp_ice_credentials *c,
	const struct sh_path *path, uint64_t now_ms, struct cp_ice_result *out)
{
	int i = cp_ice_find(ice, path);

	if (i < 0 && !may_add(ice, now_ms)) {
		out->too_many = true;
		return;
	}
	out->response_len = (uint16_t)sh_stun_success(out->response, m, &path->remote, &c->key);
	out->actions = CP_ICE_RESPOND;
	if (c == &ice->current && ice->has_previous)
		take_over(ice, out);
	if (i < 0) {
		i = add_tuple(ice, path);
		out->actions |= CP_ICE_BIND;
	}
	ice->tuple[i].seen = ++ice->order;
	out->tuple = (uint8_t)i;
	if (i == ice->candidate)
		prove(ice, i, now_ms);
	if (nominates(ice, i, m, now_ms) && want(ice, i, now_ms))
		out->actions |= CP_ICE_SELECT;
}

/*
 * An error response. Only the candidate's agent knows the transaction id of our probes. A success
 * response proves nothing: a public STUN server gives one to anybody.
 */
static void accept_error(struct cp_ice *ice, const struct sh_stun *m, const struct sh_path *path,
	struct cp_ice_result *out)
{
	int i = cp_ice_find(ice, path);

	if (i < 0 || i != ice->candidate || !ice->probes ||
		memcmp(m->transaction, ice->probe, sizeof(ice->probe)) != 0)
		return;
	ice->tuple[i].proven = true;
	if (!ice->established) {
		ice->candidate = -1;
		return;
	}
	select_tuple(ice, i);
	out->tuple = (uint8_t)i;
	/* Even if it was selected before: the data plane must learn that it is proven. */
	out->actions = CP_ICE_SELECT;
}

void cp_ice_input(struct cp_ice *ice, const uint8_t *data, size_t len, const struct sh_path *path,
	uint64_t now_ms, struct cp_ice_result *out)
{
	const struct cp_ice_credentials *c;
	struct sh_stun m;

	out->actions = 0;
	out->code = 0;
	out->too_many = false;
	out->tuple = 0;
	out->response_len = 0;
	if (sh_stun_parse(&m, data, len))
		return;
	if (m.type == SH_STUN_BINDING_ERROR)
		accept_error(ice, &m, path, out);
	if (m.type != SH_STUN_BINDING_REQUEST)
		return;
	/* RFC 8489, 7.3 and 9.1.3. PRIORITY may be missing: FFmpeg sends none. */
	if (!m.fingerprint || !m.username || !m.integrity) {
		refuse(out, &m, 400, "Bad Request", NULL);
		return;
	}
	c = named(ice, &m);
	if (!c || !sh_stun_verify(&m, data, &c->key)) {
		refuse(out, &m, 401, "Unauthorized", NULL);
		return;
	}
	if (m.unknown_required) { /* RFC 8489, 6.3.1 */
		refuse(out, &m, 420, "Unknown Attribute", &c->key);
		return;
	}
	if (m.controlled) { /* RFC 8445, 7.3.1.1: a lite agent is always the controlled one */
		refuse(out, &m, 487, "Role Conflict", &c->key);
		return;
	}
	accept_check(ice, &m, c, path, now_ms, out);
}

int cp_ice_dtls_seen(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms, bool *selected)
{
	int i = cp_ice_find(ice, path);

	*selected = false;
	if (i < 0)
		return -ENOENT;
	if (!ice->nomination && !ice->established)
		*selected = select_tuple(ice, i);
	if (i == ice->selected)
		ice->dtls_ms = now_ms ? now_ms : 1;
	return i;
}

bool cp_ice_established(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms)
{
	int i = path ? cp_ice_find(ice, path) : -ENOENT;
	int wanted = ice->selected;

	ice->established = true;
	if (i >= 0)
		ice->tuple[i].proven = true;
	ice->candidate = -1; /* now it is the one that is wanted */
	if (wanted >= 0 && ice->tuple[wanted].proven)
		return false;
	if (i >= 0)
		ice->selected = (int8_t)i;
	if (wanted >= 0)
		prove(ice, wanted, now_ms);
	return ice->selected >= 0;
}

/* Notes a report of a move to tuple `i`. Returns since when there have been such reports. */
static uint64_t note_move(struct cp_ice *ice, int i, uint64_t now_ms)
{
	if (ice->moved != i || now_ms - ice->moved_ms > CP_ICE_MOVED_MS)
		ice->moved_since_ms = now_ms;
	ice->moved = (int8_t)i;
	ice->moved_ms = now_ms;
	return ice->moved_since_ms;
}

int cp_ice_moved(struct cp_ice *ice, const struct sh_addr *remote, uint64_t now_ms)
{
	int i = find_remote(ice, remote);
	bool repeated, follow;

	if (i < 0 || i == ice->selected)
		return -ENOENT;
	repeated = now_ms - note_move(ice, i, now_ms) >= CP_ICE_UNPROVEN_MS;
	follow = repeated || (!ice->nomination && (!ice->established || ice->tuple[i].proven));
	if (!ice->tuple[i].proven && ice->established)
		prove(ice, i, now_ms);
	return follow && select_tuple(ice, i) ? i : -ENOENT;
}

int cp_ice_found(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms)
{
	int i = cp_ice_find(ice, path);

	if (!ice->established)
		return -ENOTCONN;
	if (i < 0 && !may_add(ice, now_ms))
		return -EBUSY;
	if (i < 0)
		i = add_tuple(ice, path);
	ice->tuple[i].seen = ++ice->order;
	ice->tuple[i].bound = false; /* the data plane does not know it, or no longer */
	(void)cp_ice_moved(ice, &path->remote, now_ms);
	return i;
}

void cp_ice_bound(struct cp_ice *ice, int i, uint64_t now_ms)
{
	if (!ice->established && !ice->tuple[i].proven && ice->candidate < 0)
		prove(ice, i, now_ms);
}

void cp_ice_cookie_came(struct cp_ice *ice, uint32_t number)
{
	for (int i = 0; i < ice->tuple_count; i++) {
		if (ice->tuple[i].number != number)
			continue;
		ice->tuple[i].proven = true;
		if (!ice->established && ice->candidate == i)
			ice->candidate = -1;
	}
}

/* --- a predecessor's agent --------------------------------------------------------------- */

static int restore_credentials(struct cp_ice_credentials *c, const char *ufrag, const char *pwd)
{
	if (strlen(ufrag) != CP_ICE_UFRAG_LEN || strlen(pwd) != CP_ICE_PWD_LEN)
		return EINVAL;
	memset(c, 0, sizeof(*c));
	memcpy(c->ufrag, ufrag, CP_ICE_UFRAG_LEN);
	memcpy(c->pwd, pwd, CP_ICE_PWD_LEN);
	sh_hmac_sha1_key(&c->key, c->pwd, CP_ICE_PWD_LEN);
	return 0;
}

int cp_ice_restore(struct cp_ice *ice, const char *ufrag, const char *pwd, const char *previous_ufrag,
	const char *previous_pwd)
{
	memset(ice, 0, sizeof(*ice));
	ice->selected = ice->candidate = ice->moved = -1;
	ice->established = true;
	if (restore_credentials(&ice->current, ufrag, pwd) != 0)
		return EINVAL;
	ice->has_previous = previous_ufrag[0] != '\0';
	return ice->has_previous ? restore_credentials(&ice->previous, previous_ufrag, previous_pwd) : 0;
}

int cp_ice_restore_tuple(struct cp_ice *ice, const struct sh_path *path, uint32_t nomination, bool proven)
{
	if (ice->tuple_count == SH_MAX_TUPLES || cp_ice_find(ice, path) >= 0)
		return ENOSPC;
	ice->tuple[ice->tuple_count++] = (struct cp_ice_tuple){.path = *path,
		.seen = ++ice->order,
		.number = ++ice->numbers,
		.nomination = nomination,
		.proven = proven,
		.bound = true};
	return 0;
}

bool cp_ice_proving(const struct cp_ice *ice)
{
	return ice->candidate >= 0 && ice->probes < CP_ICE_PROBES;
}

size_t cp_ice_probe(struct cp_ice *ice, uint64_t now_ms, uint8_t out[SH_STUN_MAX])
{
	if (!cp_ice_proving(ice) || now_ms < ice->next_probe_ms)
		return 0;
	ice->next_probe_ms = now_ms + ((uint64_t)CP_ICE_PROBE_MS << ice->probes);
	ice->probes++;
	if (ice->probes == CP_ICE_PROBES)
		ice->next_probe_ms = now_ms + CP_ICE_PROBE_AGAIN_MS;
	return sh_stun_probe(out, ice->probe);
}
