/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/agent/snapshot.h"

#include "dataplane/agent/agent.h"
#include "dataplane/agent/objects.h"
#include "shared/log.h"

void dp_snapshot_begin(struct dp_agent *a)
{
	a->sweep_ns = 0;
	for (int k = 0; k < DP_OBJECT_KINDS; k++)
		for (uint32_t i = 0; i < a->objects.slots[k]; i++)
			a->objects.table[k][i].claimed = false;
}

static void claim_id(struct dp_objects *o, sh_id id)
{
	struct dp_object *x = NULL, *encoding;

	for (int k = 0; k < DP_OBJECT_KINDS && !x; k++)
		x = dp_objects_find(o, (enum dp_object_kind)k, id);
	if (!x)
		return;
	x->claimed = true;
	LIST_FOREACH(encoding, &x->encodings, on_producer)
	encoding->claimed = true;
}

void dp_snapshot_claim(struct dp_agent *a, const struct sh_claim *claim)
{
	for (uint32_t i = 0; i < claim->count; i++)
		claim_id(&a->objects, claim->id[i]);
}

void dp_snapshot_end(struct dp_agent *a, uint32_t grace_ms)
{
	a->sweep_ns = a->now_ns + (uint64_t)grace_ms * 1000000;
}

void dp_snapshot_sweep(struct dp_agent *a)
{
	uint32_t swept[DP_OBJECT_KINDS] = {0};

	if (!a->sweep_ns || a->now_ns < a->sweep_ns)
		return;
	a->sweep_ns = 0;
	for (int k = DP_OBJECT_KINDS - 1; k >= 0; k--)
		for (uint32_t i = 0; i < a->objects.slots[k]; i++) {
			struct dp_object *x = &a->objects.table[k][i];

			if (x->id == 0 || x->claimed || x->dying)
				continue;
			dp_objects_remove(&a->objects, x);
			swept[k]++;
		}
	if (swept[DP_TRANSPORT] | swept[DP_PRODUCER] | swept[DP_CONSUMER])
		sh_log(SH_LOG_INFO, "swept transports=%u producers=%u consumers=%u", swept[DP_TRANSPORT],
			swept[DP_PRODUCER], swept[DP_CONSUMER]);
}
