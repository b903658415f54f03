/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_HELLO_H
#define SPATE_SHARED_HELLO_H

/*
 * The HELLO record, with which every client of the data plane's socket begins, and the end of the
 * connection that it opened.
 */

#include <stdbool.h>

#include "shared/abi.h"

/* Fills in what this build speaks: versions and the sizes of records. */
void sh_hello_init(struct sh_hello *hello, enum sh_client client);

/*
 * Reads one message from a connected socket without blocking, and discards it. True: the peer has
 * closed the connection, or the connection failed.
 */
bool sh_connection_ended(int socket);

#endif
