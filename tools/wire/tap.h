/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of the wire: TAP devices in network namespaces, which vanish with the process. */
#ifndef SPATE_TOOLS_WIRE_TAP_H
#define SPATE_TOOLS_WIRE_TAP_H

#include <stddef.h>

/*
 * `place` is "NAMESPACE:DEVICE", where NAMESPACE is a name of ip-netns(8) or nothing, which means
 * the process's own. The device is up then. Returns its descriptor, which does not block, or a
 * negative errno, with the reason in `err`.
 */
int wire_tap_open(const char *place, char *err, size_t err_size);

#endif
