/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/stream/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_debug.h>
#include <rte_hash.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/prepared.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/tx.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/probing.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/transport_state.h"
#include "dataplane/worker/capture.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"

struct world *world;

static _Atomic unsigned mbufs, chunks;

/* --- in place of DPDK's libraries ------------------------------------------------------ */

RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = LCORE_ID_ANY;

static int put(struct rte_mempool *mp, void *const *objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		memset(objects[i], 0xdd, mp->elt_size);
		__asm__ volatile("" ::"r"(objects[i]) : "memory"); /* or the compiler leaves it out */
		free(objects[i]);
	}
	*(mp == &world->pool ? &mbufs : &chunks) -= n;
	return 0;
}

static int get(struct rte_mempool *mp, void **objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		objects[i] = aligned_alloc(64, RTE_ALIGN_CEIL(mp->elt_size, 64u));
	*(mp == &world->pool ? &mbufs : &chunks) += n;
	return 0;
}

struct rte_mempool_ops_table rte_mempool_ops_table = {
	.num_ops = 1,
	.ops = {{.name = "test", .enqueue = put, .dequeue = get}},
};

void *rte_zmalloc(const char *type, size_t size, unsigned align)
{
	void *p = aligned_alloc(64, RTE_ALIGN_CEIL(size, (size_t)64));

	memset(p, 0, size);
	return p;
}

void *rte_zmalloc_socket(const char *type, size_t size, unsigned align, int socket)
{
	return rte_zmalloc(type, size, align);
}

void rte_free(void *p)
{
	free(p);
}

void __rte_panic(const char *where, const char *format, ...)
{
	fail_msg("%s panics: %s", where, format);
	abort();
}

static uint64_t next_random = 88172645463325252u;

uint64_t rte_rand(void)
{
	next_random ^= next_random << 13;
	next_random ^= next_random >> 7;
	next_random ^= next_random << 17;
	return next_random;
}

uint64_t rte_rand_max(uint64_t upper)
{
	return rte_rand() % upper;
}

int dp_tx_note_offset = RTE_ALIGN_CEIL(offsetof(struct rte_mbuf, dynfield1), 8);

/* --- in place of the stages behind ------------------------------------------------------- */

void dp_capture_write(struct dp_capture *c, const struct sh_captured *what,
	const struct dp_capture_part *part, unsigned n)
{
	struct sh_captured *r = &world->captured[world->captures++ % WORLD_CAPTURED];

	memcpy(r, what, offsetof(struct sh_captured, data));
	r->caplen = 0;
	for (unsigned i = 0; i < n; r->caplen = (uint16_t)(r->caplen + part[i].len), i++)
		memcpy(r->data + r->caplen, part[i].data, part[i].len);
}

void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	w->stats->drop[reason]++;
	rte_pktmbuf_free(m);
}

bool dp_report_layers(struct dp_worker *w, sh_id id, const struct sh_layers *layers)
{
	world->told[id - 1] = *layers;
	return true;
}

/* Weak: a test that needs others of transport_state.c has them all. */
__attribute__((weak)) void dp_transport_sends(struct dp_worker *w, struct dp_transport *t)
{
}

__attribute__((weak)) int dp_transport_expect_ssrcs(struct dp_worker *w, struct dp_transport *t)
{
	return 0;
}

static unsigned *room_of(uint16_t port)
{
	return port ? &world->other_room : &world->room;
}

/* Only frames of the kernel go this way (path/exception.c), and no port of the world has an interface. */
void dp_tx(struct dp_worker *w, uint16_t port, struct rte_mbuf *m)
{
	fail_msg("a frame of the kernel is sent");
}

unsigned dp_tx_room(const struct dp_worker *w, uint16_t port)
{
	return *room_of(port);
}

bool dp_outgoing_refill(struct dp_worker *w, struct dp_outgoing *o)
{
	o->spare[o->spares++] = world_mbuf(0);
	return true;
}

