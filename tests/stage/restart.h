/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_STAGE_RESTART_H
#define SPATE_TESTS_STAGE_RESTART_H

/* The planned restart, with the test as the control plane that holds what the data plane leaves. */

#include "tests/stage/harness.h"

/* The descriptor that the next HELLO carries; -1: none. It stays the test's. */
extern int stage_left;

/*
 * Receives what the data plane leaves after HAND_OVER. Returns its descriptor; -1: the data plane
 * has ended without.
 */
int stage_receive_left(struct stage *s);
/* Starts the program again, with the same configuration. */
void stage_start_again(struct stage *s);

#endif
