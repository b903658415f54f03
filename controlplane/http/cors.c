/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/cors.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/http/origin.h"

enum { NAMES_SIZE = 400 /* bytes of Access-Control-Request-Headers that are repeated */ };

bool cp_cors_allowed(struct lws *wsi, const char *allowed, char origin[CP_ORIGIN_SIZE])
{
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	origin[0] = '\0';
	if (len <= 0)
		return true;
	if (lws_hdr_copy(wsi, origin, CP_ORIGIN_SIZE, WSI_TOKEN_ORIGIN) != len)
		return false;
	/*
	 * The origin is repeated in a response header, so it must not contain CR, LF or the like.
	 */
	for (const char *p = origin; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return cp_origin_allowed(allowed, origin);
}

void cp_cors_headers(const char *allowed, const char *origin, char out[CP_CORS_SIZE])
{
	if (origin[0] == '\0')
		snprintf(out, CP_CORS_SIZE, "cache-control: no-store\r\nvary: Origin\r\n");
	else
		snprintf(out, CP_CORS_SIZE,
			"cache-control: no-store\r\n"
			"access-control-allow-origin: %s\r\n"
			"%s"
			"vary: Origin\r\n",
			origin,
			cp_origin_listed(allowed, origin) ? "access-control-allow-credentials: true\r\n"
							  : "");
}

/*
 * The headers that the page wants to send, as the preflight names them: socket.io-client can be
 * configured to send any header. A default if the list is absent, too long or has characters that
 * must not be repeated in a header.
 */
static void requested_headers(struct lws *wsi, char out[NAMES_SIZE])
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_, ";
	int len = lws_hdr_copy(wsi, out, NAMES_SIZE, WSI_TOKEN_HTTP_AC_REQUEST_HEADERS);

	if (len <= 0 || strspn(out, plain) != (size_t)len)
		snprintf(out, NAMES_SIZE, "content-type, authorization");
}

void cp_cors_preflight(struct lws *wsi, const char *allowed, const char *origin, char out[CP_CORS_SIZE])
{
	char names[NAMES_SIZE];
	size_t len;

	cp_cors_headers(allowed, origin, out);
	if (origin[0] == '\0')
		return;
	requested_headers(wsi, names);
	len = strlen(out);
	snprintf(out + len, CP_CORS_SIZE - len,
		"access-control-allow-methods: GET, POST\r\n"
		"access-control-allow-headers: %s\r\n"
		"access-control-max-age: 600\r\n",
		names);
}
