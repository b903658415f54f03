/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Opens and closes plain transports in the data plane: chooses the UDP port of each, and with it
 * the worker, and sends the commands.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/bridge/dataplane.h"

/* Freed when its transport has closed and every command about it is acknowledged. */
struct cp_plain_link {
	struct cp_dataplane *dataplane;
	struct cp_transport *transport; /* NULL: it has closed */
	sh_id dp_id;
	uint16_t udp_port;
	unsigned commands; /* references: pending commands, and callbacks that are running */
	unsigned to_open; /* pending commands that transport_open waits for: ADD and KEYS */
	int error; /* the first error among these */
	cp_bridge_done done; /* transport_open's; NULL once it was called */
	void *arg;
	TAILQ_ENTRY(cp_plain_link) next;
};

/* --- UDP ports ---------------------------------------------------------------------------------- */

static bool taken(const struct cp_dataplane *p, uint16_t port)
{
	return p->plain_port[port / 64] >> port % 64 & 1;
}

static void set_taken(struct cp_dataplane *p, uint16_t port, bool is)
{
	uint64_t bit = 1ull << port % 64;

	p->plain_port[port / 64] = is ? p->plain_port[port / 64] | bit : p->plain_port[port / 64] & ~bit;
}

static uint32_t worker_of(const struct cp_dp_info *info, uint16_t udp_port)
{
	uint32_t ports = (uint32_t)info->udp_port_last - info->udp_port_base + 1;

	return (uint32_t)sh_port_owner((uint32_t)udp_port - info->udp_port_base, info->workers, ports);
}

/*
 * Checks `*port` if it is not 0: ERANGE if it is not a plain transport's, EADDRINUSE. Otherwise
 * picks the next free port, preferring ports that `worker` owns: EADDRNOTAVAIL if none is free. The
 * search continues where the last one ended and begins at a random offset, so that it avoids ports
 * that a predecessor may still have.
 */
static int choose_port(struct cp_dataplane *p, const struct cp_dp_info *info, uint32_t worker, uint16_t *port)
{
	uint32_t ports = (uint32_t)info->udp_port_last - info->udp_port_base + 1, n = ports - info->workers;
	uint16_t chosen = 0;

	if (*port != 0) {
		uint32_t offset = (uint32_t)*port - info->udp_port_base;

		if (*port < info->udp_port_base || offset < info->workers || offset >= ports)
			return ERANGE;
		return taken(p, *port) ? EADDRINUSE : 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint16_t at = (uint16_t)(info->udp_port_base + info->workers + (p->plain_next % n + i) % n);

		if (taken(p, at) || (chosen != 0 && worker_of(info, at) != worker))
			continue;
		chosen = at;
		if (worker_of(info, at) == worker)
			break;
	}
	if (chosen == 0)
		return EADDRNOTAVAIL;
	p->plain_next = (chosen - info->udp_port_base - info->workers + 1) % n;
	*port = chosen;
	return 0;
}

/* The address for the other side to send to: if possible, of the family of its own address. */
static struct sh_addr local_address(const struct cp_dataplane *p, const struct cp_dp_info *info,
	const struct cp_plain *plain)
{
	bool announced = p->config->network.announced_count > 0;
	const struct sh_addr *list = announced ? p->config->network.announced : info->addr;
	uint32_t count = announced ? p->config->network.announced_count : info->addr_count;
	struct sh_addr local = list[0];

	for (uint32_t i = count; i-- > 0;)
		if (list[i].family == plain->remote.family)
			local = list[i];
	local.port = plain->udp_port;
	return local;
}

/* --- commands ----------------------------------------------------------------------------------- */

/* Frees the link and its UDP port, unless it is still in use. */
static void release(struct cp_plain_link *link)
{
	if (link->commands > 0 || link->transport)
		return;
	set_taken(link->dataplane, link->udp_port, false);
	free(link);
}

/* ADD or KEYS was acknowledged. Completes transport_open after the last one. */
static void opened(void *arg, int error)
{
	struct cp_plain_link *link = arg;
	cp_bridge_done done = link->done;

	link->commands--;
	link->to_open--;
	if (link->error == 0)
		link->error = error;
	if (link->to_open == 0 && done) {
		link->done = NULL;
		link->commands++; /* `done` may close the transport, which must not free the link yet */
		done(link->arg, link->error);
		link->commands--;
	}
	release(link);
}

