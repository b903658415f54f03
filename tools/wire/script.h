/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of the wire at their times. A line is "t=10 down.rate=400k down.queue=200ms": seconds
 * since the wire began, and assignments (settings.h). Without t= it applies at once. "#" begins a
 * comment.
 */
#ifndef SPATE_TOOLS_WIRE_SCRIPT_H
#define SPATE_TOOLS_WIRE_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/wire/settings.h"

enum { WIRE_LINE_MAX = 200, WIRE_STEPS_MAX = 1024 };

struct wire_step {
	uint64_t at;
	char assignments[WIRE_LINE_MAX]; /* with spaces between them */
};

struct wire_script {
	unsigned len;
	struct wire_step steps[WIRE_STEPS_MAX]; /* by their times; equal ones as they were added */
};

/*
 * Adds a line that was read at `now`; an empty one adds nothing. EINVAL: it is no such line, E2BIG:
 * it is too long, ENOSPC: there are too many steps.
 */
int wire_script_add(struct wire_script *s, uint64_t now, const char *line);

/*
 * Applies the next step that is due and copies it to `done`. Returns false if there is none.
 */
bool wire_script_apply(struct wire_script *s, uint64_t now, struct wire_settings settings[WIRE_DIRECTIONS],
	struct wire_step *done);

/* When the next step is due; UINT64_MAX: there is none. */
uint64_t wire_script_next(const struct wire_script *s);

#endif
