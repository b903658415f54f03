/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file: it is accepted, or refused in words. What is accepted holds the limits that
 * the processes rely on, and is accepted again.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/config.h"
#include "shared/config_read.h"
#include "shared/config_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

static void check_limits(const struct sh_config *c)
{
	must(c->dataplane.workers >= 1 && c->dataplane.workers <= SH_MAX_WORKERS);
	must(c->network.port_count <= SH_MAX_PORTS);
	for (uint32_t i = 0; i < c->network.port_count; i++) {
		const struct sh_config_port *p = &c->network.port[i];

		must(memchr(p->device, '\0', sizeof(p->device)) && p->device[0]);
		must(memchr(p->args, '\0', sizeof(p->args)));
		for (uint32_t k = 0; k < p->address_count; k++) {
			const struct sh_prefix *a = &p->address[k];

			must(a->addr.family == 4 || a->addr.family == 6);
			must(a->bits <= (a->addr.family == 4 ? 32 : 128));
		}
	}
	must(memchr(c->run_dir, '\0', sizeof(c->run_dir)));
	must(c->network.udp_port_base + c->dataplane.workers - 1 <= c->network.udp_port_last);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sh_config c, again; /* they are large */
	char err[256], words[256];
	cJSON *root;
	int error;

	root = cJSON_ParseWithLength((const char *)data, size);
	if (!root)
		return 0;
	for (size_t room = sizeof(err); room > 0; room /= 16) { /* also where the words are cut */
		memset(err, 'x', sizeof(err));
		err[0] = '\0';
		sh_config_defaults(&c);
		error = sh_config_read(&c, root, err, room);
		if (error == 0)
			error = sh_config_check(&c, err, room);
		must(error == 0 || (error == EINVAL && (room == 1 || err[0])));
		must(memchr(err, '\0', room));
		if (room == sizeof(err))
			memcpy(words, err, sizeof(words));
	}
	if (error == 0) {
		check_limits(&c);
		sh_config_defaults(&again);
		must(sh_config_read(&again, root, err, sizeof(err)) == 0);
		must(memcmp(&again, &c, sizeof(c)) == 0);
	}
	cJSON_Delete(root);
	return 0;
}
