/* SPDX-License-Identifier: Apache-2.0 */
#include "known.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct known {
	char *text; /* NULL: this place is free */
	size_t len;
	cJSON *json;
	unsigned holds;
	uint64_t used; /* by the clock below */
};

static struct known table[CP_KNOWN_MAX];
static uint64_t clock_now;

static void empty(struct known *k)
{
	free(k->text);
	cJSON_Delete(k->json);
	*k = (struct known){.text = NULL};
}

/* A free place, else the one that was not used for longest and nothing holds; NULL: none. */
static struct known *place(void)
{
	struct known *best = NULL;

	for (struct known *k = table; k < table + CP_KNOWN_MAX; k++)
		if (k->holds == 0 && (best == NULL || k->used < best->used))
			best = k;
	if (best != NULL)
		empty(best);
	return best;
}

static bool is_whole_object(const cJSON *json, const char *end, const char *expected)
{
	return cJSON_IsObject(json) && json->child != NULL && end == expected;
}

static struct known *add(const char *text, size_t len)
{
	const char *end = NULL;
	cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);
	struct known *k = is_whole_object(json, end, text + len) ? place() : NULL;

	if (k != NULL)
		k->text = malloc(len);
	if (k == NULL || k->text == NULL) {
		cJSON_Delete(json);
		return NULL;
	}
	memcpy(k->text, text, len);
	k->len = len;
	k->json = json;
	return k;
}

static struct known *find(const char *text, size_t len)
{
	for (struct known *k = table; k < table + CP_KNOWN_MAX; k++)
		if (k->text != NULL && k->len == len && memcmp(k->text, text, len) == 0)
			return k;
	return NULL;
}

const cJSON *cp_known_hold(const char *text, size_t len)
{
	struct known *k = NULL;

	if (len <= CP_KNOWN_TEXT_MAX)
		k = find(text, len);
	if (k == NULL && len <= CP_KNOWN_TEXT_MAX)
		k = add(text, len);
	if (k == NULL)
		return NULL;
	k->holds++;
	k->used = ++clock_now;
	return k->json;
}

void cp_known_release(const cJSON *child)
{
	for (struct known *k = table; k < table + CP_KNOWN_MAX; k++)
		if (k->json != NULL && k->json->child == child)
			k->holds--;
}

void cp_known_forget(void)
{
	for (struct known *k = table; k < table + CP_KNOWN_MAX; k++)
		if (k->holds == 0)
			empty(k);
}
