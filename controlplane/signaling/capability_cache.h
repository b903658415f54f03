/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_CAPABILITY_CACHE_H
#define SPATE_CONTROLPLANE_SIGNALING_CAPABILITY_CACHE_H

/*
 * rtpCapabilities that came before. All viewers with the same browser send the same bytes,
 * several kilobytes of them, for each consumer: here they are parsed once. A few texts are
 * kept, the least used goes for a new one. The loop's thread only.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum {
	CP_CAPABILITIES_MAX = 16, /* texts that are kept */
	CP_CAPABILITIES_TEXT_MAX = 16384, /* bytes of the longest */
};

struct cp_cached_capabilities {
	const cJSON *json; /* an object with members; it is only read */
	size_t len; /* of its text */
	unsigned depth; /* levels of nesting in it, its own counted */
};

/*
 * Whether the text begins with one that is known, byte for byte. An object's text says itself
 * where it ends: no other can begin like it. Then it is held.
 */
bool cp_capabilities_find(const char *text, size_t len, struct cp_cached_capabilities *out);
/*
 * Makes it known, if it is an object with members, not too long, and there is place for it.
 * `depth` is what the caller has counted. Then it is held.
 */
bool cp_capabilities_add(const char *text, size_t len, unsigned depth, struct cp_cached_capabilities *out);
/* Ends one hold on the object whose first member this is. */
void cp_capabilities_release(const cJSON *child);
/* Forgets all that nothing holds. */
void cp_capabilities_clear(void);

#endif
