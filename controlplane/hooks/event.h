/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_EVENT_H
#define SPATE_CONTROLPLANE_HOOKS_EVENT_H

/* Writes events as the JSON that webhooks get (docs/hooks.md). */

#include <stdint.h>

#include <cjson/cJSON.h>

struct cp_producer;
struct cp_room;

/*
 * {id, sequence, event, at} of an event that happens now: `sequence` tells the receiver what was
 * dropped, `id` what comes twice. The caller's to delete.
 */
cJSON *cp_hook_event(const char *name, uint64_t sequence);
void cp_hook_add_room(cJSON *event, const struct cp_room *room);
void cp_hook_add_producer(cJSON *event, const struct cp_producer *p);
/* Prints and deletes the event. To be freed with free(). NULL: no memory. */
char *cp_hook_print(cJSON *event);

#endif
