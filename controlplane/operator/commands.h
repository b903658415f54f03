/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_COMMANDS_H
#define SPATE_CONTROLPLANE_OPERATOR_COMMANDS_H

/* Executes the commands of the administration socket. */

#include <stddef.h>

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

/* The receiver of a command's answer. Its owner embeds it and keeps it until it is answered. */
struct cp_admin_asker {
	/*
	 * Called once per command. Takes over `text`, which ends with a newline and can contain
	 * keys: the callee wipes and frees it. NULL: no memory.
	 */
	void (*answer)(struct cp_admin_asker *asker, char *text);
	cJSON *srtp; /* the keys for a pending answer; NULL: none */
	struct cp_admin_listing *transports; /* a list that is being written; NULL: none */
};

/* Executes one command. Calls asker->answer before it returns or later, once. */
void cp_admin_serve(const struct cp_view *v, const char *line, size_t len, struct cp_admin_asker *asker);
/* The asker is about to be freed: a pending command is not answered any more. */
void cp_admin_abandon(const struct cp_view *v, struct cp_admin_asker *asker);

#endif
