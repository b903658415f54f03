/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/stream_ssrcs.h"

#include <string.h>

#include <rte_branch_prediction.h>

#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"

static_assert(DP_RECENT_STREAMS == 1 << 6, "the highest bits of the hash are the index");

static bool has_ssrc(const struct dp_stream *s, uint32_t ssrc)
{
	return ssrc == s->ssrc || ssrc == s->rtx_ssrc;
}

struct dp_stream *dp_stream_of_ssrc(const struct dp_transport *t, uint32_t ssrc)
{
	struct dp_stream **recent, *s;

	if (!t->streams || !ssrc) /* in struct dp_stream, 0 means that the SSRC is not known */
		return NULL;
	recent = &t->streams->recent[ssrc * 0x9e3779b1u >> (32 - 6)];
	s = *recent;
	if (likely(s && has_ssrc(s, ssrc)))
		return s;
	for (s = t->streams; s; s = s->next_on_transport)
		if (has_ssrc(s, ssrc))
			return *recent = s;
	return NULL;
}

static void forget_all(struct dp_stream *first)
{
	memset(first->recent, 0, sizeof(first->recent));
}

void dp_stream_list(struct dp_transport *t, struct dp_stream *s)
{
	s->next_on_transport = t->streams;
	t->streams = s;
	forget_all(s);
}

void dp_stream_unlist(struct dp_transport *t, struct dp_stream *s)
{
	struct dp_stream **at = &t->streams;

	while (*at != s)
		at = &(*at)->next_on_transport;
	*at = s->next_on_transport;
	if (t->streams)
		forget_all(t->streams);
}
