/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/body.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/http/exchange.h"

/*
 * Limit for a whole body. A timeout for each piece is not enough: a client could send its body
 * slowly and keep a connection open for a request that is refused in the end.
 */
static const uint64_t BODY_NS = 20000000000;

/* The value of Content-Length, or -EINVAL. */
static long content_length(struct lws *wsi)
{
	char digits[12];
	int len = lws_hdr_copy(wsi, digits, sizeof(digits), WSI_TOKEN_HTTP_CONTENT_LENGTH);

	if (len <= 0 || len > 9 || (int)strspn(digits, "0123456789") != len)
		return -EINVAL;
	return strtol(digits, NULL, 10);
}

unsigned cp_body_refusal(struct lws *wsi, size_t max)
{
	long length;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return HTTP_STATUS_LENGTH_REQUIRED;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) <= 0)
		return HTTP_STATUS_LENGTH_REQUIRED;
	length = content_length(wsi);
	if (length < 0)
		return lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) > 9
			       ? HTTP_STATUS_REQ_ENTITY_TOO_LARGE
			       : HTTP_STATUS_BAD_REQUEST;
	return length > (long)max ? HTTP_STATUS_REQ_ENTITY_TOO_LARGE : 0;
}

/* Tells a client that asks first to send its body (RFC 9110, 10.1.1). False: the write failed. */
static bool may_send_body(struct lws *wsi)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	unsigned char out[LWS_PRE + sizeof(go_on)];
	char expect[16];

	if (lws_hdr_copy(wsi, expect, sizeof(expect), WSI_TOKEN_HTTP_EXPECT) <= 0 ||
		strcasecmp(expect, "100-continue") != 0)
		return true;
	memcpy(out + LWS_PRE, go_on, sizeof(go_on));
	return lws_write(wsi, out + LWS_PRE, sizeof(go_on) - 1, LWS_WRITE_HTTP) >= 0;
}

int cp_body_begin(struct cp_body *b, struct cp_connection *c)
{
	*b = (struct cp_body){.due_ns = cp_now_ns() + BODY_NS};
	c->stage = CP_HTTP_BODY;
	if (!may_send_body(c->wsi))
		return EPIPE;
	cp_exchange_read(c, true);
	return 0;
}

int cp_body_keep(struct cp_body *b, size_t max)
{
	b->data = malloc(max + 1);
	b->size = max;
	return b->data ? 0 : ENOMEM;
}

int cp_body_add(struct cp_body *b, const void *data, size_t len)
{
	if (cp_now_ns() > b->due_ns)
		return ETIMEDOUT;
	if (!b->data || len == 0)
		return 0;
	if (len > b->size - b->len)
		return EMSGSIZE;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	return 0;
}

void cp_body_free(struct cp_body *b)
{
	free(b->data);
	*b = (struct cp_body){.data = NULL};
}
