/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REPORT_H
#define SPATE_DATAPLANE_PATH_REPORT_H

/* Sends RTCP: feedback and receiver reports to producers, sender reports to viewers. */

struct dp_transport;
struct dp_worker;

/*
 * Sends what is due for the streams that arrive on a transport: RR, NACK, PLI or FIR, REMB and
 * transport-wide feedback (TWCC). The transport has at least one stream.
 */
void dp_report_producers(struct dp_worker *w, struct dp_transport *t);
/* Sends SR and SDES for the consumers of a transport for which they are due. */
void dp_report_consumers(struct dp_worker *w, struct dp_transport *t);

#endif
