/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is saved of a session: a head, and a record for each SSRC of an inbound one. Outbound
 * indices of RTP are the caller's to save; the SRTCP index is in the session.
 */

#include "dataplane/srtp/save.h"

#include <errno.h>
#include <string.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/ssrc_table.h"

struct saved {
	uint16_t profile; /* enum sh_srtp_profile */
	uint8_t dir; /* enum dp_srtp_dir */
	uint8_t kind; /* enum dp_srtp_kind */
	uint32_t ssrcs[2]; /* of RTP and of RTCP; struct saved_ssrc for each follow */
	struct dp_srtp_counters counters;
};
_Static_assert(sizeof(struct saved) % 8 == 0, "what follows is aligned");

struct saved_ssrc {
	uint32_t ssrc, pad;
	struct dp_replay state;
};

bool dp_srtp_can_save(const struct dp_srtp_engine *e)
{
	return e->ops->save != NULL;
}

size_t dp_srtp_saved_head(void)
{
	return sizeof(struct saved);
}

size_t dp_srtp_saved_ssrc(void)
{
	return sizeof(struct saved_ssrc);
}

size_t dp_srtp_saved_max(const struct dp_srtp_engine *e, const struct dp_srtp_session *s)
{
	struct dp_srtp_inbound *in;

	if (s->dir == DP_SRTP_OUT)
		return sizeof(struct saved);
	in = e->ops->inbound((struct dp_srtp_session *)(uintptr_t)s);
	return sizeof(struct saved) + ((size_t)in->rtp.places + in->rtcp.places) * sizeof(struct saved_ssrc);
}

static uint32_t save_table(struct dp_ssrc_table *t, uint8_t *out)
{
	for (int i = 0; i < t->count; i++) {
		struct saved_ssrc one = {.ssrc = dp_ssrc_at(t, i), .state = *dp_ssrc_state(t, i)};

		memcpy(out + (size_t)i * sizeof(one), &one, sizeof(one));
	}
	return t->count;
}

size_t dp_srtp_save(struct dp_srtp_engine *e, struct dp_srtp_session *s, uint8_t *out)
{
	struct saved saved = {.profile = s->profile, .dir = s->dir, .kind = (uint8_t)e->ops->kind};
	size_t len = sizeof(saved);

	e->ops->save(s, &saved.counters);
	if (s->dir == DP_SRTP_IN) {
		struct dp_srtp_inbound *in = e->ops->inbound(s);

		saved.ssrcs[0] = save_table(&in->rtp, out + len);
		len += saved.ssrcs[0] * sizeof(struct saved_ssrc);
		saved.ssrcs[1] = save_table(&in->rtcp, out + len);
		len += saved.ssrcs[1] * sizeof(struct saved_ssrc);
	}
	memcpy(out, &saved, sizeof(saved));
	explicit_bzero(&saved, sizeof(saved));
	return len;
}

/* Whether this is a saved session with all its SSRCs. */
static bool is_whole(const struct saved *saved, size_t len)
{
	return saved->ssrcs[0] <= DP_SRTP_SSRC_MAX && saved->ssrcs[1] <= DP_SRTP_SSRC_MAX &&
	       len == sizeof(*saved) + (saved->ssrcs[0] + saved->ssrcs[1]) * sizeof(struct saved_ssrc);
}

int dp_srtp_reopen(struct dp_srtp_engine *e, struct dp_srtp_session *s, enum dp_srtp_dir dir,
	const uint8_t *bytes, size_t len, unsigned ssrc_limit)
{
	struct saved saved;
	int error = EINVAL;

	if (!e->ops->reopen || len < sizeof(saved))
		return EINVAL;
	memcpy(&saved, bytes, sizeof(saved));
	if (is_whole(&saved, len) && saved.kind == e->ops->kind && saved.dir == dir &&
		dp_srtp_session_init(e, s, dir, saved.profile)) {
		e->ops->reopen(e, s, &saved.counters);
		error = 0;
	}
	explicit_bzero(&saved, sizeof(saved));
	if (!error && dir == DP_SRTP_IN) {
		struct dp_srtp_inbound *in = e->ops->inbound(s);

		dp_ssrc_begin(&in->rtp, ssrc_limit);
		dp_ssrc_begin(&in->rtcp, ssrc_limit);
	}
	return error;
}

uint16_t dp_srtp_profile_of(const struct dp_srtp_session *s)
{
	return s->profile;
}

/*
 * Adds the SSRCs of one table that are kept, or those that are not: the first ones must not miss a
 * place because of the others.
 */
static int recall(struct dp_ssrc_table *t, const struct dp_srtp_keep *keep, const uint8_t *from, uint32_t n,
	bool kept)
{
	for (uint32_t i = 0; i < n; i++) {
		struct saved_ssrc one;
		int place;

		memcpy(&one, from + i * sizeof(one), sizeof(one));
		if ((!keep->window || keep->window(keep->arg, one.ssrc)) != kept ||
			dp_ssrc_find(t, one.ssrc) >= 0)
			continue;
		if (t->count == t->places) {
			if (kept)
				return ENOSPC;
			return 0;
		}
		place = t->count;
		(void)dp_ssrc_accept(t, place, one.ssrc);
		*dp_ssrc_state(t, place) = one.state;
	}
	return 0;
}

int dp_srtp_recall(struct dp_srtp_engine *e, struct dp_srtp_session *s, const uint8_t *bytes, size_t len)
{
	struct dp_srtp_inbound *in = e->ops->inbound(s);
	const uint8_t *rtp = bytes + sizeof(struct saved), *rtcp;
	uint32_t n[2];
	int error;

	if (len < sizeof(struct saved) || !is_whole((const struct saved *)(const void *)bytes, len))
		return EINVAL;
	memcpy(n, bytes + offsetof(struct saved, ssrcs), sizeof(n));
	rtcp = rtp + n[0] * sizeof(struct saved_ssrc);
	error = recall(&in->rtp, &in->keep, rtp, n[0], true);
	if (!error)
		error = recall(&in->rtcp, &in->keep, rtcp, n[1], true);
	if (error)
		return error;
	(void)recall(&in->rtp, &in->keep, rtp, n[0], false);
	(void)recall(&in->rtcp, &in->keep, rtcp, n[1], false);
	return 0;
}
