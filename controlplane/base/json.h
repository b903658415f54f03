/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_JSON_H
#define SPATE_CONTROLPLANE_BASE_JSON_H

/*
 * Prints JSON, and notices where memory ran out while it was built. Most of cJSON's functions that
 * add a member do nothing when there is no memory, and their callers do not look: an answer without
 * its id would be sent, for which a client waits in vain. So the failures are counted where they
 * happen, and nothing is printed of which a member may be missing. Only the loop's thread uses
 * this.
 */

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/* From now on failures are counted. Without this call none are. */
void cp_json_watch(void);
/* How many allocations of cJSON have failed so far. */
uint64_t cp_json_failures(void);
/* What is built from here on misses nothing yet: failures of before were of something else. */
void cp_json_begin(void);
/*
 * Whether everything built since the last call of this function, of cp_json_begin() or of
 * cp_json_print() is complete.
 */
bool cp_json_complete(void);
/* Prints `json` without spaces, to be freed by cJSON_free(). NULL: `json` is NULL, or no memory. */
char *cp_json_print(const cJSON *json);

#endif
