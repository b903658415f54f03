/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_CHECK_H
#define SPATE_SHARED_CONFIG_CHECK_H

/*
 * The parts of sh_config_check() (config_table.h), one file each. Every part returns 0, or EINVAL
 * with an operator's message in `err` that names the member. Used inside shared/ only.
 */

#include "shared/config.h"

/*
 * Addresses of ports, of the kernel's side of TAPs, of the HTTP server, and announced ones: each
 * can be the address of a host, and none is given twice.
 */
int sh_config_check_addresses(const struct sh_config *c, char *err, size_t err_size);

/*
 * http.trusted_proxies: each is written as the network that it is, without bits that do not count.
 */
int sh_config_check_proxies(const struct sh_config *c, char *err, size_t err_size);

/* ice_servers: each is one that a browser takes, with the credentials that it needs. */
int sh_config_check_ice(const struct sh_config *c, char *err, size_t err_size);

/* `url`, which `member` names, or "": a client can be sent there, and not from TLS to plain. */
int sh_config_check_node_url(const struct sh_config *c, const char *member, const char *url, char *err,
	size_t err_size);
/* cluster: what it needs is there. */
int sh_config_check_cluster(const struct sh_config *c, char *err, size_t err_size);

/* hooks.*: URLs that can be asked, and a secret to sign with. */
int sh_config_check_hooks(const struct sh_config *c, char *err, size_t err_size);

/* http.origins: each entry is one that a browser can send. */
int sh_config_check_origins(const struct sh_config *c, char *err, size_t err_size);

#endif
