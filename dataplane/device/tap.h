/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_TAP_H
#define SPATE_DATAPLANE_DEVICE_TAP_H

/*
 * Configures the kernel's end of a TAP. Its addresses disappear with the interface when the process
 * ends.
 */

#include <stddef.h>

#include "shared/config.h"

/*
 * Sets the interface up and adds the port's kernel addresses to it. Duplicate address detection
 * (RFC 4862, 5.4) is off, because nobody else is on this link, so IPv6 addresses are usable at
 * once. 0, or errno with an operator's message in `err`.
 */
int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size);

#endif
