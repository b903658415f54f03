/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_FORWARDED_H
#define SPATE_CONTROLPLANE_ADMISSION_FORWARDED_H

/*
 * Finds the address of a client behind proxies. Each proxy appends to X-Forwarded-For the address
 * that it was contacted from, so that only the entries on the right, which proxies of the operator
 * have written (http.trusted_proxies), can be believed.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controlplane/admission/address.h"
#include "shared/config.h"

/* True if http.trusted_proxies names the IP address `ip`. */
bool cp_proxy_trusted(const struct sh_config *config, const char *ip);

/*
 * The client of a request from `peer` with the header `list`, which is X-Forwarded-For's value and
 * need not be null-terminated: the last address in it that is not a trusted proxy's, or the first
 * one if all are. An entry that is no address ends the search at the proxy that has written it, and
 * so does the limit of CP_PROXIES_MAX entries. `peer` itself if it is not trusted.
 */
void cp_forwarded_client(const struct sh_config *config, const char *peer, const char *list, size_t len,
	char out[CP_ADDRESS_SIZE]);

enum { CP_PROXIES_MAX = 16 /* entries that are read, from the right */ };

#endif
