/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_NETWORK_H
#define SPATE_CONTROLPLANE_ADMISSION_NETWORK_H

/*
 * Finds a client's own address behind proxies. Only proxies that the configuration names
 * (http.trusted_proxies) are believed: anybody else could write any address.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/admission/address.h"
#include "shared/config.h"

/* Writes an IP address in its usual form; an IPv4-mapped IPv6 address in dotted form. False: it is none. */
bool cp_ip_normal(const char *text, size_t len, char out[CP_ADDRESS_SIZE]);

/* True if `ip` is in one of the `count` networks. */
bool cp_networks_have(const struct sh_prefix *networks, uint32_t count, const char *ip);

/*
 * The client's address in `out`. `peer` is the other end of the TCP connection, `forwarded` the
 * values of all X-Forwarded-For headers in their order, joined by commas; NULL: there is none. Each
 * proxy appended the address of its own peer, so the list is read from its end: the first address
 * that is no trusted proxy's is the client's. An element that is no address ends the search at the
 * last address that was read.
 */
void cp_forwarded_address(const struct sh_prefix *trusted, uint32_t count, const char *peer,
	const char *forwarded, char out[CP_ADDRESS_SIZE]);

#endif
