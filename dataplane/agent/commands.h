/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_COMMANDS_H
#define SPATE_DATAPLANE_AGENT_COMMANDS_H

/* Commands from the control plane become operations of workers; the workers' results are acknowledged. */

#include "dataplane/agent/agent.h"

void dp_commands_init(struct dp_agent *a);
void dp_commands_take(struct dp_agent *a);
/* Sends as many deletions as there is room for. */
void dp_commands_delete(struct dp_agent *a);
void dp_commands_reports(struct dp_agent *a);
/* Checks a command that was copied out of the ring. 0 or errno; may normalise it. */
int dp_command_check(const struct dp_agent *a, struct sh_cmd *cmd);

#endif
