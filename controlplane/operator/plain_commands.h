/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_PLAIN_COMMANDS_H
#define SPATE_CONTROLPLANE_OPERATOR_PLAIN_COMMANDS_H

/* Plain transports over the administration socket (docs/plain.md says what is in the JSON). */

#include "controlplane/operator/commands.h"

/*
 * plain-produce and plain-consume. True: asker->answer is called later. False: refused with
 * a sentence in `err`.
 */
bool cp_admin_plain_produce(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err);
bool cp_admin_plain_consume(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err);
/* 0, or errno with the message. */
int cp_admin_plain_close(struct cp_model *m, const cJSON *request, struct cp_fault *err);
/* Every one of them, into an array. */
void cp_admin_plain_list(const struct cp_model *m, cJSON *list);

#endif
