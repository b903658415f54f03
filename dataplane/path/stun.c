/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers connectivity checks on the bound tuples of a transport (RFC 8445, 7.3; RFC 7675). They
 * are answered here because they are very many, and because consent must outlast a restart of the
 * control plane. Checks that may change the transport's state, and all other STUN messages, are
 * passed up to the control plane. The first checks of a viewer who joins come from unknown
 * addresses. Their MESSAGE-INTEGRITY is verified here, so that they do not compete with strangers
 * for punts.
 */

#include <string.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/punt.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/answer.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/forgery.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/tables/ufrags.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "shared/stun.h"

/* Error responses per second of one transport. */
enum { REFUSALS_PER_TRANSPORT = 10 };

enum verdict { ANSWER, PUNT, BAD_REQUEST, UNAUTHORIZED, NOT_VERIFIED };

/*
 * Decides about a message to a known transport. Only ordinary, valid checks are answered with
 * success here. A check without FINGERPRINT, USERNAME or MESSAGE-INTEGRITY (RFC 8489, 9.1.3), or
 * with a wrong MESSAGE-INTEGRITY, is refused here. PRIORITY may be missing: FFmpeg sends none. All
 * other errors need a valid check.
 */
static enum verdict decide(struct dp_worker *w, struct dp_transport *t, const struct dp_meta *meta,
	const struct sh_stun *s, const uint8_t *data)
{
	bool selected = t->selected == meta->tuple;

	if (s->type != SH_STUN_BINDING_REQUEST)
		return PUNT;
	if (!s->fingerprint || !s->username || !s->integrity)
		return BAD_REQUEST;
	if (!sh_stun_for_ufrag(s, t->ufrag, t->ufrag_len))
		return PUNT;
	if (dp_suspected(w, t) && !dp_worth_authenticating(w, true))
		return NOT_VERIFIED;
	if (!sh_stun_verify(s, data, &t->key)) {
		dp_not_authentic(w, t);
		return UNAUTHORIZED;
	}
	dp_authentic(w, t);
	if (s->unknown_required || s->controlled)
		return PUNT;
	/* Only the control plane selects a nominated path, or resumes after consent has expired. */
	if (t->idle || (!selected && (s->use_candidate || s->has_nomination)))
		return PUNT;
	return ANSWER;
}

/* Sends a response, in the mbuf of the request, back on the path that it came from. */
static void respond(struct dp_worker *w, struct rte_mbuf *m, const uint8_t *response, size_t len)
{
	const struct sh_path path = dp_meta(m)->path;
	struct dp_capture *c = dp_capture_of(w);
	struct dp_encap e;

	dp_encap_init(w, &e, &path);
	m = dp_answer_mbuf(w, m);
	if (!m)
		return;
	rte_pktmbuf_reset(m);
	/* The response fits: an mbuf has room for a packet of the port's MTU, above SH_STUN_MAX. */
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), response, len);
	dp_encap(w, &e, m);
	if (unlikely(c))
		dp_capture_message(w, c, &path, m);
	dp_tx(w, e.port_id, m);
}

/* Answers a valid check, within the transport's budget. */
static void answer(struct dp_worker *w, struct rte_mbuf *m, const struct sh_stun *s)
{
	const struct dp_meta *meta = dp_meta(m);
	uint8_t out[SH_STUN_MAX];

	if (!dp_budget_take(&meta->transport->check_budget_ns, w->now_ns, w->check_cost_ns)) {
		dp_drop(w, m, SH_DROP_STUN_RATE);
		return;
	}
	dp_transport_checked(w, meta->transport, meta);
	w->stats->stun_answered++;
	respond(w, m, out, sh_stun_success(out, s, &meta->path.remote, &meta->transport->key));
}

/*
 * Refuses a check: 400 or 401. Its sender has proven nothing, and its address may be forged. So
 * only a few are answered, and never with more bytes than they have; the others are dropped.
 */
static void refuse(struct dp_worker *w, struct rte_mbuf *m, const struct sh_stun *s, bool unauthorized)
{
	const struct dp_meta *meta = dp_meta(m);
	uint8_t out[SH_STUN_MAX];
	size_t len = unauthorized ? sh_stun_error(out, s, 401, "Unauthorized", NULL)
				  : sh_stun_error(out, s, 400, "Bad Request", NULL);

	if (len > meta->payload_len || !dp_budget_take(&meta->transport->refusal_budget_ns, w->now_ns,
					       dp_budget_cost(REFUSALS_PER_TRANSPORT))) {
		dp_drop(w, m, unauthorized ? SH_DROP_STUN_INTEGRITY : SH_DROP_STUN_MALFORMED);
		return;
	}
	w->stats->stun_refused++;
	respond(w, m, out, len);
}

/*
 * The transport that a check is proven to be for pays, from its budget for valid checks. It need
 * not be the one that its address is bound to: a NAT may have given the address to another client.
 * Of everything else the address tells who pays; new credentials after an ICE restart, for example,
 * are known to the control plane only.
 */
static void punt(struct dp_worker *w, struct rte_mbuf *m, const struct sh_stun *s, const uint8_t *data)
{
	struct dp_transport *payer = dp_ufrags_verify(w, s, data);

	if (payer && !dp_budget_take(&payer->check_budget_ns, w->now_ns, w->check_cost_ns))
		dp_drop(w, m, SH_DROP_STUN_RATE);
	else if (payer)
		dp_punt_paid(w, m);
	else
		dp_punt(w, m, dp_meta(m)->transport);
}

static void process(struct dp_worker *w, struct rte_mbuf *m)
{
	struct dp_meta *meta = dp_meta(m);
	const uint8_t *data = rte_pktmbuf_mtod_offset(m, const uint8_t *, meta->payload_offset);
	enum verdict verdict = PUNT;
	struct sh_stun s;

	if (sh_stun_parse(&s, data, meta->payload_len) != 0) {
		dp_drop(w, m, SH_DROP_STUN_MALFORMED);
		return;
	}
	if (meta->transport)
		verdict = decide(w, meta->transport, meta, &s, data);
	if (verdict == PUNT)
		punt(w, m, &s, data);
	else if (verdict == ANSWER)
		answer(w, m, &s);
	else if (verdict == NOT_VERIFIED)
		dp_drop(w, m, SH_DROP_FORGED_RATE);
	else
		refuse(w, m, &s, verdict == UNAUTHORIZED);
}

void dp_stun(struct dp_worker *w, struct rte_mbuf **pkts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		process(w, pkts[i]);
}
