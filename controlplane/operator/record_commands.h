/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_RECORD_COMMANDS_H
#define SPATE_CONTROLPLANE_OPERATOR_RECORD_COMMANDS_H

/* Executes the commands of the administration socket that spatectl record uses. */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

/*
 * producers {room} or {producer}: lists what can be recorded, the oldest first; record-report,
 * record-list, record-stop (recordings.h). False: `cmd` is none of them. On failure `*error` says
 * why, else it is NULL.
 */
bool cp_admin_record(const struct cp_view *v, const char *cmd, const cJSON *request, cJSON *reply,
	const char **error);

#endif
