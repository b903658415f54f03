/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/negotiation/data.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cp_router full_router(void)
{
	static const enum sh_codec all[] = {
		SH_CODEC_OPUS, SH_CODEC_VP8, SH_CODEC_VP9, SH_CODEC_H264, SH_CODEC_AV1};
	struct cp_router r;

	cp_router_init(&r, all, 5);
	return r;
}

cJSON *load(const char *name)
{
	char path[128], text[32768];
	size_t len;
	FILE *f;
	cJSON *json;

	snprintf(path, sizeof(path), "data/%s.json", name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_true(len < sizeof(text));
	json = cJSON_ParseWithLength(text, len);
	assert_non_null(json);
	return json;
}

static cJSON *step(const cJSON *from, const char *name)
{
	if (isdigit((unsigned char)name[0]))
		return cJSON_GetArrayItem(from, atoi(name));
	return cJSON_GetObjectItemCaseSensitive(from, name);
}

/* The parent of the last member of `path`, whose name goes to `last`. */
static cJSON *parent(const cJSON *root, const char *path, char last[64])
{
	cJSON *at_ = (cJSON *)root;
	const char *dot;

	while ((dot = strchr(path, '.'))) {
		snprintf(last, 64, "%.*s", (int)(dot - path), path);
		at_ = step(at_, last);
		assert_non_null(at_);
		path = dot + 1;
	}
	snprintf(last, 64, "%s", path);
	return at_;
}

cJSON *at(const cJSON *root, const char *path)
{
	char last[64];
	cJSON *item = parent(root, path, last);

	item = step(item, last);
	if (!item)
		print_error("no member %s\n", path);
	assert_non_null(item);
	return item;
}

void set(cJSON *root, const char *path, const char *json)
{
	char last[64];
	cJSON *object = parent(root, path, last);
	cJSON *value = json ? cJSON_Parse(json) : NULL;

	assert_true(!json || value);
	if (cJSON_IsArray(object)) {
		int i = atoi(last);

		if (!value)
			cJSON_DeleteItemFromArray(object, i);
		else if (i < cJSON_GetArraySize(object))
			assert_true(cJSON_ReplaceItemInArray(object, i, value));
		else
			assert_true(cJSON_AddItemToArray(object, value));
		return;
	}
	cJSON_DeleteItemFromObjectCaseSensitive(object, last);
	if (value)
		assert_true(cJSON_AddItemToObject(object, last, value));
}

static long allocations_left = -1;

static void *counted_malloc(size_t size)
{
	if (allocations_left == 0)
		return NULL;
	if (allocations_left > 0)
		allocations_left--;
	return malloc(size);
}

void fail_allocation(long n)
{
	cJSON_Hooks hooks = {.malloc_fn = counted_malloc, .free_fn = free};

	allocations_left = n;
	cJSON_InitHooks(n < 0 ? NULL : &hooks);
}
