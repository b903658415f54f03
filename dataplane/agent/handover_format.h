/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_HANDOVER_FORMAT_H
#define SPATE_DATAPLANE_AGENT_HANDOVER_FORMAT_H

/*
 * The format of what a data plane leaves to the next one, which may be of another release and
 * another SH_ABI_VERSION. Parts that grow may get members at their end, for which 0 means what was
 * so before: memory of an older release is widened, its missing members are 0. Whatever else
 * changes, a meaning too, raises DP_HANDOVER_FORMAT, and DP_HANDOVER_OLDEST unless
 * dp_handover_widen() learns to translate. A release that cannot read a format says so; clients
 * then negotiate again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DP_HANDOVER_FORMAT 2u
#define DP_HANDOVER_OLDEST 2u /* the oldest format that this release reads */

/* Sizes in the head. Those behind DP_HANDOVER_GROWING are fixed within a format. */
enum dp_handover_part {
	DP_HANDOVER_HEAD,
	DP_HANDOVER_RECORD,
	DP_HANDOVER_TRANSPORT, /* struct dp_saved_transport */
	DP_HANDOVER_CONTINUATION,
	DP_HANDOVER_STREAM, /* struct dp_saved_stream */
	DP_HANDOVER_GROWING,
	DP_HANDOVER_TUPLE = DP_HANDOVER_GROWING,
	DP_HANDOVER_RECEIVE, /* struct dp_receive */
	DP_HANDOVER_CLOCK, /* struct dp_source_clock */
	DP_HANDOVER_LOSS, /* struct dp_loss */
	DP_HANDOVER_SRTP, /* what is saved of a session */
	DP_HANDOVER_SSRC, /* of one SSRC of it */
	DP_HANDOVER_WRITING, /* struct dp_blob_writing */
	DP_HANDOVER_WISHES, /* struct sh_wishes */
	DP_HANDOVER_PARTS,
};

struct dp_handover_head;

/* The sizes of this build. */
void dp_handover_parts(uint32_t part[DP_HANDOVER_PARTS]);
/*
 * Whether this build understands the format: 0, or EPROTO with an operator's message in `why`,
 * which names both formats. `size`: bytes of the memory.
 */
int dp_handover_check_format(const struct dp_handover_head *h, size_t size, char *why, size_t why_size);
/*
 * Whether memory whose format is understood has the sizes of this build, so that nothing is to be
 * widened.
 */
bool dp_handover_is_ours(const struct dp_handover_head *h);
/*
 * Copies memory whose format is understood to `to`, in the layout of this build. Returns how many
 * bytes that takes, and writes nothing with `to` NULL; 0: the memory is damaged, or takes more than
 * `room`.
 */
size_t dp_handover_widen(const struct dp_handover_head *h, uint8_t *to, size_t room);

#endif
