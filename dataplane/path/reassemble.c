/* SPDX-License-Identifier: Apache-2.0 */
#define ALLOW_EXPERIMENTAL_API /* rte_ip_frag_table_del_expired_entries() */

#include "dataplane/path/reassemble.h"

#include <string.h>

#include <rte_ip_frag.h>
#include <rte_malloc.h>

#include "dataplane/device/ports.h"
#include "dataplane/net/checksum.h"
#include "dataplane/net/fragment.h"
#include "dataplane/path/exception.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

enum { BUCKETS = 64, BUCKET_ENTRIES = 4 };

#define KEEP (1000 * DP_MS)

struct dp_reassembly {
	struct rte_ip_frag_tbl *table;
	struct rte_ip_frag_death_row dead; /* fragments that the table gave up */
	bool used; /* fragments may be in the table */
	uint64_t last_ns; /* the last fragment's arrival */
	uint64_t next_ns; /* when expired ones are dropped next */
};

struct dp_reassembly *dp_reassembly_new(int socket)
{
	struct dp_reassembly *r = rte_zmalloc_socket("reassembly", sizeof(*r), RTE_CACHE_LINE_SIZE, socket);

	if (!r)
		return NULL;
	/* The table's unit of time is the caller's: nanoseconds. */
	r->table = rte_ip_frag_table_create(BUCKETS, BUCKET_ENTRIES, DP_REASSEMBLY_DATAGRAMS, KEEP, socket);
	if (r->table)
		return r;
	rte_free(r);
	return NULL;
}

void dp_reassembly_free(struct dp_reassembly *r)
{
	if (!r)
		return;
	for (uint32_t i = 0; i < r->dead.cnt; i++)
		rte_pktmbuf_free(r->dead.row[i]);
	rte_ip_frag_table_destroy(r->table);
	rte_free(r);
}

/*
 * Counts and frees what the table gave up. `added` is the fragment that was added just now: if the
 * table gave it up, that is because there is no room, or because it does not fit to the others of
 * its datagram, which are given up with it. Otherwise they were too old. NULL: none was added.
 */
static void bury(struct dp_worker *w, const struct rte_mbuf *added)
{
	struct rte_ip_frag_death_row *dead = &w->reassembly->dead;
	bool refused = false;

	for (uint32_t i = 0; i < dead->cnt; i++)
		refused |= dead->row[i] == added;
	if (refused)
		w->stats->fragments_refused += dead->cnt;
	else
		w->stats->fragments_expired += dead->cnt;
	for (uint32_t i = 0; i < dead->cnt; i++)
		dp_drop(w, dead->row[i], SH_DROP_IP_FRAGMENT);
	dead->cnt = 0;
}

static struct rte_mbuf *add(struct dp_reassembly *r, struct rte_mbuf *m, uint8_t *ip, uint64_t now)
{
	struct rte_ipv6_hdr *v6 = (struct rte_ipv6_hdr *)(void *)ip;

	if (ip[0] >> 4 == 4)
		return rte_ipv4_frag_reassemble_packet(r->table, &r->dead, m, now,
			(struct rte_ipv4_hdr *)(void *)ip);
	return rte_ipv6_frag_reassemble_packet(r->table, &r->dead, m, now, v6,
		(struct rte_ipv6_fragment_ext *)(void *)(v6 + 1));
}

/* The library leaves the header's checksum to a device. */
static void complete_ipv4(uint8_t *ip)
{
	uint16_t sum;

	ip[10] = ip[11] = 0;
	sum = dp_sum_fold(dp_sum(0, ip, DP_IPV4_HEADER));
	memcpy(ip + 10, &sum, 2);
}

struct rte_mbuf *dp_reassemble(struct dp_worker *w, const struct dp_port *port, struct rte_mbuf *m,
	const struct dp_frame *f)
{
	struct dp_reassembly *r = w->reassembly;
	uint8_t family = f->type == DP_ETHERTYPE_IPV4 ? 4 : 6;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	struct dp_fragment part;
	enum sh_drop reason = dp_fragment_parse(&part, family, frame, m->data_len, f->offset);
	uint16_t offset = f->offset;
	const struct rte_mbuf *added;

	if (reason == DP_NET_OK && ((f->dst[0] & 1) || !dp_port_has(port, family, part.dst)))
		reason = SH_DROP_NOT_OURS;
	if (reason != DP_NET_OK) {
		dp_exception_out(w, port, m, reason);
		return NULL;
	}
	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - offset - part.header - part.len)); /* padding */
	m->l2_len = offset;
	m->l3_len = part.header;
	r->used = true;
	r->last_ns = w->now_ns;
	added = m;
	w->stats->fragments_in++;
	m = add(r, m, frame + offset, w->now_ns);
	bury(w, added);
	if (!m)
		return NULL;
	w->stats->fragments_joined++;
	if (rte_pktmbuf_linearize(m) != 0) {
		dp_drop(w, m, SH_DROP_TOO_LONG);
		return NULL;
	}
	m->ol_flags = 0; /* what the device said is about one fragment */
	if (family == 4)
		complete_ipv4(rte_pktmbuf_mtod_offset(m, uint8_t *, offset));
	return m;
}

void dp_reassembly_expire(struct dp_worker *w)
{
	struct dp_reassembly *r = w->reassembly;

	if (!r->used || w->now_ns < r->next_ns)
		return;
	r->next_ns = w->now_ns + KEEP / 4;
	rte_ip_frag_table_del_expired_entries(r->table, &r->dead, w->now_ns);
	bury(w, NULL);
	r->used = !dp_older_than(w, r->last_ns, 2 * KEEP);
}
