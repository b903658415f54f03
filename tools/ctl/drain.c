/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl drain" and "spatectl undrain". */

#include "tools/ctl/spatectl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* A line that says how far it has come. */
static void print_progress(const cJSON *drain)
{
	char state[CTL_TEXT_MAX];

	printf("%s: %.0f viewers, %.0f s left\n", ctl_text(state, drain, "state"),
		ctl_number(drain, "viewers"), ctl_number(drain, "deadline_s"));
	fflush(stdout);
}

static bool is_over(const cJSON *drain)
{
	const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(drain, "state"));

	return state && strcmp(state, "drained") == 0;
}

/* Looks once a second until nobody is left. `answer` is the first reply, and is deleted. */
static int wait_for_end(const struct ctl_options *o, cJSON *answer)
{
	const struct timespec second = {.tv_sec = 1};
	char err[CTL_ERR_MAX];

	for (;;) {
		const cJSON *drain = cJSON_GetObjectItemCaseSensitive(answer, "drain");
		bool over = is_over(drain);

		if (!drain) {
			fputs("spatectl: drain: it was cancelled\n", stderr);
			cJSON_Delete(answer);
			return CTL_FAILED;
		}
		if (!o->json)
			print_progress(drain);
		else if (over)
			ctl_json_print(cJSON_Duplicate(drain, true));
		cJSON_Delete(answer);
		if (over)
			return CTL_OK;
		nanosleep(&second, NULL);
		answer = ctl_ask(o, "status", err);
		if (!answer) {
			fprintf(stderr, "spatectl: %s\n", err);
			return CTL_NO_CONTROLPLANE;
		}
	}
}

int ctl_drain(const struct ctl_options *o)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "drain");
	if (o->deadline_s > 0)
		cJSON_AddNumberToObject(request, "deadline_s", o->deadline_s);
	code = ctl_request(o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	if (o->wait)
		return wait_for_end(o, answer);
	if (o->json)
		ctl_json_print(cJSON_DetachItemFromObjectCaseSensitive(answer, "drain"));
	else
		print_progress(cJSON_GetObjectItemCaseSensitive(answer, "drain"));
	cJSON_Delete(answer);
	return CTL_OK;
}

int ctl_undrain(const struct ctl_options *o)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "undrain");
	code = ctl_request(o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	cJSON_DeleteItemFromObject(answer, "ok");
	if (o->json) {
		ctl_json_print(answer);
		return CTL_OK;
	}
	printf("clients can join again; %.0f peers have stayed\n", ctl_number(answer, "peers"));
	cJSON_Delete(answer);
	return CTL_OK;
}
