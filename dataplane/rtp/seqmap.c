/* SPDX-License-Identifier: Apache-2.0 */
/* Maps a producer's sequence numbers to a consumer's (declared in egress.h). */

#include "dataplane/rtp/egress.h"

void dp_seqmap_init(struct dp_seqmap *m, uint16_t first)
{
	*m = (struct dp_seqmap){.next = first};
}

void dp_seqmap_start(struct dp_seqmap *m, uint64_t in)
{
	m->started = true;
	m->base = in;
	m->offset = (int64_t)(m->next - in);
}

bool dp_seqmap_in(const struct dp_seqmap *m, uint64_t low, uint16_t out, uint64_t *in)
{
	if (!m->started)
		return false;

	uint64_t ours = dp_seq_extend(m->next, out);
	if (ours >= m->next || ours < low + (uint64_t)m->offset)
		return false;
	*in = ours - (uint64_t)m->offset;
	return true;
}
