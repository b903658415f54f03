/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_HELLO_H
#define SPATE_SHARED_HELLO_H

/* The HELLO record, with which every client of the data plane's socket begins. */

#include "shared/abi.h"

/* Fills in what this build speaks: versions and the sizes of records. */
void sh_hello_init(struct sh_hello *hello, enum sh_client client);

#endif
