/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_ADAPTATION_H
#define SPATE_DATAPLANE_TABLES_ADAPTATION_H

/*
 * Adapts what a viewer is sent to what its path carries: passes its reports to the rules in
 * layers/adapt.h, and has its consumers' selections aim for the layers that they choose. Runs on
 * the viewer's worker, when RTCP arrives and about once a second, never for a packet.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/layers/adapt.h"
#include "dataplane/rtp/rtcp.h"

struct dp_consumer;
struct dp_transport;
struct dp_worker;

/* The state of a transport. */
struct dp_adapt *dp_adaptation_of(const struct dp_worker *w, const struct dp_transport *t);

/* For a new transport. */
void dp_adaptation_init(struct dp_worker *w, const struct dp_transport *t);
void dp_adaptation_remb(struct dp_worker *w, const struct dp_transport *t, uint64_t bps);
/*
 * A report block about a consumer with layers. Called before the block is noted in the consumer,
 * because it is compared with the one before.
 */
void dp_adaptation_report(struct dp_worker *w, struct dp_consumer *c, const struct dp_rtcp_report *block);
/* Decides after the reports of an RTCP packet, unless they cannot change the last decision. */
void dp_adaptation_reported(struct dp_worker *w, struct dp_transport *t);
/* Decides again, if the transport has consumers with layers. */
void dp_adaptation_decide(struct dp_worker *w, struct dp_transport *t);
/* The kbit/s that the viewer's path is believed to carry; 0: not known. */
uint32_t dp_adaptation_available_kbps(const struct dp_worker *w, const struct dp_transport *t);

#endif
