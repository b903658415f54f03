/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/hooks/target.h"

#include <stdio.h>
#include <string.h>

const char *cp_hook_target(char out[CP_HOOK_TARGET_SIZE], const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;

	snprintf(out, CP_HOOK_TARGET_SIZE, "%.*s", (int)len, url);
	return out;
}
