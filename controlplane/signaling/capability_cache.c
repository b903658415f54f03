/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/capability_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *text; /* NULL: this entry is free */
	size_t len;
	cJSON *json;
	unsigned depth, holds; /* `holds`: references to `json` */
	uint64_t used; /* use_clock at its last use */
};

static struct entry cache[CP_CAPABILITIES_MAX];
static uint64_t use_clock; /* logical clock: counts uses of the cache */

static void clear(struct entry *e)
{
	free(e->text);
	cJSON_Delete(e->json);
	*e = (struct entry){.text = NULL};
}

/* Empties and returns the least recently used entry that nothing holds. NULL: all are held. */
static struct entry *evict(void)
{
	struct entry *best = NULL;

	for (struct entry *e = cache; e < cache + CP_CAPABILITIES_MAX; e++)
		if (e->holds == 0 && (!best || e->used < best->used))
			best = e;
	if (best)
		clear(best);
	return best;
}

static bool is_whole_object(const cJSON *json, const char *end, const char *expected)
{
	return cJSON_IsObject(json) && json->child && end == expected;
}

static void hold(struct entry *e, struct cp_cached_capabilities *out)
{
	e->holds++;
	e->used = ++use_clock;
	*out = (struct cp_cached_capabilities){.json = e->json, .len = e->len, .depth = e->depth};
}

bool cp_capabilities_find(const char *text, size_t len, struct cp_cached_capabilities *out)
{
	for (struct entry *e = cache; e < cache + CP_CAPABILITIES_MAX; e++) {
		if (!e->text || e->len > len || memcmp(e->text, text, e->len) != 0)
			continue;
		hold(e, out);
		return true;
	}
	return false;
}

bool cp_capabilities_add(const char *text, size_t len, unsigned depth, struct cp_cached_capabilities *out)
{
	const char *end = NULL;
	cJSON *json =
		len <= CP_CAPABILITIES_TEXT_MAX ? cJSON_ParseWithLengthOpts(text, len, &end, false) : NULL;
	struct entry *e = is_whole_object(json, end, text + len) ? evict() : NULL;

	if (e)
		e->text = malloc(len);
	if (!e || !e->text) {
		cJSON_Delete(json);
		return false;
	}
	memcpy(e->text, text, len);
	e->len = len;
	e->json = json;
	e->depth = depth;
	hold(e, out);
	return true;
}

void cp_capabilities_release(const cJSON *child)
{
	for (struct entry *e = cache; e < cache + CP_CAPABILITIES_MAX; e++)
		if (e->json && e->json->child == child)
			e->holds--;
}

void cp_capabilities_clear(void)
{
	for (struct entry *e = cache; e < cache + CP_CAPABILITIES_MAX; e++)
		if (e->holds == 0)
			clear(e);
}
