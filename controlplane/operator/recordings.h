/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_RECORDINGS_H
#define SPATE_CONTROLPLANE_OPERATOR_RECORDINGS_H

/*
 * The recordings that run: each is a process of its own (spatectl record), which reports here once
 * a second, so that spatectl record --list, --stop and /metrics know of it. A recording that has
 * not reported for some seconds is forgotten.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include "controlplane/base/id.h"
#include "controlplane/base/name.h"

enum { CP_RECORDINGS_MAX = 64, CP_RECORDING_FILE_SIZE = 1024 };

enum cp_recording_state {
	CP_RECORDING_WAITS, /* nobody publishes */
	CP_RECORDING_RUNS,
	CP_RECORDING_DISK_FULL,
	CP_RECORDING_FAILS, /* FFmpeg ends by itself */
	CP_RECORDING_STATES,
};

struct cp_recording {
	char id[CP_ID_SIZE]; /* "": the place is free */
	char room[CP_NAME_SIZE];
	char file[CP_RECORDING_FILE_SIZE]; /* the present one, or the last one */
	enum cp_recording_state state;
	uint64_t seen_ms, files;
	bool stop; /* somebody has asked for its end */
};

/* Zeroed: there are none. */
struct cp_recordings {
	struct cp_recording all[CP_RECORDINGS_MAX];
	uint64_t disk_full, failed; /* times that a recording had to stop for it */
};

/*
 * record-report {id, room, state, file, files}: adds `stop` to the reply. False: it is wrong, and
 * `error` says why.
 */
bool cp_recordings_report(struct cp_recordings *r, const cJSON *request, uint64_t now_ms, cJSON *reply,
	const char **error);
/* record-list: fills in the array. */
void cp_recordings_list(struct cp_recordings *r, uint64_t now_ms, cJSON *list);
/* record-stop {id}: asks the recording to end. False: there is none. */
bool cp_recordings_stop(struct cp_recordings *r, const cJSON *request, uint64_t now_ms);
/* Appends the lines to /metrics. */
void cp_recordings_metrics(FILE *f, struct cp_recordings *r, uint64_t now_ms);

#endif
