/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_ENGINEIO_CLOCK_H
#define SPATE_TESTS_UNIT_ENGINEIO_CLOCK_H

/* A clock for Engine.IO's sessions that goes on when it is told to. */

#include <stdint.h>

#include "controlplane/engineio/engine.h"

extern uint64_t fake_now_ms;
extern uint64_t fake_wake_ms; /* when the engine asked to be woken; 0: it did not */
extern const struct cp_clock fake_clock;

/* Time goes on, and the engine is woken whenever it asked for it. */
void fake_pass(struct cp_eio_server *server, uint64_t ms);

#endif
