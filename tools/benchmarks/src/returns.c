/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/returns.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "dataplane/rtp/rtcp.h"
#include "dataplane/rtp/rtcp_build.h"
#include "tools/loadgen/check.h"

enum {
	REPORTER = 0x30000000, /* viewer i's own SSRC is REPORTER + i */
	CHECK_S = 5, /* seconds between a viewer's checks */
	/*
	 * Most packets at a time. Packets that were due while this program had no core are not made
	 * up for: viewers have their own clocks, and do not send bursts because this program was
	 * delayed.
	 */
	BURST = 64,
	REPORT_MAX = 200,
	REMB_BPS = 20000000,
	LOST_256 = 2, /* fraction lost: about 1 % */
	COUNTERS_MS = 1200, /* a device's counters are published each second */
	MISSED_PER_MILLE = 1,
};

static struct dp_srtp_session *session_of(const struct returns *r, unsigned i)
{
	return (struct dp_srtp_session *)(void *)(r->session + i * r->session_size);
}

void returns_open(struct returns *r, struct crowd *c, unsigned rate)
{
	memset(r, 0, sizeof(*r));
	r->crowd = c;
	r->rate = rate;
	sh_hmac_sha1_key(&r->key, CROWD_PWD, sizeof(CROWD_PWD) - 1);
	r->engine =
		dp_srtp_engine_new(dp_srtp_available(DP_SRTP_IPSEC_MB) ? DP_SRTP_IPSEC_MB : DP_SRTP_LIBSRTP2);
	if (!r->engine)
		bench_die("no memory");
	r->session_size = dp_srtp_session_size(r->engine, DP_SRTP_OUT);
	r->session = aligned_alloc(64, r->session_size * c->viewers);
	r->last_requested = calloc(c->viewers, sizeof(*r->last_requested));
	if (!r->session || !r->last_requested)
		bench_die("no memory");
	for (unsigned i = 0; i < c->viewers; i++) {
		struct dp_srtp_keys keys;

		crowd_viewer_keys(c, i, &keys);
		if (dp_srtp_open(r->engine, session_of(r, i), DP_SRTP_OUT, &keys, 0) != 0)
			bench_die("a viewer has no session");
	}
}

void returns_close(struct returns *r)
{
	for (unsigned i = 0; i < r->crowd->viewers; i++)
		dp_srtp_close(r->engine, session_of(r, i));
	dp_srtp_engine_free(r->engine);
	free(r->session);
	free(r->last_requested);
}

/* --- sending ------------------------------------------------------------------------------ */

/* Whether this report requests the last packet, which the viewer has not requested before. */
static bool nack_is_due(const struct returns *r, unsigned i)
{
	const struct crowd_viewer *v = &r->crowd->viewer[i];

	return (r->round + i) % RETURNS_NACKS_OF < r->nacks && v->at > v->first &&
	       r->last_requested[i] != v->at - 1;
}

/* Appends what the report has beside its first two packets. */
static bool put_feedback(struct returns *r, unsigned i, struct dp_rtcp_buf *b)
{
	uint32_t media = CROWD_SSRC + i;
	uint16_t seq = (uint16_t)(r->crowd->viewer[i].at - 1);

	if (r->remb && !dp_rtcp_put_remb(b, REPORTER + i, REMB_BPS, &media, 1))
		return false;
	if (!nack_is_due(r, i))
		return true;
	r->last_requested[i] = r->crowd->viewer[i].at - 1;
	r->requested++;
	return dp_rtcp_put_nack(b, REPORTER + i, media, &seq, 1);
}

/* Writes a receiver report and an SDES with the CNAME, as browsers do. Returns its length. */
static size_t write_report(struct returns *r, unsigned i, uint8_t *out, size_t cap)
{
	struct dp_rtcp_report report = {.ssrc = CROWD_SSRC + i,
		.highest_seq = (uint32_t)r->crowd->viewer[i].at - 1,
		.fraction_lost = r->nacks ? LOST_256 : 0};
	struct dp_rtcp_buf b = {.data = out, .cap = cap};

	if (!dp_rtcp_put_rr(&b, REPORTER + i, &report, 1) ||
		!dp_rtcp_put_sdes_cname(&b, REPORTER + i, "viewer", 6) || !put_feedback(r, i, &b) ||
		dp_srtp_protect_rtcp(r->engine, session_of(r, i), out, &b.len, cap) != 0)
		bench_die("a report cannot be written");
	return b.len;
}

