/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/capture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/capture.h"
#include "shared/hello.h"
#include "shared/log.h"

static int refuse(struct sh_hello_reply *r, int error, const char *reason)
{
	r->error = error;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	return error;
}

static int find_transport(const struct dp_agent *a, struct dp_capture *c, sh_id id, struct sh_hello_reply *r)
{
	const struct dp_object *x = dp_objects_find(&a->objects, DP_TRANSPORT, id);

	if (!x || x->adding)
		return refuse(r, ENOENT, "there is no such transport");
	c->id = id;
	c->worker = a->workers->worker[x->worker];
	c->transport = &a->workers->transports[x->slot];
	return 0;
}

static int find_port(const struct dp_agent *a, struct dp_capture *c, uint16_t port, struct sh_hello_reply *r)
{
	uint16_t base = a->config->network.udp_port_base;
	int owner = SH_NO_WORKER;

	if (port >= base)
		owner = sh_port_owner((uint16_t)(port - base), (uint16_t)a->workers->count,
			a->workers->worker[0]->udp_ports);
	if (owner == SH_NO_WORKER)
		return refuse(r, ENOENT, "no worker has that UDP port");
	c->port = port;
	c->worker = a->workers->worker[owner];
	return 0;
}

struct dp_capture *dp_agent_capture_new(struct dp_agent *a, const struct sh_capture_hello *h,
	struct sh_hello_reply *r)
{
	struct dp_capture *c;
	int error;

	if (a->capture) {
		refuse(r, EBUSY, "another capture is running");
		return NULL;
	}
	c = dp_capture_new();
	if (!c) {
		refuse(r, errno, "there is no memory for a capture");
		return NULL;
	}
	c->plain = h->flags & SH_CAPTURE_PLAIN;
	error = h->transport ? find_transport(a, c, h->transport, r) : find_port(a, c, h->port, r);
	if (error) {
		dp_capture_free(c);
		return NULL;
	}
	r->size = dp_capture_size();
	return c;
}

void dp_agent_capture_begin(struct dp_agent *a, struct dp_capture *c)
{
	sh_log(SH_LOG_WARN, "capture-begun transport=%016" PRIx64 " port=%u decrypted=%d worker=%u", c->id,
		c->port, c->plain, c->worker->id);
	a->capture = c;
	atomic_store_explicit(&c->worker->capture, c, memory_order_release);
}

static void end(struct dp_agent *a, enum sh_capture_end why)
{
	struct dp_capture *c = a->capture;

	a->capture = NULL;
	atomic_store(&c->worker->capture, NULL);
	c->quiescent = atomic_load(&c->worker->quiescent);
	__atomic_store_n(&c->header->ended, why, __ATOMIC_RELEASE);
	c->next = a->captures_detached;
	a->captures_detached = c;
	sh_log(SH_LOG_INFO, "capture-ended transport=%016" PRIx64 " port=%u records_lost=%" PRIu64, c->id,
		c->port, c->header->lost);
}

/* As with the rings of a control plane, the worker loads the pointer in each loop. */
static void free_unused(struct dp_agent *a)
{
	struct dp_capture **at = &a->captures_detached;

	while (*at) {
		struct dp_capture *c = *at;

		if (atomic_load(&c->worker->quiescent) - c->quiescent < 2) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		dp_capture_free(c);
	}
}

void dp_agent_capture_serve(struct dp_agent *a)
{
	const struct dp_capture *c = a->capture;

	if (c && sh_connection_ended(c->socket))
		end(a, SH_CAPTURE_RUNS);
	else if (c && !c->port && !dp_objects_find(&a->objects, DP_TRANSPORT, c->id))
		end(a, SH_CAPTURE_GONE);
	free_unused(a);
}

void dp_agent_capture_close(struct dp_agent *a)
{
	if (a->capture)
		end(a, SH_CAPTURE_STOPPED);
	while (a->captures_detached) {
		struct dp_capture *c = a->captures_detached;

		a->captures_detached = c->next;
		dp_capture_free(c);
	}
}
