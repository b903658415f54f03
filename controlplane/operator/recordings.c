/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/recordings.h"

#include <inttypes.h>
#include <string.h>

enum { FORGOTTEN_MS = 5000 };

static const char *const states[CP_RECORDING_STATES] = {
	[CP_RECORDING_WAITS] = "waiting",
	[CP_RECORDING_RUNS] = "recording",
	[CP_RECORDING_DISK_FULL] = "disk_full",
	[CP_RECORDING_FAILS] = "failing",
};

/* The recording that has that id and reports. NULL: there is none. */
static struct cp_recording *find(struct cp_recordings *r, const char *id, uint64_t now_ms)
{
	for (unsigned i = 0; i < CP_RECORDINGS_MAX; i++) {
		struct cp_recording *one = &r->all[i];

		if (one->id[0] != '\0' && now_ms - one->seen_ms > FORGOTTEN_MS)
			one->id[0] = '\0';
		if (one->id[0] != '\0' && strcmp(one->id, id) == 0)
			return one;
	}
	return NULL;
}

/* A new one. NULL: there is no place left. */
static struct cp_recording *make(struct cp_recordings *r, const char *id)
{
	for (unsigned i = 0; i < CP_RECORDINGS_MAX; i++) {
		if (r->all[i].id[0] != '\0')
			continue;
		r->all[i] = (struct cp_recording){.state = CP_RECORDING_WAITS};
		snprintf(r->all[i].id, sizeof(r->all[i].id), "%s", id);
		return &r->all[i];
	}
	return NULL;
}

static const char *text_of(const cJSON *request, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, name));

	return text ? text : "";
}

/* CP_RECORDING_STATES: there is no such state. */
static enum cp_recording_state state_of(const char *name)
{
	enum cp_recording_state state = 0;

	while (state < CP_RECORDING_STATES && strcmp(states[state], name) != 0)
		state++;
	return state;
}

static void enter(struct cp_recordings *r, struct cp_recording *one, enum cp_recording_state state)
{
	r->disk_full += state == CP_RECORDING_DISK_FULL && one->state != state;
	r->failed += state == CP_RECORDING_FAILS && one->state != state;
	one->state = state;
}

bool cp_recordings_report(struct cp_recordings *r, const cJSON *request, uint64_t now_ms, cJSON *reply,
	const char **error)
{
	const char *id = text_of(request, "id"), *room = text_of(request, "room");
	const cJSON *files = cJSON_GetObjectItemCaseSensitive(request, "files");
	enum cp_recording_state state = state_of(text_of(request, "state"));
	struct cp_recording *one;

	*error = strlen(id) != CP_ID_SIZE - 1   ? "id: must be an id"
		 : !cp_name_valid(room)         ? "room: " CP_NAME_RULE
		 : state == CP_RECORDING_STATES ? "state: must be waiting, recording, disk_full or failing"
						: NULL;
	if (*error)
		return false;
	one = find(r, id, now_ms);
	if (!one)
		one = make(r, id);
	if (!one) {
		*error = "there are 64 recordings already";
		return false;
	}
	snprintf(one->room, sizeof(one->room), "%s", room);
	snprintf(one->file, sizeof(one->file), "%s", text_of(request, "file"));
	one->files = cJSON_IsNumber(files) && files->valuedouble > 0 ? (uint64_t)files->valuedouble : 0;
	one->seen_ms = now_ms;
	enter(r, one, state);
	cJSON_AddBoolToObject(reply, "stop", one->stop);
	return true;
}

void cp_recordings_list(struct cp_recordings *r, uint64_t now_ms, cJSON *list)
{
	(void)find(r, "", now_ms); /* forgets those that do not report */
	for (unsigned i = 0; i < CP_RECORDINGS_MAX; i++) {
		const struct cp_recording *one = &r->all[i];
		cJSON *entry;

		if (one->id[0] == '\0')
			continue;
		entry = cJSON_CreateObject();
		cJSON_AddStringToObject(entry, "id", one->id);
		cJSON_AddStringToObject(entry, "room", one->room);
		cJSON_AddStringToObject(entry, "state", states[one->state]);
		cJSON_AddStringToObject(entry, "file", one->file);
		cJSON_AddNumberToObject(entry, "files", (double)one->files);
		cJSON_AddItemToArray(list, entry);
	}
}

bool cp_recordings_stop(struct cp_recordings *r, const cJSON *request, uint64_t now_ms)
{
	const char *id = text_of(request, "id");
	struct cp_recording *one = id[0] != '\0' ? find(r, id, now_ms) : NULL;

	if (one)
		one->stop = true;
	return one;
}

void cp_recordings_metrics(FILE *f, struct cp_recordings *r, uint64_t now_ms)
{
	unsigned count[CP_RECORDING_STATES] = {0};

	(void)find(r, "", now_ms);
	for (unsigned i = 0; i < CP_RECORDINGS_MAX; i++)
		if (r->all[i].id[0] != '\0')
			count[r->all[i].state]++;
	fputs("# HELP spate_recordings Recordings (spatectl record), by state.\n"
	      "# TYPE spate_recordings gauge\n",
		f);
	for (unsigned i = 0; i < CP_RECORDING_STATES; i++)
		fprintf(f, "spate_recordings{state=\"%s\"} %u\n", states[i], count[i]);
	fprintf(f,
		"# HELP spate_recording_stops_total Times that a recording had to stop, by reason.\n"
		"# TYPE spate_recording_stops_total counter\n"
		"spate_recording_stops_total{reason=\"disk_full\"} %" PRIu64 "\n"
		"spate_recording_stops_total{reason=\"failed\"} %" PRIu64 "\n",
		r->disk_full, r->failed);
}
