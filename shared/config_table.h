/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_TABLE_H
#define SPATE_SHARED_CONFIG_TABLE_H

/*
 * Inside shared/ and its tests only: every member of the configuration file as one row,
 * with its type, range, default and place in struct sh_config. A test holds
 * config.schema.json against it.
 */

#include "shared/config.h"

enum sh_config_kind {
	SH_CFG_U16,
	SH_CFG_U32,
	SH_CFG_BOOL,
	SH_CFG_STRING, /* min and max are of its length in bytes */
	SH_CFG_NAME, /* one of `names`, kept as its index in an enum or uint32_t */
	SH_CFG_PREFIX, /* struct sh_prefix */
	SH_CFG_ADDR, /* struct sh_addr */
	SH_CFG_PORT, /* struct sh_config_port, an object of its own table */
};

enum { SH_CFG_NO_COUNT = 0xffffff }; /* a list that ends with family 0 instead */

struct sh_config_member {
	const char *path; /* "dataplane.workers"; in a port: "mtu" */
	enum sh_config_kind kind;
	uint32_t offset, size; /* of the (first) value; bytes of one */
	uint32_t min, max;
	uint32_t value; /* default of a number, bool or name */
	const char *text; /* default of a string; NULL: the member has to be given */
	const char *const *names; /* NULL at the end; "" names nothing */
	uint32_t list_min, list_max; /* elements; list_max 0: not a list */
	uint32_t count; /* offset of the list's uint32_t count */
};

struct sh_config_rows {
	const struct sh_config_member *row;
	uint32_t count;
};

extern const struct sh_config_rows sh_config_table; /* into struct sh_config */
extern const struct sh_config_rows sh_config_port_table; /* into struct sh_config_port */

/* Writes the defaults of a table's plain members; lists stay empty. */
void sh_config_table_defaults(const struct sh_config_rows *table, void *base);

/*
 * What no single member shows: members that have to fit each other. 0, or -1 with a
 * sentence in `err`.
 */
int sh_config_check(const struct sh_config *c, char *err, size_t err_size);

#endif
