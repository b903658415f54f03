/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Validates every field of a command after it was copied out of the ring, so that the other process
 * cannot change it afterwards.
 */

#include <errno.h>
#include <string.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/objects.h"
#include "dataplane/device/ports.h"
#include "dataplane/worker/worker.h"

enum { CONSENT_MIN_MS = 1000, CONSENT_MAX_MS = 600000, WAIT_MAX_MS = 3600000 };

/* Clears the bytes of an address that have no meaning, because addresses are compared as bytes. */
static void normalise(struct sh_addr *addr)
{
	addr->pad = 0;
	if (addr->family == 4)
		memset(addr->ip + 4, 0, sizeof(addr->ip) - 4);
}

static int check_plain(const struct dp_agent *a, struct sh_transport_add *t)
{
	const struct dp_worker *w = a->workers->worker[t->worker];
	uint32_t offset = (uint32_t)t->port - a->config->network.udp_port_base;
	struct sh_plain *p = &t->plain;

	if (t->port < a->config->network.udp_port_base || offset < a->workers->count ||
		sh_port_owner(offset, a->workers->count, w->udp_ports) != (int)t->worker)
		return EINVAL;
	if ((t->flags & ~(SH_PLAIN_SRTP | SH_PLAIN_PIPE)) || t->consent_ms > CONSENT_MAX_MS ||
		p->vlan > 4094 || (p->mac[0] & 1))
		return EINVAL;
	normalise(&p->remote);
	if (t->flags & SH_PLAIN_PIPE && (!(t->flags & SH_PLAIN_SRTP) || p->remote.family == 0))
		return EINVAL;
	if (p->remote.family == 0)
		return 0;
	return (p->remote.family == 4 || p->remote.family == 6) && p->remote.port != 0 ? 0 : EINVAL;
}

static int check_transport_add(const struct dp_agent *a, struct sh_transport_add *t)
{
	if (t->worker >= a->workers->count || t->kind > SH_TRANSPORT_PLAIN)
		return EINVAL;
	if (t->kind == SH_TRANSPORT_PLAIN)
		return check_plain(a, t);
	if (t->consent_ms != SH_CONSENT_NO_LIMIT &&
		(t->consent_ms < CONSENT_MIN_MS || t->consent_ms > CONSENT_MAX_MS))
		return EINVAL;
	/* RFC 8445, 5.3: the ufrag has at least 4 and the password at least 22 characters. */
	if (t->ufrag_len < 4 || t->ufrag_len > SH_UFRAG_MAX || t->pwd_len < 22 || t->pwd_len > SH_PWD_MAX)
		return EINVAL;
	return 0;
}

static int check_transport_bind(const struct dp_agent *a, sh_id id, struct sh_transport_bind *b)
{
	const struct dp_object *t = dp_objects_find(&a->objects, DP_TRANSPORT, id);

	if (!t)
		return ENOENT;
	normalise(&b->path.remote);
	normalise(&b->path.local);
	b->path.l2.pad = 0;
	if (b->selected > 1 || b->unproven > 1)
		return EINVAL;
	return dp_ports_path_valid(&a->workers->ports, &b->path, a->workers->worker[t->worker]->udp_port)
		       ? 0
		       : EINVAL;
}

static int check_transport_keys(const struct sh_transport_keys *k)
{
	switch (k->profile) {
	case SH_SRTP_AES128_CM_SHA1_80:
	case SH_SRTP_AEAD_AES_128_GCM:
	case SH_SRTP_AEAD_AES_256_GCM:
		return 0;
	default:
		return EINVAL;
	}
}

static int check_producer_add(const struct sh_producer_add *p)
{
	const uint32_t flags = SH_PRODUCER_PAUSED | SH_PRODUCER_NACK | SH_PRODUCER_PLI | SH_PRODUCER_FIR |
			       SH_PRODUCER_TWCC | SH_PRODUCER_REMB | SH_PRODUCER_REDUCED_SIZE;
	bool audio = p->kind == SH_KIND_AUDIO;

	if ((!audio && p->kind != SH_KIND_VIDEO) || p->codec < SH_CODEC_OPUS || p->codec > SH_CODEC_AV1)
		return EINVAL;
	if (audio != (p->codec == SH_CODEC_OPUS) || p->clock_rate == 0 || (p->flags & ~flags))
		return EINVAL;
	if (p->pt > 127 || p->rtx_pt > 127 || (p->rtx_pt && p->rtx_pt == p->pt))
		return EINVAL;
	if ((p->ssrc && p->ssrc == p->rtx_ssrc) || (p->rtx_ssrc && !p->rtx_pt))
		return EINVAL;
	if (p->encodings < 1 || p->encodings > SH_MAX_ENCODINGS || p->encoding >= p->encodings ||
		(p->encoding == 0) != (p->lead == 0))
		return EINVAL;
	if (p->spatial_layers < 1 || p->spatial_layers > SH_MAX_LAYERS || p->temporal_layers < 1 ||
		p->temporal_layers > SH_MAX_LAYERS || p->svc > SH_SVC_KEY)
		return EINVAL;
	if (audio && (p->encodings > 1 || p->spatial_layers > 1 || p->temporal_layers > 1))
		return EINVAL;
	if ((p->svc == SH_SVC_NONE) != (p->spatial_layers == 1) || (p->svc && p->encodings > 1))
		return EINVAL;
	return p->mid_len <= SH_MID_MAX && p->rid_len <= SH_RID_MAX && p->cname_len <= SH_CNAME_MAX ? 0
												    : EINVAL;
}

