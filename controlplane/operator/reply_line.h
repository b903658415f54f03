/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_REPLY_LINE_H
#define SPATE_CONTROLPLANE_OPERATOR_REPLY_LINE_H

/* Prints the administration socket's replies as lines, and wipes the keys in them. */

#include <cjson/cJSON.h>

/* `reply` as text that ends with a newline. The caller wipes and frees it. NULL: no memory. */
char *cp_admin_line(const cJSON *reply);

/* Overwrites the members of `object` that are SRTP keys, before it is deleted. NULL is allowed. */
void cp_admin_wipe_keys(cJSON *object);

#endif
