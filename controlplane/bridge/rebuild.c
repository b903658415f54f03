/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Goes on with the objects of a predecessor: at the first connection to a data plane, asks for the
 * list of its objects, has the rooms make each again, and claims it, so that the sweep leaves it.
 */

#include "controlplane/bridge/rebuild.h"

#include <inttypes.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/dataplane.h"
#include "controlplane/persist/persist.h"
#include "shared/log.h"

/* Sends the ids that have been collected. A claim that is lost costs its objects after the sweep. */
static void send_claim(struct cp_dataplane *p)
{
	struct cp_rebuild *b = &p->rebuild;
	int error = 0;

	if (b->claim.claim.count > 0)
		error = cp_dp_send(p->dp, &b->claim, NULL, NULL);
	if (error != 0)
		sh_log(SH_LOG_ERROR, "claim-failed objects=%u reason=\"%s\"", b->claim.claim.count,
			strerror(error));
	b->claim.claim.count = 0;
}

static void claim(struct cp_dataplane *p, sh_id id)
{
	struct sh_claim *c = &p->rebuild.claim.claim;

	c->id[c->count++] = id;
	if (c->count == SH_CLAIM_MAX)
		send_claim(p);
}

static struct cp_peer *make_peer(void *arg, const struct cp_saved_transport *saved)
{
	struct cp_dataplane *p = arg;

	return p->calls->make_peer(p, saved);
}

bool cp_rebuild_begin(struct cp_dataplane *p)
{
	struct cp_rebuild *b = &p->rebuild;
	struct sh_cmd list = {.op = SH_OP_LIST};

	if (b->begun)
		return false;
	b->begun = true;
	b->begun_ns = cp_now_ns();
	b->claim = (struct sh_cmd){.op = SH_OP_CLAIM};
	b->restore = (struct cp_restore){.model = p->model, .make_peer = make_peer, .arg = p};
	if (cp_restore_begin(&b->restore) != 0)
		return false;
	if (cp_dp_send(p->dp, &list, NULL, NULL) != 0) {
		cp_restore_end(&b->restore, NULL);
		return false;
	}
	b->active = true;
	return true;
}

static void report(const struct cp_rebuild *b)
{
	const struct cp_restore_counts *n = &b->restore.counts;
	uint64_t us = (cp_now_ns() - b->begun_ns) / 1000;

	if (n->other_version > 0)
		sh_log(SH_LOG_WARN, "blobs-unreadable count=%u reason=\"they are of another version\"",
			n->other_version);
	if (n->damaged > 0)
		sh_log(SH_LOG_ERROR, "blobs-unreadable count=%u reason=\"they are damaged\"", n->damaged);
	sh_log(SH_LOG_INFO,
		"restored transports=%u producers=%u consumers=%u unreadable=%u orphaned=%u without_blob=%u "
		"us=%" PRIu64,
		n->restored[SH_OBJECT_TRANSPORT], n->restored[SH_OBJECT_PRODUCER],
		n->restored[SH_OBJECT_CONSUMER], n->other_version + n->damaged, n->orphaned, n->without_blob,
		us);
}

bool cp_rebuild_object(struct cp_dataplane *p, const struct sh_object *o)
{
	struct cp_rebuild *b = &p->rebuild;

	if (!b->active)
		return false;
	if (o->kind != SH_OBJECT_END) {
		if (cp_restore_object(&b->restore, o))
			claim(p, o->id);
		return false;
	}
	b->active = false;
	send_claim(p);
	cp_restore_end(&b->restore, o);
	p->counters->restored = b->restore.counts;
	report(b);
	return true;
}

void cp_rebuild_abort(struct cp_dataplane *p)
{
	if (p->rebuild.active)
		cp_restore_end(&p->rebuild.restore, NULL);
	p->rebuild.active = false;
}
