/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/blobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/connections.h"
#include "dataplane/worker/control_rings.h"

enum { SLOTS_A_TURN = 8192 /* of the tables that are looked at in one turn of the agent */ };

/* --- writing -------------------------------------------------------------------------- */

/* Finds an object that can have a blob. */
static struct dp_object *find(const struct dp_agent *a, sh_id id)
{
	struct dp_object *x = NULL;

	for (int k = 0; k < DP_OBJECT_KINDS && !x; k++)
		x = dp_objects_find(&a->objects, (enum dp_object_kind)k, id);
	return x && x->kind == DP_PRODUCER && x->producer ? NULL : x;
}

/* Whether the piece continues the blob that is being written, or begins another one. */
static bool follows(const struct dp_blob_writing *w, sh_id id, const struct sh_blob *piece)
{
	if (piece->at == 0)
		return true;
	return w->id == id && w->version == piece->version && w->size == piece->size && w->have == piece->at;
}

/* Gives the object the blob that is complete. */
static int keep(const struct dp_blob_writing *w, struct dp_object *x)
{
	struct dp_blob *blob = malloc(sizeof(*blob) + w->size);

	if (!blob)
		return ENOMEM;
	blob->version = w->version;
	blob->size = w->size;
	memcpy(blob->data, w->data, w->size);
	free(x->blob);
	x->blob = blob;
	return 0;
}

int dp_blob_write(struct dp_agent *a, const struct sh_cmd *cmd)
{
	struct dp_blob_writing *w = &a->writing;
	const struct sh_blob *piece = &cmd->blob;
	uint16_t left = (uint16_t)(piece->size - piece->at), len = left;
	struct dp_object *x = find(a, cmd->id);

	if (!follows(w, cmd->id, piece))
		return EINVAL;
	if (!x) {
		w->id = 0;
		return ENOENT;
	}
	if (len > SH_BLOB_PIECE)
		len = SH_BLOB_PIECE;
	w->id = cmd->id;
	w->version = piece->version;
	w->size = piece->size;
	memcpy(w->data + piece->at, piece->data, len);
	w->have = (uint16_t)(piece->at + len);
	if (w->have < w->size)
		return 0;
	w->id = 0;
	return keep(w, x);
}

void dp_blobs_detach(struct dp_agent *a)
{
	a->writing.id = 0;
	a->listing.active = false;
}

/* --- the list ------------------------------------------------------------------------- */

/* Notes the SSRC and MID that were given last. A consumer that continues another one has older ones. */
static void note_last(struct dp_object *t, const struct sh_consumer_add *c)
{
	uint32_t ssrc = c->rtx_ssrc ? c->rtx_ssrc : c->ssrc;

	if (t->of_transport.last_ssrc && (int32_t)(ssrc - t->of_transport.last_ssrc) < 0)
		return;
	t->of_transport.last_ssrc = ssrc;
	t->of_transport.mid_len = c->mid_len;
	memcpy(t->of_transport.mid, c->mid, sizeof(c->mid));
}

void dp_list_note(struct dp_object *x, const struct sh_cmd *cmd)
{
	const struct sh_consumer_add *c = &cmd->consumer_add;

	switch (cmd->op) {
	case SH_OP_TRANSPORT_ADD:
		/* Of one that exists, only new ICE credentials are accepted. */
		if (x->adding || (cmd->transport_add.kind == SH_TRANSPORT_WEBRTC &&
					 x->of_transport.add.kind == SH_TRANSPORT_WEBRTC))
			x->of_transport.add = cmd->transport_add;
		break;
	case SH_OP_TRANSPORT_SET:
		x->of_transport.max_bps = cmd->transport_set.max_bps;
		break;
	case SH_OP_PRODUCER_ADD:
		x->paused = (cmd->producer_add.flags & SH_PRODUCER_PAUSED) != 0;
		break;
	case SH_OP_PRODUCER_SET:
		x->paused = cmd->producer_set.paused;
		break;
	case SH_OP_CONSUMER_ADD:
		x->paused = (c->flags & SH_CONSUMER_PAUSED) != 0;
		x->wishes = c->wishes;
		note_last(x->transport, c);
		break;
	case SH_OP_CONSUMER_SET:
		x->paused = cmd->consumer_set.paused;
		x->wishes = cmd->consumer_set.wishes;
		break;
	default:
		break;
	}
}

