/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the command ring, as a control plane that has gone wrong could write them: the input
 * is a record after the other, each of the size of struct sh_cmd. What the check accepts must be
 * within the bounds that the workers rely on, and must be accepted again without a change.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/device/ports.h"
#include "dataplane/worker/worker.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORKERS = 2, PORT_BASE = 20000, PORT_COUNT = 64 };

static struct dp_agent agent;
static struct dp_workers workers;
static struct dp_worker worker[WORKERS];
static struct sh_config config;
static struct dp_object object;

static void must(bool what)
{
	if (!what)
		abort();
}

/* --- in place of the agent's records and of the ports --------------------------------- */

struct dp_object *dp_objects_find(const struct dp_objects *o, enum dp_object_kind kind, sh_id id)
{
	return id % 2 ? &object : NULL;
}

bool dp_ports_path_valid(const struct dp_ports *p, const struct sh_path *path, uint16_t udp_port)
{
	must(udp_port == PORT_BASE + object.worker);
	return path->l2.port == 0 && path->local.port == udp_port;
}

static void prepare(void)
{
	config.network.udp_port_base = PORT_BASE;
	config.network.udp_port_last = PORT_BASE + PORT_COUNT - 1;
	workers.count = WORKERS;
	for (unsigned i = 0; i < WORKERS; i++) {
		worker[i].udp_port = (uint16_t)(PORT_BASE + i);
		worker[i].udp_ports = PORT_COUNT;
		workers.worker[i] = &worker[i];
	}
	agent.config = &config;
	agent.workers = &workers;
	object.worker = 1;
}

/* --- what the workers rely on -------------------------------------------------------------- */

static void check_transport(const struct sh_transport_add *t)
{
	must(t->worker < WORKERS);
	if (t->kind == SH_TRANSPORT_PLAIN) {
		must(t->port >= PORT_BASE + WORKERS && t->port < PORT_BASE + PORT_COUNT);
		must(t->plain.vlan < 4095 && !(t->plain.mac[0] & 1));
		return;
	}
	must(t->ufrag_len >= 4 && t->ufrag_len <= sizeof(t->ufrag));
	must(t->pwd_len >= 22 && t->pwd_len <= sizeof(t->pwd));
}

static void check_producer(const struct sh_producer_add *p)
{
	must(p->mid_len <= sizeof(p->mid) && p->rid_len <= sizeof(p->rid) &&
		p->cname_len <= sizeof(p->cname));
	must(p->clock_rate > 0 && p->pt < 128 && p->rtx_pt < 128);
	must(p->encodings >= 1 && p->encodings <= SH_MAX_ENCODINGS && p->encoding < p->encodings);
	must(p->spatial_layers >= 1 && p->spatial_layers <= SH_MAX_LAYERS);
	must(p->temporal_layers >= 1 && p->temporal_layers <= SH_MAX_LAYERS);
}

static void check_consumer(const struct sh_consumer_add *c)
{
	must(c->ssrc && c->ssrc != c->rtx_ssrc && c->mid_len <= sizeof(c->mid));
	must(c->pt < 128 && c->rtx_pt < 128);
	for (unsigned i = 0; i < SH_EXT_COUNT; i++)
		must(c->ext_id[i] < 15);
}

static void check_accepted(const struct sh_cmd *cmd)
{
	if (cmd->op == SH_OP_TRANSPORT_ADD)
		check_transport(&cmd->transport_add);
	else if (cmd->op == SH_OP_PRODUCER_ADD)
		check_producer(&cmd->producer_add);
	else if (cmd->op == SH_OP_CONSUMER_ADD)
		check_consumer(&cmd->consumer_add);
	must(cmd->op > SH_OP_CONSUMER_DEL || cmd->id != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sh_cmd cmd, again;

	if (!agent.config)
		prepare();
	for (size_t at = 0; at < size; at += sizeof(cmd)) {
		memset(&cmd, 0, sizeof(cmd)); /* the last one may be incomplete */
		memcpy(&cmd, data + at, size - at < sizeof(cmd) ? size - at : sizeof(cmd));
		if (dp_command_check(&agent, &cmd) != 0)
			continue;
		check_accepted(&cmd);
		again = cmd;
		must(dp_command_check(&agent, &again) == 0 && memcmp(&again, &cmd, sizeof(cmd)) == 0);
	}
	return 0;
}
