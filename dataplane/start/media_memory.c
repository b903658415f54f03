/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/start/media_memory.h"

#include <assert.h>
#include <errno.h>

#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_mempool.h>

#include "dataplane/path/prepared.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/worker/worker.h"
#include "shared/log.h"

enum { CONTINUATIONS = 32768 }; /* consumers whose SSRCs may return; those of others do not */
enum { CATCH_UPS = 32768 }; /* viewers that catch up, or have lately; others wait for a key frame */
enum { MEMBERS = RTE_DIM(((struct dp_audience_chunk *)0)->member) }; /* consumers in one chunk */

/*
 * Limits the memory that a viewer costs with one worker: a transport with its sessions, tuples and
 * statistics, one consumer, and a place in an audience. A change that exceeds the limit must be
 * weighed against a hundred thousand viewers.
 */
static_assert(sizeof(struct dp_transport) + DP_SRTP_SESSIONS_MAX + SH_MAX_TUPLES * DP_TUPLE_BYTES +
			      sizeof(struct sh_transport_stats) + sizeof(struct dp_consumer) +
			      sizeof(struct sh_consumer_stats) + sizeof(struct dp_audience_chunk) / MEMBERS <=
		      4 * 1024,
	"a viewer's memory");
static_assert(sizeof(struct dp_selection) + sizeof(struct dp_adapt) <= 256, "and what layers add to it");
static_assert(offsetof(struct dp_consumer, id) == 2 * RTE_CACHE_LINE_SIZE &&
		      offsetof(struct dp_transport, id) == 2 * RTE_CACHE_LINE_SIZE,
	"what a packet needs of each is two cache lines: the fan-out prefetches these");

/* Returns libsrtp2 if it is configured, otherwise ipsec-mb if this CPU supports it. */
static enum dp_srtp_kind choose_engine(enum sh_engine wanted)
{
	if (wanted == SH_ENGINE_LIBSRTP2)
		return DP_SRTP_LIBSRTP2;
	if (dp_srtp_available(DP_SRTP_IPSEC_MB))
		return DP_SRTP_IPSEC_MB;
	sh_log(SH_LOG_WARN, "srtp-engine engine=libsrtp2 reason=\"this CPU has no AES instructions\"");
	return DP_SRTP_LIBSRTP2;
}

static uint8_t *allocate_sessions(size_t size, uint32_t count, int socket)
{
	return rte_zmalloc_socket("srtp sessions", size * count, RTE_CACHE_LINE_SIZE, socket);
}

static void *take_block(void *pool)
{
	void *b;

	return rte_mempool_get(pool, &b) ? NULL : b;
}

static void give_block(void *pool, void *block)
{
	rte_mempool_put(pool, block);
}

static struct rte_mempool *make_blocks(const struct sh_config_limits *limit, int socket)
{
	return rte_mempool_create("ssrcs", dp_ssrc_blocks(limit->producers, limit->consumers),
		DP_SRTP_BLOCK_SIZE, 0, 0, NULL, NULL, NULL, NULL, socket, 0);
}

