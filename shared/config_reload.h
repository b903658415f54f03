/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_RELOAD_H
#define SPATE_SHARED_CONFIG_RELOAD_H

/*
 * Compares two configurations member by member, and says which members the control plane takes over
 * without a restart. config.schema.json says the same of each member ("reload"), and a test
 * compares both.
 */

#include <stdbool.h>
#include <stddef.h>

#include "shared/config.h"

enum { SH_CONFIG_VALUE_MAX = 600 };

/* A member with another value. */
struct sh_config_change {
	const char *path; /* "log.level" */
	bool reloads; /* it is taken over without a restart */
	char before[SH_CONFIG_VALUE_MAX],
		after[SH_CONFIG_VALUE_MAX]; /* for the log; "(not shown)": a secret */
};

/* True if the control plane takes the member over without a restart. */
bool sh_config_reloads(const char *path);
/* Calls `each` for each member whose value differs. */
void sh_config_compare(const struct sh_config *before, const struct sh_config *after,
	void (*each)(void *arg, const struct sh_config_change *change), void *arg);
/* Copies the members that reload and whose paths begin with `group` ("": all). */
void sh_config_take(struct sh_config *to, const struct sh_config *from, const char *group);

/*
 * As sh_config_load(), from a file that was opened, which is closed. `path` is for the message.
 */
int sh_config_load_open(struct sh_config *c, int fd, const char *path, char *err, size_t err_size);

#endif