static bool wishes_valid(const struct sh_wishes *v)
{
	return (v->spatial < SH_MAX_LAYERS || v->spatial == SH_LAYER_ANY) &&
	       (v->temporal < SH_MAX_LAYERS || v->temporal == SH_LAYER_ANY) && v->priority > 0;
}

static int check_consumer_add(const struct sh_consumer_add *c)
{
	const uint32_t flags = SH_CONSUMER_PAUSED | SH_CONSUMER_NACK | SH_CONSUMER_PROBATOR |
			       SH_CONSUMER_CONTINUES | SH_CONSUMER_PIPE;

	if (c->ssrc == SH_PROBATOR_SSRC || c->rtx_ssrc == SH_PROBATOR_SSRC)
		return EINVAL; /* path/padding.c uses it with sequence numbers of its own */
	if (c->ssrc == 0 || c->ssrc == c->rtx_ssrc || c->pt > 127 || c->rtx_pt > 127 ||
		(c->rtx_ssrc && !c->rtx_pt))
		return EINVAL;
	if (c->mid_len > SH_MID_MAX || (c->flags & ~flags) || !wishes_valid(&c->wishes))
		return EINVAL;
	if (c->flags & SH_CONSUMER_PIPE && c->flags & (SH_CONSUMER_PROBATOR | SH_CONSUMER_CONTINUES))
		return EINVAL;
	for (unsigned i = 0; i < SH_EXT_COUNT; i++)
		if (c->ext_id[i] > 14) /* RFC 8285, 4.2: limit of the one-byte form, which we write */
			return EINVAL;
	return 0;
}

static int check_blob(const struct sh_blob *b)
{
	return b->version == 0 || b->size == 0 || b->size > SH_BLOB_MAX || b->at >= b->size ||
			       b->at % SH_BLOB_PIECE != 0
		       ? EINVAL
		       : 0;
}

int dp_command_check(const struct dp_agent *a, struct sh_cmd *cmd)
{
	if ((cmd->op <= SH_OP_CONSUMER_DEL || cmd->op == SH_OP_BLOB) && cmd->id == 0)
		return EINVAL;
	switch (cmd->op) {
	case SH_OP_TRANSPORT_ADD:
		return check_transport_add(a, &cmd->transport_add);
	case SH_OP_TRANSPORT_BIND:
		return check_transport_bind(a, cmd->id, &cmd->transport_bind);
	case SH_OP_TRANSPORT_KEYS:
		return check_transport_keys(&cmd->transport_keys);
	case SH_OP_PRODUCER_ADD:
		return check_producer_add(&cmd->producer_add);
	case SH_OP_PRODUCER_SET:
		return cmd->producer_set.paused > 1 || cmd->producer_set.keyframe > 1 ? EINVAL : 0;
	case SH_OP_PRODUCER_OBSERVE:
		return cmd->producer_observe.levels > 1 ? EINVAL : 0;
	case SH_OP_CONSUMER_ADD:
		return check_consumer_add(&cmd->consumer_add);
	case SH_OP_CONSUMER_SET:
		return cmd->consumer_set.paused > 1 || cmd->consumer_set.keyframe > 1 ||
				       !wishes_valid(&cmd->consumer_set.wishes)
			       ? EINVAL
			       : 0;
	case SH_OP_SNAPSHOT_END:
		return cmd->snapshot_end.grace_ms > WAIT_MAX_MS ? EINVAL : 0;
	case SH_OP_BLOB:
		return check_blob(&cmd->blob);
	case SH_OP_CLAIM:
		return cmd->claim.count > SH_CLAIM_MAX ? EINVAL : 0;
	case SH_OP_DRAIN:
		return cmd->drain.within_ms > WAIT_MAX_MS ? EINVAL : 0;
	case SH_OP_TRANSPORT_SET:
	case SH_OP_TRANSPORT_DEL:
	case SH_OP_PRODUCER_DEL:
	case SH_OP_CONSUMER_DEL:
	case SH_OP_SNAPSHOT_BEGIN:
	case SH_OP_BARRIER:
	case SH_OP_LIST:
	case SH_OP_HAND_OVER:
		return 0;
	default:
		return EINVAL;
	}
}
