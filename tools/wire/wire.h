/* SPDX-License-Identifier: Apache-2.0 */
/* The program: its descriptors, the two directions and the script that changes them. */
#ifndef SPATE_TOOLS_WIRE_WIRE_H
#define SPATE_TOOLS_WIRE_WIRE_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/wire/filter.h"
#include "tools/wire/link.h"
#include "tools/wire/report.h"
#include "tools/wire/script.h"

/* The descriptors; the first two are the ends. */
enum { WIRE_A, WIRE_B, WIRE_INPUT, WIRE_SIGNALS, WIRE_FDS };

struct wire {
	struct pollfd fds[WIRE_FDS];
	struct wire_link *links[WIRE_DIRECTIONS];
	struct wire_settings settings[WIRE_DIRECTIONS];
	struct wire_io_counts io[WIRE_DIRECTIONS];
	struct wire_filter filter;
	struct wire_script script;
	struct wire_report report;
	uint64_t seed, began;
	const char *filter_text;

	/* The line of the script that is being read. */
	char line[WIRE_LINE_MAX];
	size_t line_len;
	bool line_too_long;
};

/* Nanoseconds since the wire began. */
uint64_t wire_now(const struct wire *w);

/* Reads lines from a file, or with "-" from stdin while the wire runs. Returns an errno. */
int wire_input_open(struct wire *w, const char *path);

/* Lines have come on stdin: a wrong one is printed and changes nothing. */
void wire_input_read(struct wire *w);

/* Until a signal comes. */
void wire_run(struct wire *w);

#endif
