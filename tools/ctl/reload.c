/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl reload". */

#include "tools/ctl/spatectl.h"

#include <stdio.h>

static void print_list(const char *words, const cJSON *list)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
		printf("%-14s%s\n", words, cJSON_IsString(item) ? item->valuestring : "-");
}

int ctl_reload(const struct ctl_options *o)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	const cJSON *changed, *restart, *failed;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "reload");
	code = ctl_request(o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	changed = cJSON_GetObjectItemCaseSensitive(answer, "changed");
	restart = cJSON_GetObjectItemCaseSensitive(answer, "needs_restart");
	failed = cJSON_GetObjectItemCaseSensitive(answer, "failed");
	code = cJSON_GetArraySize(failed) > 0 ? CTL_FAILED : CTL_OK;
	if (o->json) {
		cJSON_DeleteItemFromObject(answer, "ok");
		ctl_json_print(answer);
		return code;
	}
	print_list("changed", changed);
	print_list("needs restart", restart);
	print_list("failed", failed);
	if (cJSON_GetArraySize(changed) + cJSON_GetArraySize(restart) + cJSON_GetArraySize(failed) == 0)
		puts("nothing has changed");
	cJSON_Delete(answer);
	return code;
}
