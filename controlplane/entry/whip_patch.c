/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/whip_patch.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/entry/whip_publication.h"

static int respond(struct cp_whip_request *r, const char *etag, const char *answer)
{
	char header[40];

	snprintf(header, sizeof(header), "etag: \"%s\"\r\n", etag);
	return cp_whip_respond(r, 200, header, "application/trickle-ice-sdpfrag", answer);
}

/* Separates the request from the publication. `rc` is that of its answer. */
static void close_exchange(struct cp_publication *p, int rc)
{
	struct cp_connection *c = p->patch.request->connection;

	p->patch.request->patches = NULL;
	p->patch.request = NULL;
	free(p->patch.answer);
	p->patch.answer = NULL;
	if (rc == 0)
		return;
	c->stage = CP_HTTP_IDLE; /* the connection ends in the next iteration of the event loop */
	cp_exchange_wait(c, CP_WAIT_TURN);
}

static void respond_held(struct cp_publication *p)
{
	close_exchange(p, respond(p->patch.request, p->patch.etag, p->patch.answer));
}

int cp_whip_patch_answer(struct cp_whip_request *r, struct cp_publication *p, char *answer)
{
	int rc;

	if (p->patch.request) /* its credentials are those of before now */
		respond_held(p);
	if (cp_whip_is_saved(p->whip)) {
		rc = respond(r, p->whip->etag, answer);
		free(answer);
		return rc;
	}
	p->patch.request = r;
	p->patch.answer = answer;
	snprintf(p->patch.etag, sizeof(p->patch.etag), "%s", p->whip->etag);
	r->patches = p;
	r->connection->stage = CP_HTTP_HELD;
	cp_exchange_wait(r->connection, CP_WAIT_HELD);
	return 0;
}

void cp_whip_patch_run(struct cp_publication *p)
{
	if (p->patch.request && cp_whip_is_saved(p->whip))
		respond_held(p);
}

void cp_whip_patch_end(struct cp_publication *p)
{
	struct cp_fault fault;

	if (!p->patch.request)
		return;
	cp_refuse(&fault, CP_NOT_FOUND, "this session has ended");
	close_exchange(p, cp_whip_refuse(p->patch.request, cp_whip_status(&fault), &fault));
}

void cp_whip_patch_gone(struct cp_whip_request *r)
{
	struct cp_publication *p = r->patches;

	if (!p)
		return;
	p->patch.request = NULL;
	free(p->patch.answer);
	p->patch.answer = NULL;
}