static void note_sent(const struct dp_transport *t, const struct dp_srtp_job *j)
{
	struct sent *s = &world->log[t->slot][world->sent[t->slot]++];

	assert_true(world->sent[t->slot] <= WORLD_SENT);
	assert_true((size_t)j->hdr_len + j->payload_len <= sizeof(s->bytes));
	s->number = (uint64_t)j->roc << 16 | (uint16_t)(j->dst[2] << 8 | j->dst[3]);
	s->len = (uint16_t)(j->hdr_len + j->payload_len);
	memcpy(s->bytes, j->dst, j->hdr_len);
	memcpy(s->bytes + j->hdr_len, j->payload, j->payload_len);
	dp_srtp_patch(j, s->bytes + j->hdr_len);
	s->content = 0;
	memcpy(&s->content, j->payload, RTE_MIN(sizeof(s->content), (size_t)j->payload_len));
}

/* Payloads are read here and not before, as by the cipher. */
void dp_outgoing_flush(struct dp_worker *w, struct dp_outgoing *o)
{
	if (world->before_flush)
		world->before_flush();
	for (unsigned i = 0; i < o->count; i++) {
		assert_true((*room_of(o->transport[i]->encap.port_id))-- > 0);
		note_sent(o->transport[i], &o->job[i]);
		rte_pktmbuf_free(o->mbuf[i]);
	}
	o->count = 0;
}

void dp_outgoing_end(struct dp_worker *w, struct dp_outgoing *o)
{
	dp_outgoing_flush(w, o);
	for (; o->spares; o->spares--)
		rte_pktmbuf_free(o->spare[o->spares - 1]);
}

/* --- the world ----------------------------------------------------------------------------- */

static struct rte_ring *ring(unsigned slots)
{
	struct rte_ring *r = rte_zmalloc(NULL, sizeof(*r) + slots * sizeof(uint32_t), 64);

	r->size = slots;
	r->mask = r->capacity = slots - 1;
	r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	return r;
}

static void make_worker(unsigned i)
{
	struct dp_worker *w = &world->worker[i];

	w->id = i;
	w->workers = WORLD_WORKERS;
	w->config = &world->config;
	w->pool = &world->pool;
	w->chunk_pool = &world->chunks;
	w->stats = &world->stats[i];
	w->producer_stats = world->producer_stats;
	w->consumer_stats = world->consumer_stats;
	w->streams = world->stream;
	w->transports = world->producer;
	w->consumers = world->consumer;
	w->ports = &world->ports;
	w->audience = calloc(WORLD_PORTS * WORLD_STREAMS, sizeof(*w->audience));
	for (unsigned k = 0; k < WORLD_PORTS; k++)
		assert_true(dp_schedule_init(&w->audio[k], WORLD_STREAMS, 0) &&
			    dp_schedule_init(&w->video[k], WORLD_STREAMS, 0));
	w->selection_pool = &world->selections;
	w->catch_up_pool = &world->catch_ups;
	w->continuation_pool = &world->continuations;
	w->adapt = calloc(WORLD_VIEWERS, sizeof(*w->adapt));
	w->probing = calloc(1, sizeof(*w->probing));
	w->prepared = rte_zmalloc(NULL, DP_PREPARED * sizeof(*w->prepared), 64);
	w->resent = calloc(DP_RESENT, sizeof(*w->resent));
	w->watched = calloc(WORLD_STREAMS, sizeof(*w->watched));
	w->consumer_ssrcs = calloc(dp_consumer_chains(WORLD_VIEWERS), sizeof(*w->consumer_ssrcs));
	w->now_ns = 1000 * DP_MS;
	w->tx_age_ns = w->deadline_ns = 100 * DP_MS;
	w->retention_ns = UINT64_MAX;
	for (unsigned k = 0; k < WORLD_WORKERS; k++) {
		w->peer[k] = &world->worker[k];
		if (k != i)
			w->wake[k] = ring(8);
	}
}

