/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/saved.h"

#include <errno.h>
#include <string.h>

#include "dataplane/srtp/save.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"

/* --- saving ------------------------------------------------------------------------------ */

bool dp_transport_may_resume(const struct dp_transport *t)
{
	if (!t->out)
		return true;
	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		if ((uint32_t)c->seq.next - 1 - c->acknowledged >= DP_SAVED_UNACKNOWLEDGED - DP_SAVED_RESERVE)
			return false;
	return true;
}

/* How many continuations are saved: of consumers, and those that no consumer has now. */
static uint32_t count_continuations(const struct dp_transport *t)
{
	uint32_t n = 0;

	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport)
		n++;
	for (const struct dp_continuation *k = t->continuations; k; k = k->next_on_transport)
		n += !k->used;
	return n;
}

size_t dp_transport_saved_max(const struct dp_worker *w, const struct dp_transport *t)
{
	size_t size = sizeof(struct dp_saved_transport);

	size += count_continuations(t) * sizeof(struct dp_continuation);
	if (t->in)
		size += dp_srtp_saved_max(w->engine, t->in);
	if (t->out)
		size += dp_srtp_saved_max(w->engine, t->out);
	return size;
}

static uint8_t *save_continuations(const struct dp_transport *t, uint8_t *out)
{
	struct dp_continuation one;

	for (const struct dp_consumer *c = t->consumers; c; c = c->next_on_transport) {
		dp_continuation_save(c, &one);
		memcpy(out, &one, sizeof(one));
		out += sizeof(one);
	}
	for (const struct dp_continuation *k = t->continuations; k; k = k->next_on_transport) {
		if (k->used)
			continue;
		one = *k;
		one.next_on_transport = NULL;
		memcpy(out, &one, sizeof(one));
		out += sizeof(one);
	}
	return out;
}

size_t dp_transport_save(struct dp_worker *w, const struct dp_transport *t, uint8_t *out)
{
	struct dp_saved_transport saved = {
		.rx_packets = t->rx_packets,
		.rx_bytes = t->rx_bytes,
		.tx_packets = t->tx_packets,
		.tx_bytes = t->tx_bytes,
		.consent_ns = t->consent_ns,
		.path_mtu_ns = t->path_mtu_ns,
		.next_credit_ns = t->next_credit_ns,
		.probator = t->probator,
		.rtcp_ssrc = t->rtcp_ssrc,
		.first_ssrc = t->first_ssrc,
		.ssrcs_used = t->ssrcs_used,
		.max_kbps = t->max_kbps,
		.credit = t->credit,
		.path_mtu = t->encap.path_mtu,
		.media_seen = t->media_seen,
		.idle = t->idle,
		.silent = t->silent,
		.selected = t->selected,
		.continuations = count_continuations(t),
	};
	uint8_t *at = save_continuations(t, out + sizeof(saved));

	memcpy(saved.tuple, t->tuple, sizeof(saved.tuple));
	if (t->in)
		saved.in_len = (uint32_t)dp_srtp_save(w->engine, t->in, at);
	at += saved.in_len;
	if (t->out)
		saved.out_len = (uint32_t)dp_srtp_save(w->engine, t->out, at);
	at += saved.out_len;
	memcpy(out, &saved, sizeof(saved));
	return (size_t)(at - out);
}

void dp_stream_save(const struct dp_stream *s, struct dp_saved_stream *out)
{
	*out = (struct dp_saved_stream){
		.ssrc = s->ssrc,
		.rtx_ssrc = s->rtx_ssrc,
		.paused = s->paused,
		.observed = s->level_ext != 0,
		.fir_seq = s->fir_seq,
		.packets = s->packets,
		.bytes = s->bytes,
		.repaired = s->repaired,
		.duplicates = s->duplicates,
		.nacks = s->nacks,
		.plis = s->plis,
		.keyframes = s->keyframes,
		.levels = s->levels,
		.malformed_frames = s->malformed_frames,
		.rtt_us = s->rtt_us,
		.receive = s->receive,
		.clock = s->clock,
	};
}

/* --- restoring ---------------------------------------------------------------------------- */

/* Copies what was saved of a transport. EINVAL: it is not whole. */
static int read_transport(struct dp_saved_transport *out, const struct dp_op *op)
{
	if (op->saved_len < sizeof(*out))
		return EINVAL;
	memcpy(out, op->saved, sizeof(*out));
	return sizeof(*out) + (uint64_t)out->continuations * sizeof(struct dp_continuation) + out->in_len +
				       out->out_len ==
			       op->saved_len
		       ? 0
		       : EINVAL;
}

static int restore_continuations(struct dp_worker *w, struct dp_transport *t, const uint8_t *from, uint32_t n)
{
	struct dp_continuation one;
	int error = 0;

	for (uint32_t i = 0; !error && i < n; i++) {
		memcpy(&one, from + i * sizeof(one), sizeof(one));
		error = dp_continuation_restore(w, t, &one);
	}
	return error;
}

/* What is known of the peer at an address. */
static void restore_tuple(struct dp_transport *t, const struct dp_tuple *saved)
{
	for (unsigned i = 0; i < SH_MAX_TUPLES; i++) {
		struct dp_tuple *tuple = &t->tuple[i];

		if (memcmp(&tuple->path, &saved->path, sizeof(tuple->path)) == 0)
			*tuple = *saved;
	}
}

