/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/codec/av1.h"

#include <errno.h>

enum { CONTINUED = 0x80, NEW_SEQUENCE = 0x08 };

int dp_av1_parse(struct dp_frame_info *out, const uint8_t *payload, size_t len)
{
	*out = (struct dp_frame_info){0};
	if (len < 2 || (payload[0] & (CONTINUED | NEW_SEQUENCE)) == (CONTINUED | NEW_SEQUENCE))
		return EINVAL;
	if (payload[0] & NEW_SEQUENCE)
		out->flags = DP_FRAME_KEY | DP_FRAME_START;
	return 0;
}
