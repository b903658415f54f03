/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_COMMANDS_H
#define SPATE_DATAPLANE_AGENT_COMMANDS_H

/*
 * Turns the control plane's commands into operations of workers, and acknowledges them with the
 * workers' results.
 */

#include "dataplane/agent/agent.h"

void dp_commands_init(struct dp_agent *a);
/* Takes commands from the ring until it is empty, or until one must be held. */
void dp_commands_serve(struct dp_agent *a);
/* Sends deletions of objects that are ready, as far as the workers' rings have room. */
void dp_commands_delete(struct dp_agent *a);
/* Handles all reports of the workers. */
void dp_commands_reports(struct dp_agent *a);
/*
 * Sends the ADD, or TRANSPORT_KEYS, of an object that another data plane has saved, as an operation
 * to its owner; dp_takeover_applied() is called when it is applied. False: there is no room for it.
 */
bool dp_commands_restore(struct dp_agent *a, const struct dp_object *x, const struct sh_cmd *cmd,
	const uint8_t *saved, uint32_t saved_len);
/* Validates a command that was copied out of the ring, and normalises its addresses. 0 or errno. */
int dp_command_check(const struct dp_agent *a, struct sh_cmd *cmd);

#endif
