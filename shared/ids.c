/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/ids.h"

const uint8_t sh_router_ext[SH_EXT_COUNT] = {
	[SH_EXT_MID] = 1,
	[SH_EXT_RID] = 2,
	[SH_EXT_REPAIRED_RID] = 3,
	[SH_EXT_ABS_SEND_TIME] = 4,
	[SH_EXT_TWCC] = 5,
	[SH_EXT_AUDIO_LEVEL] = 6,
	[SH_EXT_DEPENDENCY_DESCRIPTOR] = 7,
	[SH_EXT_VIDEO_ORIENTATION] = 8,
	[SH_EXT_TOFFSET] = 9,
	[SH_EXT_ABS_CAPTURE_TIME] = 10,
	[SH_EXT_PLAYOUT_DELAY] = 11,
};
