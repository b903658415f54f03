/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl upgrade", of both processes, and "spatectl upgrade dataplane". */

#include "tools/ctl/spatectl.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LOOK_MS = 20, LOOKS = 1500 /* longer than the control plane waits for the next data plane */ };

static bool is_running(const cJSON *upgrade)
{
	const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(upgrade, "state"));

	return state && strcmp(state, "running") == 0;
}

/*
 * Looks until it is over. With `both`, nobody answers between two control planes. Returns the
 * "upgrade" of the last answer, which the caller deletes, or NULL.
 */
static cJSON *wait_for_end(const struct ctl_options *o, bool both, char err[CTL_ERR_MAX])
{
	const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
	char words[CTL_ERR_MAX] = "the control plane does not say how the restart has gone";

	for (unsigned i = 0; i < LOOKS; i++) {
		cJSON *answer = ctl_ask(o, "status", err), *upgrade;

		if (!answer && !both)
			return NULL;
		if (!answer)
			snprintf(words, sizeof(words), "%s", err);
		upgrade = cJSON_DetachItemFromObjectCaseSensitive(answer, "upgrade");
		cJSON_Delete(answer);
		if (answer && (!upgrade || !is_running(upgrade)))
			return upgrade;
		cJSON_Delete(upgrade);
		nanosleep(&pause, NULL);
	}
	snprintf(err, CTL_ERR_MAX, "%s", words);
	return NULL;
}

/* Prints how it has gone, and deletes `upgrade`. */
static int print_end(const struct ctl_options *o, bool both, cJSON *upgrade)
{
	const char *state = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(upgrade, "state"));
	bool done = state && strcmp(state, "done") == 0;
	char reason[CTL_TEXT_MAX];

	if (o->json) {
		ctl_json_print(upgrade);
		return done ? CTL_OK : CTL_FAILED;
	}
	if (done)
		printf("%s since %.0f ms after the command; %.0f transports are negotiated anew\n",
			both ? "another data plane and another control plane go on"
			     : "another data plane goes on",
			ctl_number(upgrade, "ms"), ctl_number(upgrade, "lost"));
	else
		fprintf(stderr, "spatectl: upgrade: %s\n", ctl_text(reason, upgrade, "reason"));
	cJSON_Delete(upgrade);
	return done ? CTL_OK : CTL_FAILED;
}

int ctl_upgrade(const struct ctl_options *o)
{
	bool both = !o->argument[0];
	cJSON *request, *upgrade;
	char err[CTL_ERR_MAX];
	int code;

	if (!both && (strcmp(o->argument[0], "dataplane") != 0 || o->argument[1])) {
		fputs("spatectl: upgrade: it is upgrade, or upgrade dataplane; see spatectl --help\n",
			stderr);
		return CTL_USAGE;
	}
	request = cJSON_CreateObject();
	cJSON_AddStringToObject(request, "cmd", "upgrade");
	cJSON_AddStringToObject(request, "what", both ? "both" : "dataplane");
	code = ctl_tell(o, request, err);
	cJSON_Delete(request);
	upgrade = code == CTL_OK ? wait_for_end(o, both, err) : NULL;
	if (upgrade)
		return print_end(o, both, upgrade);
	fprintf(stderr, "spatectl: %s\n", err);
	return code == CTL_OK ? CTL_NO_CONTROLPLANE : code;
}
