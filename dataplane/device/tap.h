/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_TAP_H
#define SPATE_DATAPLANE_DEVICE_TAP_H

/*
 * Configures the kernel's end of a TAP: of DPDK's TAP device, whose addresses disappear with the
 * interface when the process ends, and of the exception path.
 */

#include <stddef.h>

#include "shared/config.h"

/*
 * Sets the interface up and adds the port's kernel addresses to it. Duplicate address detection
 * (RFC 4862, 5.4) is off, because nobody else is on this link, so IPv6 addresses are usable at
 * once. 0, or errno with an operator's message in `err`.
 */
int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size);

/*
 * Opens the TAP interface network.ports[].kernel_interface, or makes it, with the port's MAC
 * address `mac`, MTU and addresses, and sets it up. One that an operator has made stays when the
 * process ends; its addresses may be there already. The descriptor in `fd` does not block. 0, or
 * errno with an operator's message in `err`; the caller closes `fd` if it is not -1.
 */
int dp_tap_open(const struct sh_config_port *p, const uint8_t mac[6], int *fd, char *err, size_t err_size);

#endif