void dp_list_begin(struct dp_agent *a)
{
	a->listing = (struct dp_listing){.active = true, .kind = DP_TRANSPORT};
}

/* Whether all encodings of a producer have been added. */
static bool is_complete(const struct dp_object *lead)
{
	const struct dp_object *x;
	unsigned n = 1;

	LIST_FOREACH(x, &lead->encodings, on_producer)
	n += !x->adding;
	return n == lead->producer_add.encodings;
}

/* Whether a successor could go on with the object. */
static bool can_list(const struct dp_object *x)
{
	return x->blob && !x->adding && (x->kind != DP_PRODUCER || is_complete(x));
}

static void describe(struct sh_object *out, const struct dp_object *x)
{
	static const enum sh_object_kind kind[] = {
		[DP_TRANSPORT] = SH_OBJECT_TRANSPORT,
		[DP_PRODUCER] = SH_OBJECT_PRODUCER,
		[DP_CONSUMER] = SH_OBJECT_CONSUMER,
	};

	memset(out, 0, sizeof(*out));
	out->id = x->id;
	out->kind = (uint8_t)kind[x->kind];
	out->worker = x->worker;
	out->paused = x->paused;
	out->wishes = x->wishes;
	if (x->kind == DP_TRANSPORT) {
		out->max_bps = x->of_transport.max_bps;
		out->last_ssrc = x->of_transport.last_ssrc;
		out->mid_len = x->of_transport.mid_len;
		memcpy(out->mid, x->of_transport.mid, sizeof(out->mid));
	}
	out->version = x->blob->version;
	out->size = x->blob->size;
	memcpy(out->blob, x->blob->data, x->blob->size);
}

/* Puts a record into the ring. False: there is no room, or the ring is broken. */
static bool put(struct dp_agent *a, const struct sh_object *record)
{
	int done = sh_ring_push(&a->control_rings->object, record);

	if (done == SH_RING_BROKEN)
		dp_connections_detach(a, "it broke the object ring");
	return done == 1;
}

static bool put_end(struct dp_agent *a)
{
	struct sh_object end = {.kind = SH_OBJECT_END};

	end.without[SH_OBJECT_TRANSPORT] = a->listing.without[DP_TRANSPORT];
	end.without[SH_OBJECT_PRODUCER] = a->listing.without[DP_PRODUCER];
	end.without[SH_OBJECT_CONSUMER] = a->listing.without[DP_CONSUMER];
	return put(a, &end);
}

/* Lists the object in the next slot. False: there was no room for it. */
static bool list_slot(struct dp_agent *a, const struct dp_object *x)
{
	struct sh_object record;

	/* Further encodings of a producer go with the first one. */
	if (x->id == 0 || x->dying || (x->kind == DP_PRODUCER && x->producer))
		return true;
	if (!can_list(x)) {
		a->listing.without[x->kind]++;
		return true;
	}
	describe(&record, x);
	return put(a, &record);
}

void dp_list_run(struct dp_agent *a)
{
	struct dp_listing *l = &a->listing;

	for (unsigned i = 0; l->active && i < SLOTS_A_TURN; i++) {
		if (l->kind == DP_OBJECT_KINDS) {
			l->active = !put_end(a);
			return;
		}
		if (!list_slot(a, &a->objects.table[l->kind][l->slot]))
			return;
		if (++l->slot == a->objects.slots[l->kind]) {
			l->kind++;
			l->slot = 0;
		}
	}
}
