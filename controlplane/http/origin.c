/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/origin.h"

#include <string.h>
#include <strings.h>

bool cp_origin_listed(const char *allowed, const char *origin)
{
	size_t len = strlen(origin);

	while (*allowed) {
		size_t item;

		allowed += strspn(allowed, ", ");
		item = strcspn(allowed, ", ");
		if (item && item == len && !strncasecmp(allowed, origin, len))
			return true;
		allowed += item;
	}
	return false;
}

bool cp_origin_allowed(const char *allowed, const char *origin)
{
	return cp_origin_listed(allowed, "*") || cp_origin_listed(allowed, origin);
}
