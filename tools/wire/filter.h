/* SPDX-License-Identifier: Apache-2.0 */
/* Which frames the wire's model is about. All others pass at once. */
#ifndef SPATE_TOOLS_WIRE_FILTER_H
#define SPATE_TOOLS_WIRE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_filter {
	bool udp; /* only UDP over IPv4 or IPv6; of IPv6 without extension headers */
	uint16_t port; /* only with this source or destination port; 0: any */
};

/* "all", "udp" or "udp:PORT". EINVAL: something else. */
int wire_filter_parse(struct wire_filter *f, const char *text);

/* Of a fragment only the first has ports; the others have none that could match. */
bool wire_filter_matches(const struct wire_filter *f, const uint8_t *frame, size_t len);

#endif