int world_setup(void **state)
{
	world = rte_zmalloc(NULL, sizeof(*world), 64);
	mbufs = chunks = 0;
	world->config.dataplane.stream_packets = WORLD_RING;
	world->config.dataplane.workers = WORLD_WORKERS;
	world->config.limit.producers = WORLD_STREAMS;
	world->config.limit.consumers = WORLD_VIEWERS;
	world->ports.count = WORLD_PORTS;
	for (unsigned i = 0; i < WORLD_PORTS; i++)
		world->ports.by_id[i] = &world->ports.port[i];
	world->next_ssrc = 0x1000;
	world->pool.elt_size = sizeof(struct rte_mbuf) + sizeof(struct dp_meta) + 256;
	world->chunks.elt_size = sizeof(struct dp_audience_chunk);
	world->selections.elt_size = sizeof(struct dp_selection);
	world->catch_ups.elt_size = sizeof(struct dp_catch_up);
	world->continuations.elt_size = sizeof(struct dp_continuation);
	world->room = world->other_room = UINT32_MAX;
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		make_worker(i);
	for (unsigned i = 0; i < WORLD_VIEWERS; i++) {
		world->transport[i].slot = i;
		world->transport[i].can_send = true;
		world->transport[i].encap.mtu = 1500;
	}
	return 0;
}

int world_teardown(void **state)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		struct dp_worker *w = &world->worker[i];

		free(w->audience);
		for (unsigned k = 0; k < 2 * WORLD_PORTS; k++) {
			struct dp_schedule *t = k % 2 ? &w->video[k / 2] : &w->audio[k / 2];

			free(t->current);
			free(t->next);
		}
		free(w->watched);
		free(w->resent);
		free(w->prepared);
		free(w->adapt);
		free(w->probing);
		free(w->consumer_ssrcs);
		for (unsigned k = 0; k < WORLD_WORKERS; k++)
			free(w->wake[k]);
	}
	assert_int_equal(mbufs, 0);
	assert_int_equal(chunks, 0);
	free(world);
	return 0;
}

struct dp_stream *world_stream(unsigned slot)
{
	return world_stream_of(slot, SH_KIND_VIDEO);
}

struct dp_stream *world_stream_of(unsigned slot, uint8_t kind)
{
	struct dp_stream *s = &world->stream[slot];
	struct dp_op op = {.slot = slot, .slot2 = slot, .slot3 = slot};

