/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_JSON_H
#define SPATE_CONTROLPLANE_NEGOTIATION_JSON_H

/* Building JSON so that nothing leaks when memory runs out on the way. */

#include <stdbool.h>

#include <cjson/cJSON.h>

/* A new object at the end of `list`; NULL when memory is short or `list` is NULL. */
cJSON *cp_json_append(cJSON *list);

/* Takes `item` over, also when it fails. `item` may be NULL, which fails. */
bool cp_json_add(cJSON *object, const char *name, cJSON *item);

#endif
