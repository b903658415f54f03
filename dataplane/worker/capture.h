/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_WORKER_CAPTURE_H
#define SPATE_DATAPLANE_WORKER_CAPTURE_H

/*
 * Writes captured packets into the ring that spatectl reads (docs/capture.md). While nothing is
 * captured on a worker, its pointer is NULL, which it looks at for each burst. A capture belongs to
 * one worker, which alone writes the ring and never waits for its reader.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_branch_prediction.h>

#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "shared/capture.h"
#include "shared/ring.h"

struct dp_capture {
	/* what is captured: a transport, whose slot another one may get later, or a UDP port */
	const struct dp_transport *transport;
	sh_id id;
	uint16_t port; /* 0: the transport */
	bool plain; /* RTP and RTCP are captured decrypted */
	struct sh_ring ring;
	struct sh_capture_header *header;
	/* the received packets of the burst that is being processed, so that drops of them are seen */
	struct rte_mbuf *burst[DP_BURST];
	unsigned burst_count;

	/* the agent's */
	struct dp_worker *worker;
	int memfd, socket; /* socket: whose end is the capture's */
	uint64_t quiescent; /* dp_worker.quiescent when it was detached */
	struct dp_capture *next; /* in the list of detached ones */
};

/* Some bytes of a frame. */
struct dp_capture_part {
	const void *data;
	size_t len;
};

/* NULL: nothing is captured. */
static inline struct dp_capture *dp_capture_of(const struct dp_worker *w)
{
	return atomic_load_explicit(&w->capture, memory_order_acquire);
}

/* Bytes of the memory of a capture. */
size_t dp_capture_size(void);
/* Makes the memory. NULL with errno: failed. dp_capture_free() closes the descriptors too. */
struct dp_capture *dp_capture_new(void);
void dp_capture_free(struct dp_capture *c);

/* Writes a record: `what` without its data, and `n` parts of a frame, cut to what fits. */
void dp_capture_write(struct dp_capture *c, const struct sh_captured *what,
	const struct dp_capture_part *part, unsigned n);
/* Writes a whole frame. */
void dp_capture_frame(struct dp_capture *c, const struct rte_mbuf *m, enum sh_capture_direction direction,
	uint64_t ns);
/*
 * A packet is dropped: writes the headers of its frame with the reason, if it was captured when it
 * was received. Without its payload, which may have been decrypted meanwhile.
 */
void dp_capture_dropped(struct dp_capture *c, struct rte_mbuf *m, enum sh_drop reason);

#endif
