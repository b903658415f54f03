/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_CAPABILITY_CACHE_H
#define SPATE_CONTROLPLANE_SIGNALING_CAPABILITY_CACHE_H

/*
 * Caches parsed rtpCapabilities. All viewers with the same browser send the same several kilobytes
 * for each consumer; with the cache they are parsed once. The cache is global and keeps a few
 * texts; a new one replaces the least recently used. Only the loop's thread may use it.
 */

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

enum {
	CP_CAPABILITIES_MAX = 16, /* entries in the cache */
	CP_CAPABILITIES_TEXT_MAX = 16384, /* bytes of the longest text that is cached */
};

struct cp_cached_capabilities {
	const cJSON *json; /* owner: the cache; an object with members, which nobody may change */
	size_t len; /* bytes of its text */
	unsigned depth; /* levels of nesting in it, including its own */
};

/*
 * True if `text` begins with a cached text, byte for byte. That is enough to find the end of the
 * object, because the text of one JSON object is never a proper prefix of another's. `*out` is then
 * valid until cp_capabilities_release().
 */
bool cp_capabilities_find(const char *text, size_t len, struct cp_cached_capabilities *out);
/*
 * Parses and caches the text. `depth` is its nesting, which the caller has counted. True: `*out` is
 * valid until cp_capabilities_release(). False: the text is not a JSON object with members, or is
 * too long, or all entries are held, or there is no memory.
 */
bool cp_capabilities_add(const char *text, size_t len, unsigned depth, struct cp_cached_capabilities *out);
/* Releases one reference to the cached object whose first member is `child`. */
void cp_capabilities_release(const cJSON *child);
/* Frees all entries that nothing holds. */
void cp_capabilities_clear(void);

#endif