int dp_media_memory_init(struct dp_worker *const *workers, unsigned n)
{
	const struct sh_config *c = workers[0]->config;
	const struct sh_config_limits *limit = &c->limit;
	enum dp_srtp_kind kind = choose_engine(c->dataplane.engine);
	struct rte_mempool *twcc, *chunks, *selections, *catch_ups, *continuations, *blocks;
	unsigned ports = c->network.port_count;
	uint8_t *in, *out;
	struct dp_adapt *adapt;
	size_t in_size, out_size;

	for (unsigned i = 0; i < n; i++) {
		workers[i]->engine = dp_srtp_engine_new(kind);
		if (!workers[i]->engine)
			return errno;
		workers[i]->stats->engine = kind;
	}
	in_size = dp_srtp_session_size(workers[0]->engine, DP_SRTP_IN);
	out_size = dp_srtp_session_size(workers[0]->engine, DP_SRTP_OUT);
	in = allocate_sessions(in_size, limit->transports, workers[0]->socket);
	out = allocate_sessions(out_size, limit->transports, workers[0]->socket);
	twcc = rte_mempool_create("twcc", limit->producers, sizeof(struct dp_twcc), 0, 0, NULL, NULL, NULL,
		NULL, workers[0]->socket, 0);
	/*
	 * Chunks for all consumers, and one partly filled chunk for each audience: at most one
	 * audience per stream, worker and port, and none without a consumer.
	 */
	chunks = rte_mempool_create("audience",
		limit->consumers / MEMBERS +
			(uint32_t)RTE_MIN((uint64_t)limit->consumers, (uint64_t)limit->producers * n * ports),
		sizeof(struct dp_audience_chunk), 0, 0, NULL, NULL, NULL, NULL, workers[0]->socket, 0);
	selections = rte_mempool_create("selections", limit->consumers, sizeof(struct dp_selection), 0, 0,
		NULL, NULL, NULL, NULL, workers[0]->socket, 0);
	catch_ups = rte_mempool_create("catch-ups", RTE_MIN(limit->consumers, (uint32_t)CATCH_UPS),
		sizeof(struct dp_catch_up), 0, 0, NULL, NULL, NULL, NULL, workers[0]->socket, 0);
	continuations =
		rte_mempool_create("continuations", RTE_MIN(limit->consumers, (uint32_t)CONTINUATIONS),
			sizeof(struct dp_continuation), 0, 0, NULL, NULL, NULL, NULL, workers[0]->socket, 0);
	blocks = make_blocks(limit, workers[0]->socket);
	adapt = rte_zmalloc_socket("adaptation", limit->transports * sizeof(*adapt), RTE_CACHE_LINE_SIZE,
		workers[0]->socket);
	if (!in || !out || !twcc || !chunks || !selections || !catch_ups || !continuations || !blocks ||
		!adapt)
		return ENOMEM;

	for (unsigned i = 0; i < n; i++) {
		struct dp_worker *w = workers[i];

		dp_srtp_pool(w->engine,
			&(struct dp_srtp_blocks){.take = take_block, .give = give_block, .arg = blocks});
		w->session_in = in;
		w->session_out = out;
		w->session_in_size = in_size;
		w->session_out_size = out_size;
		w->twcc_pool = twcc;
		w->chunk_pool = chunks;
		w->selection_pool = selections;
		w->catch_up_pool = catch_ups;
		w->continuation_pool = continuations;
		w->watched = rte_zmalloc_socket("watched streams", limit->producers * sizeof(*w->watched), 0,
			w->socket);
		w->resent = rte_zmalloc_socket("retransmissions", DP_RESENT * sizeof(*w->resent),
			RTE_CACHE_LINE_SIZE, w->socket);
		w->prepared = rte_zmalloc_socket("prepared packets", DP_PREPARED * sizeof(*w->prepared),
			RTE_CACHE_LINE_SIZE, w->socket);
		w->probing =
			rte_zmalloc_socket("probes", sizeof(*w->probing), RTE_CACHE_LINE_SIZE, w->socket);
		w->adapt = adapt;
		if (!w->watched || !w->resent || !w->prepared || !w->probing)
			return ENOMEM;
		for (unsigned port = 0; port < ports; port++)
			if (!dp_schedule_init(&w->audio[port], limit->producers, w->socket) ||
				!dp_schedule_init(&w->video[port], limit->producers, w->socket))
				return ENOMEM;
	}
	return 0;
}

void dp_media_memory_close(struct dp_worker *w)
{
	for (uint32_t i = 0; i < w->owned_count; i++)
		dp_transport_close_srtp(w, w->owned[i]);
	dp_srtp_engine_free(w->engine);
	w->engine = NULL;
}