static int bind(struct dp_worker *w, const struct dp_op *op, const struct dp_tuple *tuple, bool selected)
{
	struct dp_op one = {.cmd = {.op = SH_OP_TRANSPORT_BIND, .id = op->cmd.id}, .slot = op->slot};
	int error;

	one.cmd.transport_bind.path = tuple->path;
	one.cmd.transport_bind.selected = selected;
	one.cmd.transport_bind.unproven = tuple->unproven;
	error = dp_transport_bind(w, &one);
	if (!error)
		restore_tuple(&w->transports[op->slot], tuple);
	return error;
}

static int restore_tuples(struct dp_worker *w, const struct dp_op *op, const struct dp_saved_transport *saved)
{
	struct dp_transport *t = &w->transports[op->slot];
	int error = 0;

	if (t->udp_port) {
		if (saved->selected == 0) {
			t->tuple[0] = saved->tuple[0];
			t->tuple_count = 1;
			t->selected = DP_NO_TUPLE;
			dp_plain_transport_set_l2(w, t, &saved->tuple[0].path.l2);
		}
		return 0;
	}
	for (unsigned i = 0; !error && i < SH_MAX_TUPLES; i++)
		if (saved->tuple[i].path.remote.family)
			error = bind(w, op, &saved->tuple[i], i == saved->selected);
	return error;
}

static void restore_counters(struct dp_transport *t, const struct dp_saved_transport *saved)
{
	t->rx_packets = saved->rx_packets;
	t->rx_bytes = saved->rx_bytes;
	t->tx_packets = saved->tx_packets;
	t->tx_bytes = saved->tx_bytes;
	t->probator = saved->probator;
	t->rtcp_ssrc = saved->rtcp_ssrc;
	t->first_ssrc = saved->first_ssrc;
	t->ssrcs_used = saved->ssrcs_used;
	t->max_kbps = saved->max_kbps;
}

/* What binding its addresses has set. */
static void restore_state(struct dp_worker *w, struct dp_transport *t, const struct dp_saved_transport *saved)
{
	t->consent_ns = saved->consent_ns;
	t->credit = saved->credit;
	t->next_credit_ns = saved->next_credit_ns;
	t->media_seen = saved->media_seen;
	t->idle = saved->idle;
	t->silent = saved->silent;
	t->path_mtu_ns = saved->path_mtu_ns;
	if (saved->path_mtu_ns && saved->path_mtu < t->encap.path_mtu)
		t->encap.path_mtu = saved->path_mtu;
	dp_transport_refresh(w, t);
}

int dp_transport_restore(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	struct dp_saved_transport saved;
	int error = read_transport(&saved, op);

	if (!error)
		error = dp_transport_add(w, op);
	if (error)
		return error;
	restore_counters(t, &saved);
	error = restore_continuations(w, t, op->saved + sizeof(saved), saved.continuations);
	if (!error)
		error = restore_tuples(w, op, &saved);
	if (!error)
		restore_state(w, t, &saved);
	else
		(void)dp_transport_del(w, op);
	return error;
}

int dp_stream_restore(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_stream *s = &w->streams[op->slot];
	struct dp_saved_stream saved;
	int error = op->saved_len == sizeof(saved) ? dp_stream_add(w, op) : EINVAL;

	if (error)
		return error;
	memcpy(&saved, op->saved, sizeof(saved));
	s->ssrc = saved.ssrc;
	s->rtx_ssrc = saved.rtx_ssrc;
	s->paused = saved.paused;
	s->level_ext = saved.observed ? s->ext_id[SH_EXT_AUDIO_LEVEL] : 0;
	s->fir_seq = saved.fir_seq;
	s->packets = saved.packets;
	s->bytes = s->last_bytes = saved.bytes;
	s->repaired = saved.repaired;
	s->duplicates = saved.duplicates;
	s->nacks = saved.nacks;
	s->plis = saved.plis;
	s->keyframes = saved.keyframes;
	s->levels = saved.levels;
	s->malformed_frames = saved.malformed_frames;
	s->rtt_us = saved.rtt_us;
	s->receive = saved.receive;
	s->clock = saved.clock;
	s->restart = true; /* packets are missing, and no viewer has any of the next one's picture */
	dp_stream_publish_clock(s);
	return 0;
}

static int resume_in(struct dp_worker *w, struct dp_transport *t, const uint8_t *saved, uint32_t len)
{
	struct dp_srtp_session *in = (struct dp_srtp_session *)(w->session_in + t->slot * w->session_in_size);
	int error = dp_srtp_reopen(w->engine, in, DP_SRTP_IN, saved, len, DP_SRTP_SSRC_MAX);

	if (error)
		return error;
	dp_transport_keep_ssrcs(w, t, in);
	error = dp_transport_expect_ssrcs(w, t);
	return error ? error : dp_srtp_recall(w->engine, in, saved, len);
}

int dp_transport_resume(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	struct dp_saved_transport saved;
	const uint8_t *keys;
	struct dp_srtp_session *out;
	int error = read_transport(&saved, op);

	if (error || !saved.in_len || t->in)
		return error;
	if (dp_transport_unprotected(t) || !saved.out_len)
		return EINVAL;
	keys = op->saved + sizeof(saved) + saved.continuations * sizeof(struct dp_continuation);
	error = resume_in(w, t, keys, saved.in_len);
	out = (struct dp_srtp_session *)(w->session_out + op->slot * w->session_out_size);
	if (!error)
		error = dp_srtp_reopen(w->engine, out, DP_SRTP_OUT, keys + saved.in_len, saved.out_len, 0);
	if (error) {
		dp_transport_close_srtp(w, t);
		return error;
	}
	t->out = out;
	t->profile = dp_srtp_profile_of(out);
	dp_transport_refresh(w, t);
	return 0;
}
