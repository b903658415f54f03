/* SPDX-License-Identifier: Apache-2.0 */
#include "cors.h"

#include <stdio.h>

#include "origin.h"

bool cp_cors_allowed(struct lws *wsi, const char *allowed, char origin[CP_ORIGIN_SIZE])
{
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	origin[0] = '\0';
	if (len <= 0)
		return true;
	if (lws_hdr_copy(wsi, origin, CP_ORIGIN_SIZE, WSI_TOKEN_ORIGIN) != len)
		return false;
	/* It is repeated in a header. */
	for (const char *p = origin; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return cp_origin_allowed(allowed, origin);
}

void cp_cors_headers(const char *origin, bool preflight, char out[CP_CORS_SIZE])
{
	static const char more[] = "access-control-allow-methods: GET, POST\r\n"
				   "access-control-allow-headers: content-type, authorization\r\n"
				   "access-control-max-age: 600\r\n";

	if (origin[0] == '\0')
		snprintf(out, CP_CORS_SIZE, "cache-control: no-store\r\nvary: Origin\r\n");
	else
		snprintf(out, CP_CORS_SIZE,
			"cache-control: no-store\r\n"
			"access-control-allow-origin: %s\r\n"
			"access-control-allow-credentials: true\r\n"
			"vary: Origin\r\n%s",
			origin, preflight ? more : "");
}
