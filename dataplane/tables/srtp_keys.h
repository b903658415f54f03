/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SRTP_KEYS_H
#define SPATE_DATAPLANE_TABLES_SRTP_KEYS_H

/*
 * Opens the two SRTP sessions of a transport with keys from the control plane, and wipes them when
 * the transport ends.
 */

struct dp_op;
struct dp_transport;
struct dp_worker;

/*
 * The operation TRANSPORT_KEYS, on the owning worker: opens both sessions. Returns 0 (also if they
 * are open already), or errno; EINVAL: the transport is unprotected, or the profile is unknown.
 */
int dp_transport_keys(struct dp_worker *w, const struct dp_op *op);
/* Wipes both sessions, if they are open. The transport cannot send from then on. */
void dp_transport_close_srtp(struct dp_worker *w, struct dp_transport *t);

#endif
