/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/json.h"

#include <stdlib.h>

static uint64_t failures, known; /* `known`: as many as when something was begun */

static void *allocate(size_t size)
{
	void *p = malloc(size);

	failures += !p;
	return p;
}

void cp_json_watch(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = free});
}

uint64_t cp_json_failures(void)
{
	return failures;
}

void cp_json_begin(void)
{
	known = failures;
}

bool cp_json_complete(void)
{
	bool complete = known == failures;

	known = failures;
	return complete;
}

char *cp_json_print(const cJSON *json)
{
	char *text = json && known == failures ? cJSON_PrintUnformatted(json) : NULL;

	known = failures;
	return text;
}
