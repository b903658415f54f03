/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_HELLO_H
#define SPATE_CONTROLPLANE_DPCLIENT_HELLO_H

/* Connects to the data plane's socket and exchanges HELLO and its reply. Only for dpclient/. */

#include <stddef.h>

#include "shared/abi.h"

/* The descriptors in the reply to HELLO, in their order; -1: not received. */
enum { CP_DP_FD_RINGS, CP_DP_FD_WAKE, CP_DP_FD_EVENT, CP_DP_FD_STATS, CP_DP_FDS };

/*
 * Connects without blocking and sends HELLO, with the descriptor `left` unless that is -1. Returns
 * the socket, or a negative errno; -EPERM: the process that listens is neither root's nor this
 * one's user.
 */
int cp_dp_hello_send(const char *path, int left);

/*
 * Connects likewise to a data plane of any version, and brings it the memory `left`
 * (shared/bring.h). Returns the socket, or a negative errno.
 */
int cp_dp_bring_send(const char *path, int left);
/*
 * Receives the answer. 0: the data plane goes on; its errno, with an operator's message in
 * `reason`: it does not; a negative errno: that was no answer.
 */
int cp_dp_bring_receive(int socket, char *reason, size_t size);

/*
 * Receives the reply. NULL when `r` is valid and each of `fd` is open; the caller closes them.
 * Otherwise the reason in words, valid until the next call with this `r`, and no descriptor stays
 * open. Terminates `r->reason` with a NUL.
 */
const char *cp_dp_hello_receive(int socket, struct sh_hello_reply *r, int fd[CP_DP_FDS]);

/*
 * Receives what the data plane sends after HELLO: the memory that it hands over (struct
 * sh_hand_over). Returns its descriptor, and its size in `*size`; -EAGAIN: nothing has come;
 * another negative errno: the connection has ended, or this is something else.
 */
int cp_dp_hand_over_receive(int socket, size_t *size);

#endif
