/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_TAP_H
#define SPATE_DATAPLANE_DEVICE_TAP_H

/* The kernel's end of a TAP: its addresses. They go with the interface when the process ends. */

#include <stddef.h>

#include "shared/config.h"

/*
 * Puts a port's kernel addresses on the interface and sets it up. IPv6 addresses are
 * usable at once: nobody else is on this wire, so no duplicate is looked for. 0, or errno
 * with an operator's message in `err`.
 */
int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size);

#endif
