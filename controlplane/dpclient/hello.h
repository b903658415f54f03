/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_HELLO_H
#define SPATE_CONTROLPLANE_DPCLIENT_HELLO_H

/* The socket to the data plane and the one message each way. Inside dpclient/ only. */

#include "shared/abi.h"

/* What HELLO's answer carries, in its order; -1 where there is none. */
enum { CP_DP_FD_RINGS, CP_DP_FD_WAKE, CP_DP_FD_EVENT, CP_DP_FD_STATS, CP_DP_FDS };

/* Connects, without waiting, and says HELLO. A descriptor, or a negative errno. */
int cp_dp_hello_send(const char *path);

/*
 * Takes the answer. NULL when `r` and all of `fd` are there, else what is wrong, in words
 * (valid until the next call with this `r`); then no descriptor is open. Sets `r`'s reason to be a string.
 */
const char *cp_dp_hello_receive(int socket, struct sh_hello_reply *r, int fd[CP_DP_FDS]);

#endif
