/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/path_mtu.h"

#include <string.h>

#include <rte_hash.h>

#include "dataplane/tables/transport.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

#define LIFETIME (600 * 1000 * DP_MS)

/* Returns the transport that sends along the path, or NULL. */
static struct dp_transport *find_sender(const struct dp_worker *w, const struct sh_path *path)
{
	struct dp_tuple_key key = dp_tuple_key(path), other;
	uint32_t offset = (uint32_t)path->local.port - (w->udp_port - w->id);
	struct dp_transport *t;
	void *value;

	if (rte_hash_lookup_data(w->tuples, &key, &value) >= 0) {
		t = &w->transports[(uintptr_t)value >> 8];
		return t->selected == (uint8_t)(uintptr_t)value ? t : NULL;
	}
	t = offset < w->udp_ports ? w->plain_transports[offset] : NULL;
	if (!t || t->selected != 0)
		return NULL;
	other = dp_tuple_key(&t->tuple[0].path);
	return memcmp(&key, &other, sizeof(key)) == 0 ? t : NULL;
}

void dp_path_mtu_learn(struct dp_worker *w, const struct sh_path *path, uint16_t mtu)
{
	struct dp_transport *t = find_sender(w, path);
	uint16_t before;

	if (!t || !t->can_send || t->tx_packets == 0 || mtu > t->encap.path_mtu)
		return;
	before = t->encap.path_mtu;
	t->encap.path_mtu = mtu;
	t->path_mtu_ns = w->now_ns;
	w->stats->path_mtu_changes += mtu != before;
}

void dp_path_mtu_expire(struct dp_worker *w, struct dp_transport *t)
{
	if (t->path_mtu_ns == 0 || !dp_older_than(w, t->path_mtu_ns, LIFETIME))
		return;
	t->path_mtu_ns = 0;
	w->stats->path_mtu_changes++;
	t->encap.path_mtu = t->encap.mtu;
}