/* True once in CHECK_S seconds for each viewer; the checks are spread over the viewers. */
static bool check_is_due(const struct returns *r)
{
	return (r->round + r->next) % (CHECK_S * r->rate) == 0;
}

static struct rte_mbuf *packet(struct returns *r, bool check)
{
	struct rte_mbuf *m = link_packet();
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), *data = frame + CROWD_HEADERS;
	size_t len = check ? lg_check_write(data, CROWD_UFRAG, &r->key, r->round, LG_CHECK_BROWSER)
			   : write_report(r, r->next, data, REPORT_MAX);

	crowd_viewer_headers(r->crowd, r->next, frame, len);
	m->data_len = (uint16_t)(CROWD_HEADERS + len);
	m->pkt_len = m->data_len;
	return m;
}

static void offer(struct returns *r, struct rte_mbuf *m)
{
	r->sent++;
	r->refused += !link_offer(&m, 1, crowd_viewer_worker(r->crowd, r->next));
}

void returns_begin(struct returns *r)
{
	const struct plane *plane = r->crowd->plane;
	const volatile struct sh_worker_stats *w = plane_worker(plane);

	r->due = 0;
	r->sending_tsc = 0;
	r->sent = r->refused = r->requested = 0;
	r->marked_sent = r->marked_refused = 0;
	r->judged = r->judged_refused = 0;
	r->base_rtcp = w->rtcp_in;
	r->base_answered = w->stun_answered;
	r->base_missed = sh_stats_port(&plane->stats, PLANE_LINK)->rx_missed;
}

void returns_resume(struct returns *r)
{
	r->last_tsc = rte_rdtsc();
}

void returns_send(struct returns *r)
{
	uint64_t now = rte_rdtsc(), elapsed = now - r->last_tsc;
	double a_second = (double)r->rate * r->crowd->viewers;

	r->last_tsc = now;
	r->sending_tsc += elapsed;
	r->due += (double)elapsed * a_second / (double)rte_get_tsc_hz();
	if (r->due > BURST)
		r->due = BURST;
	for (; r->due >= 1; r->due--) {
		if (check_is_due(r))
			offer(r, packet(r, true));
		offer(r, packet(r, false));
		if (++r->next == r->crowd->viewers) {
			r->next = 0;
			r->round++;
		}
	}
}

void returns_mark(struct returns *r, bool judge)
{
	if (judge) {
		r->judged += r->sent - r->marked_sent;
		r->judged_refused += r->refused - r->marked_refused;
	}
	r->marked_sent = r->sent;
	r->marked_refused = r->refused;
}

/* --- judging ------------------------------------------------------------------------------ */

bool returns_end(struct returns *r, struct result *result)
{
	const volatile struct sh_worker_stats *w = plane_worker(r->crowd->plane);
	uint64_t lost, end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * COUNTERS_MS;

	while (rte_rdtsc() < end) {
		struct timespec nap = {.tv_nsec = 50000};

		if (!crowd_receive(r->crowd))
			nanosleep(&nap, NULL);
	}
	result->returned = r->sent;
	result->return_pps = (double)r->sent * (double)rte_get_tsc_hz() / (double)r->sending_tsc;
	result->rtcp_in = w->rtcp_in - r->base_rtcp;
	result->stun_answered = w->stun_answered - r->base_answered;
	result->refused = r->refused;
	result->judged = r->judged;
	result->judged_refused = r->judged_refused;
	lost = sh_stats_port(&r->crowd->plane->stats, PLANE_LINK)->rx_missed - r->base_missed;
	result->missed = r->refused + lost;
	return result->rtcp_in + result->stun_answered + result->missed == r->sent &&
	       (r->judged_refused + lost) * 1000 <= r->judged * MISSED_PER_MILLE;
}
