/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_LOG_ADDRESS_H
#define SPATE_CONTROLPLANE_BASE_LOG_ADDRESS_H

/* Prepares clients' IP addresses, which are personal data, for the log (log.addresses). */

#include "shared/config.h"

enum { CP_LOG_ADDRESS_SIZE = 48 };

/*
 * Writes the address for the log: whole; as its network, "192.0.2.0/24" or "2001:db8:1::/48"; or
 * "-". `address` may be `out`. Returns `out`.
 */
const char *cp_log_address(char out[CP_LOG_ADDRESS_SIZE], enum sh_log_addresses how, const char *address);

#endif
