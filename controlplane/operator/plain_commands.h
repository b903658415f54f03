/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_PLAIN_COMMANDS_H
#define SPATE_CONTROLPLANE_OPERATOR_PLAIN_COMMANDS_H

/*
 * Executes the commands that create, list and close plain transports; docs/plain.md describes their
 * JSON.
 */

#include "controlplane/operator/commands.h"

/*
 * plain-produce and plain-consume. True: asker->answer is called later, unless the asker is
 * abandoned. False: refused, with the operator's message in `err`.
 */
bool cp_admin_plain_produce(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err);
bool cp_admin_plain_consume(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err);
/* plain-close. 0, or errno with the operator's message in `err`. */
int cp_admin_plain_close(struct cp_model *m, const cJSON *request, struct cp_fault *err);
/* plain-list: adds an object for each plain transport to the array `list`. */
void cp_admin_plain_list(const struct cp_model *m, cJSON *list);

#endif
