/* SPDX-License-Identifier: Apache-2.0 */
/* What the wire prints: lines of JSON on stdout, one for each second, and the sums at the end. */
#ifndef SPATE_TOOLS_WIRE_REPORT_H
#define SPATE_TOOLS_WIRE_REPORT_H

#include <stdint.h>

#include "tools/wire/link.h"

/* What the model does not count. */
struct wire_io_counts {
	uint64_t bypassed; /* frames that the filter leaves alone */
	uint64_t refused; /* frames that the other device did not take */
};

struct wire_report {
	uint64_t since;
	struct wire_counts before[WIRE_DIRECTIONS];
};

/* The second that ends at `t`. The longest wait in the queue is counted anew then. */
void wire_report_second(struct wire_report *r, uint64_t t, struct wire_link *const links[WIRE_DIRECTIONS]);

void wire_report_summary(uint64_t t, uint64_t seed, const char *filter,
	struct wire_link *const links[WIRE_DIRECTIONS], const struct wire_io_counts io[WIRE_DIRECTIONS]);

#endif
