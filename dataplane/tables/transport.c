/* SPDX-License-Identifier: Apache-2.0 */

/* Adds, binds and deletes transports. Everything here runs on the owning worker. */

#include "dataplane/tables/transport.h"

#include "dataplane/tables/adaptation.h"

#include <errno.h>
#include <string.h>

#include <rte_hash.h>
#include <rte_random.h>

#include "dataplane/device/ports.h"
#include "dataplane/send/encap.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/movers.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/tables/ufrags.h"
#include "dataplane/tables/unproven.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "shared/stats_slot.h"

/* For this long after its last sign of life, a transport keeps an address that another one claims. */
#define HOLD (10000 * DP_MS)

static void add_owned(struct dp_worker *w, struct dp_transport *t)
{
	t->owned_index = w->owned_count;
	w->owned[w->owned_count++] = t;
	w->stats->transports = w->owned_count;
}

/* A repeated ADD changes nothing. An ADD with other parameters is refused with EEXIST. */
static int add_plain(struct dp_worker *w, struct dp_transport *t, const struct sh_transport_add *a, bool new)
{
	int error;

	if (!new)
		return dp_plain_transport_same(t, a) ? 0 : EEXIST;
	error = dp_plain_transport_add(w, t, a);
	if (error)
		t->id = 0;
	else
		add_owned(w, t);
	return error;
}

int dp_transport_add(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	const struct sh_transport_add *a = &op->cmd.transport_add;
	bool new = t->id != op->cmd.id;

	if (new) {
		memset(t, 0, sizeof(*t));
		t->id = op->cmd.id;
		t->slot = op->slot;
		t->worker = w->id;
		t->selected = t->other = DP_NO_TUPLE;
		t->rtcp_ssrc = (uint32_t)rte_rand() | 1; /* never 0, which means "unknown" */
		dp_adaptation_init(w, t);
	}
	if (a->kind == SH_TRANSPORT_PLAIN)
		return add_plain(w, t, a, new);
	if (t->udp_port)
		return EEXIST;
	if (new)
		add_owned(w, t);
	else
		dp_ufrags_remove(w, t);
	t->consent_limit_ns = a->consent_ms == SH_CONSENT_NO_LIMIT ? 0 : (uint64_t)a->consent_ms * 1000000;
	t->ufrag_len = a->ufrag_len;
	memcpy(t->ufrag, a->ufrag, sizeof(t->ufrag));
	sh_hmac_sha1_key(&t->key, a->pwd, a->pwd_len);
	dp_ufrags_add(w, t);
	return 0;
}

static void unbind(struct dp_worker *w, struct dp_transport *t, unsigned i)
{
	struct dp_tuple_key key = dp_tuple_key(&t->tuple[i].path);

	rte_hash_del_key(w->tuples, &key);
	if (t->selected == i)
		dp_movers_remove(w, t);
	memset(&t->tuple[i], 0, sizeof(t->tuple[i]));
	t->tuple_count--;
	if (t->selected == i) {
		t->selected = DP_NO_TUPLE;
		dp_transport_refresh(w, t);
	}
}

/*
 * Returns the index of a free tuple. If there is none, unbinds the one that was not seen for
 * longest, but never the selected one.
 */
static unsigned reserve_tuple(struct dp_worker *w, struct dp_transport *t)
{
	unsigned oldest = DP_NO_TUPLE;

	for (unsigned i = 0; i < SH_MAX_TUPLES; i++) {
		if (t->tuple[i].path.remote.family == 0)
			return i;
		if (i != t->selected &&
			(oldest == DP_NO_TUPLE || t->tuple[i].seen_ns < t->tuple[oldest].seen_ns))
			oldest = i;
	}
	unbind(w, t, oldest);
	return oldest;
}

/*
 * Whether no other transport may take this tuple, because its holder was heard there recently. A
 * client that knows the credentials of its own transport can send a valid check with a forged
 * source address. Without this rule one such packet would take a viewer's path away. A NAT gives a
 * mapping to another client much later.
 */
static bool is_held(const struct dp_worker *w, const struct dp_tuple *tuple)
{
	return !tuple->unproven && w->now_ns - tuple->seen_ns < HOLD;
}

/*
 * Returns the index of the tuple of `path` in the transport, after inserting it into the table if
 * it is new. -EADDRINUSE: another transport lives at that address. -ENOSPC: the table is full.
 */
static int find_or_add_tuple(struct dp_worker *w, struct dp_transport *t, const struct sh_path *path)
{
	struct dp_tuple_key key = dp_tuple_key(path);
	void *value;
	unsigned i;

	if (rte_hash_lookup_data(w->tuples, &key, &value) >= 0) {
		struct dp_transport *holder = &w->transports[(uintptr_t)value >> 8];

		if (holder == t)
			return (int)((uintptr_t)value & 0xff);
		if (is_held(w, &holder->tuple[(uintptr_t)value & 0xff]))
			return -EADDRINUSE;
		/* A NAT has given this address to another client. */
		unbind(w, holder, (uintptr_t)value & 0xff);
	}
	i = reserve_tuple(w, t);
	if (rte_hash_add_key_data(w->tuples, &key, dp_tuple_value(t->slot, i)) != 0)
		return -ENOSPC;
	t->tuple_count++;
	return (int)i;
}

int dp_transport_set(struct dp_worker *w, const struct dp_op *op)
{
	w->transports[op->slot].max_kbps = dp_kbps(op->cmd.transport_set.max_bps);
	return 0;
}

int dp_transport_bind(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	const struct sh_transport_bind *b = &op->cmd.transport_bind;
	int i;

	if (t->udp_port)
		return EINVAL;
	i = find_or_add_tuple(w, t, &b->path);
	if (i < 0)
		return -i;
	t->tuple[i].path = b->path;
	t->tuple[i].seen_ns = w->now_ns;
	t->tuple[i].unproven = b->unproven && !t->tuple[i].echoed;
	if (b->selected) {
		if (t->selected != DP_NO_TUPLE)
			dp_movers_remove(w, t);
		t->selected = (uint8_t)i;
		dp_movers_add(w, t);
		dp_encap_init(w, &t->encap, &b->path);
		dp_audience_change_port(w, t);
	}
	if (b->selected || t->selected == DP_NO_TUPLE) {
		t->consent_ns = w->now_ns;
		t->idle = t->silent = false;
	}
	dp_unproven_update(w, t);
	dp_transport_refresh(w, t);
	return 0;
}

int dp_transport_del(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	struct dp_transport *last = w->owned[--w->owned_count];

	if (t->udp_port)
		dp_plain_transport_del(w, t);
	else
		dp_ufrags_remove(w, t);
	for (unsigned i = 0; !t->udp_port && i < SH_MAX_TUPLES; i++)
		if (t->tuple[i].path.remote.family != 0)
			unbind(w, t, i);
	dp_continuations_free(w, t);
	dp_transport_close_srtp(w, t);
	w->owned[t->owned_index] = last;
	last->owned_index = t->owned_index;
	w->stats->transports = w->owned_count;
	sh_slot_clear(&w->transport_stats[t->slot]);
	explicit_bzero(t, sizeof(*t));
	return 0;
}