	op.cmd.id = slot + 1;
	op.cmd.producer_add = SH_PRODUCER_ADD_SIMPLE;
	op.cmd.producer_add.kind = kind;
	op.cmd.producer_add.codec = SH_CODEC_VP8;
	op.cmd.producer_add.clock_rate = 90000;
	op.cmd.producer_add.ssrc = 0x100 + slot;
	op.cmd.producer_add.pt = 96;
	assert_int_equal(dp_stream_prepare(s, &world->config, &op.cmd.producer_add, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	return s;
}

void world_stream_gone(unsigned slot)
{
	struct dp_op op = {.slot = slot};

	assert_int_equal(dp_stream_del(&world->worker[0], &op), 0);
	dp_stream_dispose(&world->stream[slot]);
}

int world_join(unsigned viewer, unsigned slot, unsigned worker)
{
	return world_join_with(viewer, slot, worker, SH_CONSUMER_NACK);
}

int world_join_with(unsigned viewer, unsigned slot, unsigned worker, uint32_t flags)
{
	struct dp_worker *w = &world->worker[worker];
	struct dp_op op = {.slot = viewer, .slot2 = viewer, .slot3 = slot};
	int error;

	w->transports = world->transport;
	op.cmd.id = viewer + 1;
	op.cmd.consumer_add.ssrc = world->next_ssrc++;
	op.cmd.consumer_add.pt = 101;
	op.cmd.consumer_add.wishes = SH_WISHES_NONE;
	op.cmd.consumer_add.flags = flags;
	error = dp_consumer_add(w, &op);
	w->transports = world->producer;
	return error;
}

void world_leave(unsigned viewer)
{
	struct dp_op op = {.slot = viewer};
	const struct dp_consumer *v = &world->consumer[viewer];
	unsigned worker = 0;

	/* The one whose audience it is in. */
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		for (struct dp_audience_chunk *c =
				dp_audience_of(&world->worker[i], v->stream->slot, v->port_index)->first;
			c; c = c->next)
			if (c == v->chunk)
				worker = i;
	assert_int_equal(dp_consumer_del(&world->worker[worker], &op), 0);
}

struct rte_mbuf *world_mbuf(uint32_t content)
{
	struct rte_mbuf *m;

	assert_int_equal(rte_mempool_get(&world->pool, (void **)&m), 0);
	memset(m, 0, world->pool.elt_size);
	m->pool = &world->pool;
	m->priv_size = sizeof(struct dp_meta);
	m->buf_addr = (char *)m + sizeof(*m) + sizeof(struct dp_meta);
	m->buf_len = 256;
	m->nb_segs = 1;
	rte_mbuf_refcnt_set(m, 1);
	memcpy(m->buf_addr, &content, sizeof(content));
	return m;
}

uint32_t world_content(const struct rte_mbuf *m)
{
	uint32_t content;

	memcpy(&content, m->buf_addr, sizeof(content));
	return content;
}

bool world_append(struct dp_stream *s, uint64_t seq)
{
	struct dp_ring_entry *entry;

	if (!dp_stream_room(s))
		return false;
	entry = dp_stream_next(s);
	*entry = (struct dp_ring_entry){.mbuf = world_mbuf((uint32_t)seq), .rx_ns = world->worker[0].now_ns};
	entry->payload = entry->mbuf->buf_addr;
	entry->info.seq = seq;
	entry->info.payload_len = sizeof(uint32_t);
	entry->info.keyframe = true;
	dp_stream_append(s);
	return true;
}

void world_packet(struct dp_stream *s, uint64_t seq)
{
	assert_true(world_append(s, seq));
	dp_audience_notify(&world->worker[0], s);
}

void world_rtp(struct dp_stream *s, uint16_t seq, uint32_t timestamp, const void *payload, size_t len)
{
	world_rtp_marked(s, seq, timestamp, payload, len, false);
}

void world_rtp_marked(struct dp_stream *s, uint16_t seq, uint32_t timestamp, const void *payload, size_t len,
	bool marker)
{
	uint8_t pkt[2048] = {0x80, (uint8_t)(marker << 7 | s->pt)};

	sh_put_be16(pkt + 2, seq);
	sh_put_be32(pkt + 4, timestamp);
	sh_put_be32(pkt + 8, s->ssrc);
	assert_true(len <= sizeof(pkt) - 12);
	memcpy(pkt + 12, payload, len);
	world_rtp_packet(s, pkt, 12 + len);
}

void world_rtp_packet(struct dp_stream *s, const uint8_t *packet, size_t len)
{
	struct rte_mbuf *m = world_mbuf(0);

	assert_true(len <= m->buf_len);
	memcpy(rte_pktmbuf_mtod(m, uint8_t *), packet, len);
	*dp_meta(m) = (struct dp_meta){
		.transport = s->transport,
		.payload_len = (uint16_t)len,
		.rx_ns = world->worker[0].now_ns,
	};
	dp_route(&world->worker[0], &m, 1);
}

void world_tx_age(uint64_t ns)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].tx_age_ns = world->worker[i].deadline_ns = ns;
}

void world_deadline(uint64_t ns)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].deadline_ns = ns;
}

unsigned world_mbufs(void)
{
	return mbufs;
}

/* No transport is bound to an address here. */
int rte_hash_lookup_data(const struct rte_hash *h, const void *key, void **data)
{
	return -ENOENT;
}
