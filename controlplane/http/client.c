/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/client.h"

#include <stdio.h>
#include <string.h>

void cp_client_address(struct lws *wsi, char out[CP_ADDRESS_SIZE])
{
	lws_get_peer_simple(wsi, out, CP_ADDRESS_SIZE);
	/* An IPv4 client of a dual-stack socket is the same client. */
	if (strncmp(out, "::ffff:", 7) == 0 && strchr(out, '.'))
		memmove(out, out + 7, strlen(out + 7) + 1);
}

bool cp_client_query(struct lws *wsi, const char *name, const char *absent, char *out, size_t size)
{
	char buf[CP_HEADERS_MAX]; /* a value that did not fit would count as absent */
	const char *value = lws_get_urlarg_by_name(wsi, name, buf, sizeof(buf));

	return snprintf(out, size, "%s", value ? value : absent) < (int)size;
}
