/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_NEGOTIATION_DATA_H
#define SPATE_TESTS_UNIT_NEGOTIATION_DATA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/negotiation/negotiation.h"

/* The router with every codec, in the default order. */
struct cp_router full_router(void);

/* data/NAME.json, parsed. The caller deletes it. */
cJSON *load(const char *name);

/* A member down a path of names and indices, "codecs.0.parameters"; fails where there is none. */
cJSON *at(const cJSON *root, const char *path);

/* Sets (or, with NULL, removes) the member at `path`; `json` is JSON text. */
void set(cJSON *root, const char *path, const char *json);

/* Makes the allocation after `n` others fail, and all that follow; -1: none. */
void fail_allocation(long n);

#endif
