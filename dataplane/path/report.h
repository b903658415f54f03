/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REPORT_H
#define SPATE_DATAPLANE_PATH_REPORT_H

/* Sends RTCP: feedback and receiver reports to producers, sender reports to viewers. */

#include <stdint.h>

#include "dataplane/rtp/ticks.h"

struct dp_transport;
struct dp_worker;

/*
 * Our NTP time in reports, which needs no relation to wall clock time (RFC 3550, 4); so no step of
 * that clock falsifies a round-trip time.
 */
static inline uint64_t dp_report_ntp(uint64_t now_ns)
{
	return dp_ns_to_ticks(now_ns, (uint64_t)1 << 32);
}

/*
 * Sends what is due for the streams that arrive on a transport: RR, NACK, PLI or FIR, REMB and
 * transport-wide feedback (TWCC). The transport has at least one stream.
 */
void dp_report_producers(struct dp_worker *w, struct dp_transport *t);
/* Sends SR and SDES for the consumers of a transport for which they are due. */
void dp_report_consumers(struct dp_worker *w, struct dp_transport *t);

#endif
