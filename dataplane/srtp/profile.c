/* SPDX-License-Identifier: Apache-2.0 */

/* The SRTP profiles that both engines support, with the lengths of their keys, salts and tags. */

#include "dataplane/srtp/internal.h"

static const struct dp_srtp_profile profiles[] = {
	{SH_SRTP_AEAD_AES_128_GCM, true, 16, 12, 16}, /* RFC 7714, 12 */
	{SH_SRTP_AEAD_AES_256_GCM, true, 32, 12, 16},
	{SH_SRTP_AES128_CM_SHA1_80, false, 16, 14, 10}, /* RFC 3711, 8.2 */
};

const struct dp_srtp_profile *dp_srtp_profile(uint16_t id)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (profiles[i].id == id)
			return &profiles[i];
	return NULL;
}
