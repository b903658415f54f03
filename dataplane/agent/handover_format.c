/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/handover_format.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/agent/handover_memory.h"
#include "dataplane/srtp/save.h"

void dp_handover_parts(uint32_t part[DP_HANDOVER_PARTS])
{
	const uint32_t mine[DP_HANDOVER_PARTS] = {
		[DP_HANDOVER_HEAD] = sizeof(struct dp_handover_head),
		[DP_HANDOVER_RECORD] = sizeof(struct dp_handover_record),
		[DP_HANDOVER_TRANSPORT] = sizeof(struct dp_saved_transport),
		[DP_HANDOVER_CONTINUATION] = sizeof(struct dp_continuation),
		[DP_HANDOVER_STREAM] = sizeof(struct dp_saved_stream),
		[DP_HANDOVER_TUPLE] = sizeof(struct dp_tuple),
		[DP_HANDOVER_RECEIVE] = sizeof(struct dp_receive),
		[DP_HANDOVER_CLOCK] = sizeof(struct dp_source_clock),
		[DP_HANDOVER_LOSS] = sizeof(struct dp_loss),
		[DP_HANDOVER_SRTP] = (uint32_t)dp_srtp_saved_head(),
		[DP_HANDOVER_SSRC] = (uint32_t)dp_srtp_saved_ssrc(),
		[DP_HANDOVER_WRITING] = sizeof(struct dp_blob_writing),
		[DP_HANDOVER_WISHES] = sizeof(struct sh_wishes),
	};

	memcpy(part, mine, sizeof(mine));
}

/* --- whether it is understood --------------------------------------------------------------- */

static int refuse_format(uint32_t format, char *why, size_t why_size)
{
	if (DP_HANDOVER_OLDEST == DP_HANDOVER_FORMAT)
		snprintf(why, why_size,
			"what the data plane before has left has format %u, and this release reads format %u",
			format, DP_HANDOVER_FORMAT);
	else
		snprintf(why, why_size,
			"what the data plane before has left has format %u, and this release reads formats "
			"%u to %u",
			format, DP_HANDOVER_OLDEST, DP_HANDOVER_FORMAT);
	return EPROTO;
}

int dp_handover_check_format(const struct dp_handover_head *h, size_t size, char *why, size_t why_size)
{
	uint32_t mine[DP_HANDOVER_PARTS];

	dp_handover_parts(mine);
	if (h->format < DP_HANDOVER_OLDEST || h->format > DP_HANDOVER_FORMAT)
		return refuse_format(h->format, why, why_size);
	for (int i = 0; i < DP_HANDOVER_PARTS; i++) {
		bool grows = i < DP_HANDOVER_GROWING;

		if (grows ? h->part[i] && h->part[i] % 8 == 0 && h->part[i] <= mine[i]
			  : h->part[i] == mine[i])
			continue;
		snprintf(why, why_size,
			"part %d of what the data plane before has left has %u bytes, and this release reads "
			"%u%s",
			i, h->part[i], mine[i], grows ? " at most" : "");
		return EPROTO;
	}
	if (h->size >= h->part[DP_HANDOVER_HEAD] && h->size <= size)
		return 0;
	snprintf(why, why_size, "the size of what the data plane before has left is wrong");
	return EPROTO;
}

bool dp_handover_is_ours(const struct dp_handover_head *h)
{
	uint32_t mine[DP_HANDOVER_PARTS];

	dp_handover_parts(mine);
	return h->format == DP_HANDOVER_FORMAT && memcmp(h->part, mine, sizeof(mine)) == 0;
}

/* --- widening ------------------------------------------------------------------------------- */

struct widening {
	const uint8_t *from, *end; /* what is left to read */
	uint8_t *to; /* NULL: only counts */
	size_t written, room;
	const uint32_t *theirs;
	uint32_t mine[DP_HANDOVER_PARTS];
	bool damaged;
};

/* Takes `len` bytes and writes them as `wide` bytes, with zeros at the end. NULL: they are not there. */
static const uint8_t *move(struct widening *w, size_t len, size_t wide)
{
	const uint8_t *from = w->from;

	if (w->damaged || (size_t)(w->end - from) < len || (w->to && w->room - w->written < wide)) {
		w->damaged = true;
		return NULL;
	}
	if (w->to) {
		memcpy(w->to + w->written, from, len);
		memset(w->to + w->written + len, 0, wide - len);
	}
	w->from += len;
	w->written += wide;
	return from;
}

static const uint8_t *move_part(struct widening *w, enum dp_handover_part part)
{
	return move(w, w->theirs[part], w->mine[part]);
}

/* What was saved of a transport: continuations and sessions follow. */
static void move_transport(struct widening *w)
{
	const uint8_t *from = move_part(w, DP_HANDOVER_TRANSPORT);
	struct dp_saved_transport t = {.continuations = 0};

	if (!from)
		return;
	memcpy(&t, from, w->theirs[DP_HANDOVER_TRANSPORT]);
	for (uint32_t i = 0; i < t.continuations && !w->damaged; i++)
		(void)move_part(w, DP_HANDOVER_CONTINUATION);
	(void)move(w, t.in_len, t.in_len);
	(void)move(w, t.out_len, t.out_len);
}

/* One record, with what was saved of the object, and its blob. */
static void move_record(struct widening *w)
{
	struct dp_handover_record r = {.id = 0};
	const uint8_t *from = move_part(w, DP_HANDOVER_RECORD), *saved = w->from;
	size_t at = w->written;

	if (!from)
		return;
	memcpy(&r, from, w->theirs[DP_HANDOVER_RECORD]);
	if (r.saved_len && r.kind == DP_TRANSPORT)
		move_transport(w);
	else if (r.saved_len && r.kind == DP_PRODUCER)
		(void)move_part(w, DP_HANDOVER_STREAM);
	w->damaged |= (size_t)(w->from - saved) != r.saved_len;
	if (w->to && !w->damaged) {
		uint32_t wide = (uint32_t)(w->written - at);

		memcpy(w->to + at - w->mine[DP_HANDOVER_RECORD] +
				offsetof(struct dp_handover_record, saved_len),
			&wide, sizeof(wide));
	}
	(void)move(w, dp_handover_blob_room(r.blob_size), dp_handover_blob_room(r.blob_size));
}

size_t dp_handover_widen(const struct dp_handover_head *h, uint8_t *to, size_t room)
{
	struct widening w = {.from = (const uint8_t *)h,
		.end = (const uint8_t *)h + h->size,
		.to = to,
		.room = room,
		.theirs = h->part};

	dp_handover_parts(w.mine);
	(void)move_part(&w, DP_HANDOVER_HEAD);
	while (w.from < w.end && !w.damaged)
		move_record(&w);
	if (to && !w.damaged) {
		struct dp_handover_head *head = (struct dp_handover_head *)(void *)to;

		memcpy(head->part, w.mine, sizeof(w.mine));
		head->size = w.written;
	}
	return w.damaged ? 0 : w.written;
}
