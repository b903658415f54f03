/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_COMMANDS_H
#define SPATE_CONTROLPLANE_OPERATOR_COMMANDS_H

/* The commands of the administration socket: one line of JSON in, one line of JSON out. */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

/* Waits for an answer. */
struct cp_admin_asker {
	/* Called once. Takes the text, which has its newline; NULL: no memory. */
	void (*answer)(struct cp_admin_asker *asker, char *text);
	cJSON *srtp; /* keys that go into the answer, when it comes */
};

/* Answers one line, before it returns or later. */
void cp_admin_ask(const struct cp_view *v, const char *line, size_t len, struct cp_admin_asker *asker);
/* The asker has gone: it is not called any more. */
void cp_admin_abandon(const struct cp_view *v, struct cp_admin_asker *asker);

#endif
