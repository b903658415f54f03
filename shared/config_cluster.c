/* SPDX-License-Identifier: Apache-2.0 */

/* Checks that a node of a cluster has what it needs: addresses of Redis, certificates, a URL, tokens. */

#include <errno.h>
#include <stdio.h>

#include "shared/config_check.h"
#include "shared/redis_url.h"

static int fail(char *err, size_t err_size, const char *member, const char *why)
{
	snprintf(err, err_size, "%s: %s", member, why);
	return EINVAL;
}

/* A member that is given without cluster.redis has no effect, which is not what an operator expects. */
static int check_alone(const struct sh_config *c, char *err, size_t err_size)
{
	static const char why[] = "cluster.redis is empty, so that the node is alone";

	if (c->cluster.url[0] != '\0')
		return fail(err, err_size, "cluster.url", why);
	if (c->cluster.certificate[0] != '\0')
		return fail(err, err_size, "cluster.certificate", why);
	return 0;
}

static int check_needed(const struct sh_config *c, char *err, size_t err_size)
{
	const struct {
		const char *member, *value;
	} needed[] = {
		{"node.id", c->node.id},
		{"cluster.url", c->cluster.url},
		{"cluster.ca", c->cluster.ca},
		{"cluster.certificate", c->cluster.certificate},
		{"cluster.key", c->cluster.key},
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].value[0] == '\0')
			return fail(err, err_size, needed[i].member, "is missing; cluster.redis needs it");
	if (c->auth.algorithm == SH_AUTH_NONE)
		return fail(err, err_size, "auth.algorithm", "is none; cluster.redis needs tokens");
	return 0;
}

int sh_config_check_cluster(const struct sh_config *c, char *err, size_t err_size)
{
	int error;

	if (c->cluster.redis_count == 0)
		return check_alone(c, err, err_size);
	for (uint32_t i = 0; i < c->cluster.redis_count; i++) {
		struct sh_redis_url url;
		const char *why = sh_redis_url_read(&url, c->cluster.redis[i]);

		if (!why)
			continue;
		snprintf(err, err_size, "cluster.redis[%u]: %s", i, why);
		return EINVAL;
	}
	error = check_needed(c, err, err_size);
	return error != 0 ? error : sh_config_check_node_url(c, "cluster.url", c->cluster.url, err, err_size);
}
