/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the rules of the configuration that involve more than one member. */

#include "shared/config_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/config_table.h"

/* Clients check every 5 s (RFC 7675, 5.1), and a check may be lost. 0 means that there is no limit. */
enum { CONSENT_MIN_S = 10 };

static __attribute__((format(printf, 3, 4))) int fail(char *err, size_t err_size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, err_size, fmt, args);
	va_end(args);
	return EINVAL;
}

static int check_network(const struct sh_config *c, char *err, size_t err_size)
{
	unsigned last_needed = c->network.udp_port_base + c->dataplane.workers - 1;

	for (uint32_t p = 1; p < c->network.port_count; p++)
		for (uint32_t q = 0; q < p; q++)
			if (strcmp(c->network.port[p].device, c->network.port[q].device) == 0)
				return fail(err, err_size,
					"network.ports[%u].device: the same as network.ports[%u]'s", p, q);
	if (last_needed > c->network.udp_port_last)
		return fail(err, err_size,
			"network.udp_port_last: %u workers from udp_port_base need %u, not %u",
			c->dataplane.workers, last_needed, c->network.udp_port_last);
	return sh_config_check_addresses(c, err, err_size);
}

/* Members that must be given together. */
static int check_pairs(const struct sh_config *c, char *err, size_t err_size)
{
	if (c->tls.certificate[0] != '\0' && c->tls.key[0] == '\0')
		return fail(err, err_size, "tls.key: is missing; tls.certificate needs it");
	if (c->tls.certificate[0] == '\0' && c->tls.key[0] != '\0')
		return fail(err, err_size, "tls.certificate: is missing; tls.key needs it");
	if (c->http.hsts_s && c->tls.certificate[0] == '\0')
		return fail(err, err_size, "tls.certificate: is missing; http.hsts_s needs it");
	if (c->admin.tls && c->tls.certificate[0] == '\0')
		return fail(err, err_size, "tls.certificate: is missing; admin.tls needs it");
	if (c->auth.algorithm != SH_AUTH_NONE && c->auth.key_file[0] == '\0' && c->auth.key_dir[0] == '\0' &&
		c->auth.jwks_url[0] == '\0')
		return fail(err, err_size,
			"auth.key_file: is missing; auth.algorithm needs it, key_dir or jwks_url");
	/* An operator who names a key expects that tokens are required. */
	if (c->auth.algorithm == SH_AUTH_NONE && c->auth.key_file[0] != '\0')
		return fail(err, err_size, "auth.algorithm: is none, but auth.key_file is given");
	if (c->auth.algorithm == SH_AUTH_NONE && c->auth.key_dir[0] != '\0')
		return fail(err, err_size, "auth.algorithm: is none, but auth.key_dir is given");
	if (c->auth.algorithm == SH_AUTH_NONE && c->auth.jwks_url[0] != '\0')
		return fail(err, err_size, "auth.algorithm: is none, but auth.jwks_url is given");
	return 0;
}

int sh_config_check(const struct sh_config *c, char *err, size_t err_size)
{
	int error;

	if (c->run_dir[0] != '/')
		return fail(err, err_size, "run_dir: must begin with /");
	if (c->dataplane.core_count != 0 && c->dataplane.core_count != c->dataplane.workers + 1)
		return fail(err, err_size,
			"dataplane.cores: must be empty or hold %u: the agent's and each worker's",
			c->dataplane.workers + 1);
	if ((c->dataplane.stream_packets & (c->dataplane.stream_packets - 1)) != 0)
		return fail(err, err_size, "dataplane.stream_packets: %u is no power of two",
			c->dataplane.stream_packets);
	if (c->media.consent_s != 0 && c->media.consent_s < CONSENT_MIN_S)
		return fail(err, err_size, "media.consent_s: %u is under %u", c->media.consent_s,
			(unsigned)CONSENT_MIN_S);
	for (uint32_t i = 1; i < c->codec_count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (c->codec[i] == c->codec[j])
				return fail(err, err_size, "codecs[%u]: is given twice", i);
	/* It becomes a part of tokens, which stand in URLs. */
	if (c->node.id[strspn(c->node.id, SH_NODE_ID_CHARS)] != '\0')
		return fail(err, err_size, "node.id: may have letters, digits, - and _ only");
	/* It becomes a part of a header and of a policy. */
	if (strpbrk(c->http.frame_ancestors, ";,\""))
		return fail(err, err_size,
			"http.frame_ancestors: its entries are separated by spaces; ; , and \" cannot be in "
			"it");
	error = check_pairs(c, err, err_size);
	if (error == 0)
		error = sh_config_check_origins(c, err, err_size);
	if (error == 0)
		error = sh_config_check_node_url(c, "drain.url", c->drain.url, err, err_size);
	if (error == 0)
		error = sh_config_check_cluster(c, err, err_size);
	if (error == 0)
		error = sh_config_check_hooks(c, err, err_size);
	if (error == 0)
		error = sh_config_check_proxies(c, err, err_size);
	if (error == 0)
		error = sh_config_check_ice(c, err, err_size);
	if (error != 0)
		return error;
	return check_network(c, err, err_size);
}
