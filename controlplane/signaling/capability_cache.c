/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/capability_cache.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct known {
	char *text; /* NULL: this entry is free */
	size_t len;
	cJSON *json;
	unsigned depth, holds; /* `holds`: references to `json` */
	uint64_t used; /* clock_now at its last use */
};

static struct known table[CP_CAPABILITIES_MAX];
static uint64_t clock_now; /* logical clock: counts uses of the cache */

static void empty(struct known *k)
{
	free(k->text);
	cJSON_Delete(k->json);
	*k = (struct known){.text = NULL};
}

/* Empties and returns the least recently used entry that nothing holds. NULL: all are held. */
static struct known *place(void)
{
	struct known *best = NULL;

	for (struct known *k = table; k < table + CP_CAPABILITIES_MAX; k++)
		if (k->holds == 0 && (!best || k->used < best->used))
			best = k;
	if (best)
		empty(best);
	return best;
}

static bool is_whole_object(const cJSON *json, const char *end, const char *expected)
{
	return cJSON_IsObject(json) && json->child && end == expected;
}

static void hold(struct known *k, struct cp_cached_capabilities *out)
{
	k->holds++;
	k->used = ++clock_now;
	*out = (struct cp_cached_capabilities){.json = k->json, .len = k->len, .depth = k->depth};
}

bool cp_capabilities_find(const char *text, size_t len, struct cp_cached_capabilities *out)
{
	for (struct known *k = table; k < table + CP_CAPABILITIES_MAX; k++) {
		if (!k->text || k->len > len || memcmp(k->text, text, k->len) != 0)
			continue;
		hold(k, out);
		return true;
	}
	return false;
}

bool cp_capabilities_add(const char *text, size_t len, unsigned depth, struct cp_cached_capabilities *out)
{
	const char *end = NULL;
	cJSON *json =
		len <= CP_CAPABILITIES_TEXT_MAX ? cJSON_ParseWithLengthOpts(text, len, &end, false) : NULL;
	struct known *k = is_whole_object(json, end, text + len) ? place() : NULL;

	if (k)
		k->text = malloc(len);
	if (!k || !k->text) {
		cJSON_Delete(json);
		return false;
	}
	memcpy(k->text, text, len);
	k->len = len;
	k->json = json;
	k->depth = depth;
	hold(k, out);
	return true;
}

void cp_capabilities_release(const cJSON *child)
{
	for (struct known *k = table; k < table + CP_CAPABILITIES_MAX; k++)
		if (k->json && k->json->child == child)
			k->holds--;
}

void cp_capabilities_clear(void)
{
	for (struct known *k = table; k < table + CP_CAPABILITIES_MAX; k++)
		if (k->holds == 0)
			empty(k);
}
