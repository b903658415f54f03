/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_HELLO_H
#define SPATE_SHARED_HELLO_H

/*
 * The HELLO record, with which every client of the data plane's socket begins, programs of
 * different versions, and the end of the connection that it opened.
 */

#include <stdbool.h>
#include <stddef.h>

#include "shared/abi.h"

/* Fills in what this build speaks: versions and the sizes of records. */
void sh_hello_init(struct sh_hello *hello, enum sh_client client);

/*
 * True if a received HELLO, or the answer to one, is of another version of the ABI than this build;
 * `reason` is then an operator's message. Every version begins with the magic and the version, so
 * that this is seen although the rest, and the length, may be others. `ours` and `theirs` name the
 * two programs.
 */
bool sh_hello_differs(const void *record, size_t len, const char *ours, const char *theirs, char *reason,
	size_t size);

/*
 * Reads one message from a connected socket without blocking, and discards it. True: the peer has
 * closed the connection, or the connection failed.
 */
bool sh_connection_ended(int socket);

#endif
