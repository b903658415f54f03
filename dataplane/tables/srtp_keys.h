/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SRTP_KEYS_H
#define SPATE_DATAPLANE_TABLES_SRTP_KEYS_H

/* A transport's two SRTP sessions: they are opened with keys from the control plane and wiped at its end. */

struct dp_op;
struct dp_transport;
struct dp_worker;

/* TRANSPORT_KEYS, on the owning worker: opens both sessions. 0 or errno. */
int dp_transport_keys(struct dp_worker *w, const struct dp_op *op);
/* Wipes both sessions. */
void dp_transport_close_srtp(struct dp_worker *w, struct dp_transport *t);

#endif
