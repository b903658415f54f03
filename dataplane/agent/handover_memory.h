/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_HANDOVER_MEMORY_H
#define SPATE_DATAPLANE_AGENT_HANDOVER_MEMORY_H

/*
 * The layout of the memory that a data plane leaves to the next one: a head, then a record for each
 * object, what it depends on first. It has a version of its own (handover_format.h), because the
 * next data plane may be of another release.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "dataplane/agent/blobs.h"
#include "dataplane/agent/handover_format.h"
#include "dataplane/agent/objects.h"
#include "dataplane/tables/saved.h"

#define DP_HANDOVER_MAGIC 0x7265766f646e6168ull /* "handover" */

struct dp_handover_head {
	/* These three members have the same place in all formats. */
	uint64_t magic; /* written last */
	_Atomic uint32_t taken; /* 1: a data plane has taken over, or is about to */
	uint32_t format; /* DP_HANDOVER_FORMAT */
	uint32_t part[DP_HANDOVER_PARTS]; /* sizes: enum dp_handover_part */
	uint64_t size; /* bytes that are used, with the head */
	uint64_t instance;
	uint64_t sweep_ns; /* as in struct dp_agent */
	uint32_t workers;
	uint16_t udp_port_base, udp_port_last;
	struct dp_blob_writing writing;
};

struct dp_handover_record {
	sh_id id;
	uint32_t kind; /* enum dp_object_kind */
	uint32_t worker;
	uint32_t saved_len; /* of struct dp_saved_..., which follows; a multiple of 8 */
	uint16_t blob_version, blob_size; /* the blob follows, padded to 8 bytes; 0: none */
	struct sh_wishes wishes;
	bool claimed, paused;
	bool refused; /* a transport that is left out; nothing follows */
	/* of a transport, as in struct dp_object */
	uint64_t max_bps;
	uint32_t last_ssrc;
	uint8_t mid_len;
	char mid[SH_MID_MAX];
	/* last, because these structures may grow (handover_format.h) */
	union {
		struct sh_transport_add transport_add;
		struct sh_producer_add producer_add;
		struct sh_consumer_add consumer_add;
	};
};
_Static_assert(sizeof(struct dp_handover_head) % 8 == 0 && sizeof(struct dp_handover_record) % 8 == 0,
	"what follows is aligned");

/* The bytes that a record's blob takes. */
static inline size_t dp_handover_blob_room(uint16_t size)
{
	return ((size_t)size + 7) & ~(size_t)7;
}

struct dp_agent;

/* The most bytes that everything takes. The workers run, and change no lists meanwhile. */
size_t dp_handover_memory_max(const struct dp_agent *a);
/*
 * Writes everything to `memory`, which has so many bytes. No worker runs. Returns how many
 * transports are left out.
 */
uint32_t dp_handover_memory_write(struct dp_agent *a, uint8_t *memory);

#endif
