/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_RTCP_H
#define SPATE_DATAPLANE_PATH_RTCP_H

/* Processes datagrams of RTCP that path/rtcp_in.c has authenticated. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/drop.h"

struct dp_consumer;
struct dp_transport;
struct dp_worker;
struct rte_mbuf;

/* A datagram that is being processed. */
struct dp_datagram {
	struct dp_worker *w;
	struct rte_mbuf *m;
	struct dp_transport *t;
	uint8_t *data;
	size_t len; /* once it is decrypted, of what it holds */
	enum sh_drop reason; /* to drop it; SH_DROP_COUNT: none */
	unsigned unknown; /* SSRCs so far that are no consumer's and no producer's media */
	bool selected; /* it came from the selected address */
	struct dp_consumer *reported; /* the last one that a report block was about; NULL: none yet */
};

/* Processes all that it holds, and decides about the viewer's layers. */
void dp_datagram_process(struct dp_datagram *d);

/*
 * Whether any report block or feedback names an SSRC that we send on this transport. For a plain
 * transport without SRTP this is the only evidence that an unknown source address is our receiver.
 */
bool dp_datagram_names_consumer(struct dp_datagram *d);

#endif
