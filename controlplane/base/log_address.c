/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/log_address.h"

#include <stdio.h>
#include <string.h>

enum { IPV4_BYTES = 3, IPV6_BYTES = 6 }; /* that are kept: one provider's network, not a household */

static const char *mask(char out[CP_LOG_ADDRESS_SIZE], const char *address)
{
	struct sh_addr a;
	size_t kept, len;

	if (sh_addr_parse(&a, address) != 0)
		return strcpy(out, "-");
	kept = a.family == 4 ? IPV4_BYTES : IPV6_BYTES;
	memset(a.ip + kept, 0, sizeof(a.ip) - kept);
	sh_addr_format(&a, out, CP_LOG_ADDRESS_SIZE);
	len = strlen(out);
	snprintf(out + len, CP_LOG_ADDRESS_SIZE - len, "/%zu", 8 * kept);
	return out;
}

const char *cp_log_address(char out[CP_LOG_ADDRESS_SIZE], enum sh_log_addresses how, const char *address)
{
	if (how == SH_LOG_ADDRESSES_NONE)
		return strcpy(out, "-");
	if (how == SH_LOG_ADDRESSES_MASKED)
		return mask(out, address);
	if (out != address)
		snprintf(out, CP_LOG_ADDRESS_SIZE, "%s", address);
	return out;
}
