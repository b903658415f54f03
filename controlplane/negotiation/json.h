/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_JSON_H
#define SPATE_CONTROLPLANE_NEGOTIATION_JSON_H

/* Builds JSON with cJSON so that nothing leaks when memory runs out halfway. */

#include <stdbool.h>

#include <cjson/cJSON.h>

/* Appends a new object to `list`, which owns it. NULL when memory is short or `list` is NULL. */
cJSON *cp_json_append(cJSON *list);

/*
 * Adds `item` to `object`, which then owns it; on failure `item` is freed. An `item` of NULL is a
 * failure. True on success.
 */
bool cp_json_add(cJSON *object, const char *name, cJSON *item);

#endif
