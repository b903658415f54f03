/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/exchange.h"

int cp_stream_begin(struct cp_connection *c, const char *type, const char *headers)
{
	const struct cp_answer a = {.status = 200, .type = type, .headers = headers, .endless = true};
	int error;

	c->last = true;
	error = cp_http_answer(c, &a);
	/* A HEAD is answered with the headers alone, which end like those of any answer. */
	c->stream = error == 0 && !c->head ? CP_STREAM_OPEN : CP_STREAM_NONE;
	return error;
}

int cp_stream_add(struct cp_connection *c, const char *text, size_t len)
{
	size_t waiting = c->out_len - c->out_at;
	char *out;

	if (c->stream != CP_STREAM_OPEN)
		return 0;
	if (waiting + len > CP_STREAM_BYTES_MAX)
		return EMSGSIZE;
	out = malloc(waiting + len);
	if (!out)
		return ENOMEM;
	if (waiting > 0)
		memcpy(out, c->out + c->out_at, waiting);
	memcpy(out + waiting, text, len);
	free(c->out);
	c->out = out;
	c->out_len = waiting + len;
	c->out_at = 0;
	if (c->stage == CP_HTTP_STREAMING) {
		c->stage = CP_HTTP_ANSWERED;
		cp_exchange_wait(c, CP_WAIT_TURN);
	}
	return 0;
}

void cp_stream_end(struct cp_connection *c)
{
	if (c->stream != CP_STREAM_OPEN)
		return;
	c->stream = CP_STREAM_ENDS;
	if (c->stage == CP_HTTP_STREAMING) {
		c->stage = CP_HTTP_ANSWERED;
		cp_exchange_wait(c, CP_WAIT_TURN);
	}
}

void cp_stream_abort(struct cp_connection *c)
{
	c->stream = CP_STREAM_ENDS;
	c->stage = CP_HTTP_IDLE;
	cp_exchange_wait(c, CP_WAIT_TURN);
}
