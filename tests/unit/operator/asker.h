/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_OPERATOR_ASKER_H
#define SPATE_TESTS_UNIT_OPERATOR_ASKER_H

/* Somebody at the operator's socket of the world. */

#include "controlplane/bridge/upgrade.h"
#include "tests/unit/rooms/world.h"

/* What stands for RUN_DIR/control, and for the signaling of the process. */
int control_dir(void);
struct cp_signaling *the_signaling(void);

/* How the restart of the data plane goes, and why a command for it is refused; NULL: it is not. */
extern struct cp_upgrade upgraded;
extern const char *restart_refusal;

/* Asks without waiting. */
void begin(const char *line);
/* Nobody is there any more to hear the answer. */
void hang_up(void);
/* Whether an answer has come. */
bool has_answer(void);
/* What has been answered; the caller deletes it. */
cJSON *answer_now(void);
/* Turns of the loop with the data plane answering. */
void turns(void);

/* The answer to one line; the caller deletes it. */
cJSON *ask(const char *line);
void expect_ok(const char *line);
void expect_refused(const char *line, const char *error);

#endif
