/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_SRTP_H
#define SPATE_TOOLS_LOADGEN_SRTP_H

/* libsrtp2 for the packets of the load generator and of tests. */

#include <srtp2/srtp.h>

#include "shared/abi.h"

/*
 * Opens an outbound libsrtp2 session with `keys->out`, GCM-128 or CM-128. 0, or -1 when libsrtp2
 * fails.
 */
int lg_srtp_open(srtp_t *out, const struct sh_transport_keys *keys);
/* The same for what is received, with `keys->in`. */
int lg_srtp_open_inbound(srtp_t *in, const struct sh_transport_keys *keys);

#endif
