/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_REPORT_H
#define SPATE_DATAPLANE_PATH_REPORT_H

/* RTCP that this side sends. */

struct dp_transport;
struct dp_worker;

/* To the producers of a transport, what is due: RR, NACK, PLI, transport-wide feedback, REMB. */
void dp_report_producers(struct dp_worker *w, struct dp_transport *t);
/* To the viewers of a transport: SR and SDES. */
void dp_report_consumers(struct dp_worker *w, struct dp_transport *t);

#endif
