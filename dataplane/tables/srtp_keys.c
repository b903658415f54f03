/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/srtp_keys.h"

#include <errno.h>
#include <string.h>

#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ssrcs.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"

static void close_session(struct dp_worker *w, struct dp_srtp_session **s)
{
	if (*s)
		dp_srtp_close(w->engine, *s);
	*s = NULL;
}

void dp_transport_close_srtp(struct dp_worker *w, struct dp_transport *t)
{
	close_session(w, &t->in);
	close_session(w, &t->out);
	dp_transport_refresh(w, t);
}

static void copy_keys(struct dp_srtp_keys *out, uint16_t profile, const struct sh_srtp_keys *keys)
{
	out->profile = profile;
	memcpy(out->key, keys->key, sizeof(out->key));
	memcpy(out->salt, keys->salt, sizeof(out->salt));
}

/*
 * Tells the SRTP session to keep the ROC and replay window of every SSRC that a stream uses.
 * Packets of other SSRCs reach no stream, so their state may be replaced.
 */
static struct dp_srtp_window *window_of(const void *arg, uint32_t ssrc)
{
	struct dp_stream *s = dp_stream_of_ssrc(arg, ssrc);

	if (!s)
		return NULL;
	return ssrc == s->ssrc ? &s->srtp_window : &s->rtx_srtp_window;
}

void dp_transport_keep_ssrcs(struct dp_worker *w, struct dp_transport *t, struct dp_srtp_session *in)
{
	t->in = in;
	dp_srtp_keep(w->engine, in, window_of, t);
}

/*
 * A browser sends RTP and sender reports with the SSRCs of its streams, and receiver reports with
 * one SSRC (Chromium) or with one for each consumer (Firefox).
 */
int dp_transport_expect_ssrcs(struct dp_worker *w, struct dp_transport *t)
{
	unsigned streams = RTE_MIN(t->stream_ssrcs, w->config->limit.ssrcs_per_transport);

	if (!t->in)
		return 0;
	return dp_srtp_expect(w->engine, t->in, streams + DP_SPARE_SSRCS,
		streams + t->consumer_count + DP_SPARE_SSRCS);
}

/*
 * Installed keys stay: a repeated command changes nothing. To open a session again under the same
 * key would reset its counters, and so use its nonces twice.
 */
int dp_transport_keys(struct dp_worker *w, const struct dp_op *op)
{
	struct dp_transport *t = &w->transports[op->slot];
	const struct sh_transport_keys *k = &op->cmd.transport_keys;
	struct dp_srtp_session *in, *out;
	struct dp_srtp_keys keys;
	int error;

	if (t->in)
		return 0;
	if (dp_transport_unprotected(t))
		return EINVAL;
	in = (struct dp_srtp_session *)(w->session_in + op->slot * w->session_in_size);
	out = (struct dp_srtp_session *)(w->session_out + op->slot * w->session_out_size);

	copy_keys(&keys, (uint16_t)k->profile, &k->in);
	error = dp_srtp_open(w->engine, in, DP_SRTP_IN, &keys, DP_SRTP_SSRC_MAX);
	if (!error) {
		dp_transport_keep_ssrcs(w, t, in);
		error = dp_transport_expect_ssrcs(w, t);
	}
	if (!error) {
		copy_keys(&keys, (uint16_t)k->profile, &k->out);
		error = dp_srtp_open(w->engine, out, DP_SRTP_OUT, &keys, 0);
	}
	explicit_bzero(&keys, sizeof(keys));
	if (error) {
		close_session(w, &t->in);
		return error;
	}
	t->out = out;
	t->profile = (uint16_t)k->profile;
	dp_transport_refresh(w, t);
	return 0;
}
