/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_REPLY_LINE_H
#define SPATE_CONTROLPLANE_OPERATOR_REPLY_LINE_H

/* Replies on the administration socket as text. */

#include <cjson/cJSON.h>

/* The reply as a line with its newline, the caller's to free and to wipe. NULL: no memory. */
char *cp_admin_line(const cJSON *reply);

/* Overwrites the keys in an object before it is deleted. */
void cp_admin_wipe_keys(cJSON *object);

#endif