static void deleted(void *arg, int error)
{
	struct cp_plain_link *link = arg;

	link->commands--;
	release(link);
}

static int send_add(struct cp_plain_link *link, const struct cp_dp_info *info, const struct cp_plain *plain)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_ADD, .id = link->dp_id};
	struct sh_transport_add *a = &cmd.transport_add;
	int error;

	a->kind = SH_TRANSPORT_PLAIN;
	a->port = plain->udp_port;
	a->worker = worker_of(info, plain->udp_port);
	a->consent_ms = plain->idle_ms;
	a->flags = plain->keys ? SH_PLAIN_SRTP : 0;
	a->plain.remote = plain->remote;
	memcpy(a->plain.mac, plain->mac, sizeof(a->plain.mac));
	a->plain.vlan = plain->vlan;
	error = cp_dp_send(link->dataplane->dp, &cmd, opened, link);
	if (error == 0) {
		link->commands++;
		link->to_open++;
	}
	return error;
}

static int send_keys(struct cp_plain_link *link, const struct sh_transport_keys *keys)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_KEYS, .id = link->dp_id, .transport_keys = *keys};
	int error = cp_dp_send(link->dataplane->dp, &cmd, opened, link);

	explicit_bzero(&cmd, sizeof(cmd));
	if (error == 0) {
		link->commands++;
		link->to_open++;
	}
	return error;
}

static void send_delete(struct cp_plain_link *link)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_DEL, .id = link->dp_id};

	if (link->dataplane->dp && cp_dp_send(link->dataplane->dp, &cmd, deleted, link) == 0)
		link->commands++;
}

/* --- operations of the rooms ----------------------------------------------------------------------- */

/* Detaches the link from its transport and deletes that in the data plane. May free the link. */
static void unlink_transport(struct cp_plain_link *link)
{
	TAILQ_REMOVE(&link->dataplane->plain, link, next);
	link->transport = NULL;
	send_delete(link);
	release(link);
}

int cp_plain_link_open(struct cp_dataplane *p, struct cp_transport *t, cp_bridge_done done, void *arg)
{
	const struct cp_dp_info *info = cp_dp_get_info(p->dp);
	struct cp_plain_link *link;
	int error;

	if (!info)
		return ENOTCONN;
	error = choose_port(p, info, t->worker, &t->plain->udp_port);
	if (error != 0)
		return error;
	link = calloc(1, sizeof(*link));
	if (!link)
		return ENOMEM;
	t->worker = worker_of(info, t->plain->udp_port);
	t->plain->local = local_address(p, info, t->plain);
	cp_id_make(t->id);
	t->dp_id = cp_dp_id_make();
	t->link = link;
	*link = (struct cp_plain_link){
		.dataplane = p, .transport = t, .dp_id = t->dp_id, .udp_port = t->plain->udp_port};
	set_taken(p, link->udp_port, true);
	TAILQ_INSERT_TAIL(&p->plain, link, next);
	error = send_add(link, info, t->plain);
	if (error == 0 && t->plain->keys)
		error = send_keys(link, t->plain->keys);
	if (error != 0) {
		unlink_transport(link);
		return error;
	}
	link->done = done;
	link->arg = arg;
	return 0;
}

void cp_plain_link_close(struct cp_transport *t)
{
	struct cp_plain_link *link = t->link;
	cp_bridge_done done = link->done;

	link->done = NULL;
	if (done)
		done(link->arg, ECANCELED);
	unlink_transport(link);
}

/* --- events from the data plane ---------------------------------------------------------------------- */

bool cp_plain_link_event(struct cp_dataplane *p, const struct sh_event *event)
{
	struct cp_plain_link *link;

	TAILQ_FOREACH(link, &p->plain, next)
	if (link->dp_id == event->id)
		break;
	if (!link)
		return false;
	if (event->kind == SH_EV_PATH_CHANGED)
		link->transport->plain->remote = event->remote;
	else if (event->kind == SH_EV_TRANSPORT_IDLE)
		cp_transport_fail(link->transport, CP_NOT_FOUND, "no packet came for its idle time");
	else if (event->kind == SH_EV_TRANSPORT_LOST)
		cp_transport_fail(link->transport, CP_NOT_FOUND,
			"it could not go on after a restart of the data plane");
	return true;
}
