/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_TABLE_H
#define SPATE_SHARED_CONFIG_TABLE_H

/*
 * This file describes every member of the configuration file as one row, with its type, range,
 * default and position in struct sh_config. Used inside shared/ and its tests only; a test compares
 * config.schema.json with it.
 */

#include "shared/config.h"

enum sh_config_kind {
	SH_CFG_U16,
	SH_CFG_U32,
	SH_CFG_BOOL,
	SH_CFG_STRING, /* min and max are lengths in bytes */
	SH_CFG_NAME, /* one of `names`, stored as its index in an enum or uint32_t */
	SH_CFG_PREFIX, /* struct sh_prefix */
	SH_CFG_NETWORK, /* struct sh_prefix; an address without a prefix length is one of full length */
	SH_CFG_ADDR, /* struct sh_addr */
	SH_CFG_PORT, /* struct sh_config_port, an object with a table of its own */
	SH_CFG_ICE, /* struct sh_config_ice, the same */
};

enum { SH_CFG_NO_COUNT = 0xffffff }; /* the list has no count; it ends with family 0 */

struct sh_config_member {
	const char *path; /* "dataplane.workers"; in sh_config_port_table: "mtu" */
	enum sh_config_kind kind;
	uint32_t offset, size; /* position and bytes of the value or of a list's first element */
	uint32_t min, max;
	uint32_t value; /* default of a number, bool or name */
	const char *text; /* default of a string; NULL: required */
	const char *const *names; /* NULL-terminated; "" marks an unused index */
	uint32_t list_min, list_max; /* elements; list_max 0: not a list */
	uint32_t count; /* offset of the list's uint32_t element count */
};

struct sh_config_rows {
	const struct sh_config_member *row;
	uint32_t count;
};

extern const struct sh_config_rows sh_config_table; /* members of struct sh_config */
extern const struct sh_config_rows sh_config_port_table; /* members of struct sh_config_port */

extern const struct sh_config_rows sh_config_ice_table; /* members of struct sh_config_ice */

/* Writes the defaults of all members of a table that are not lists; lists stay empty. */
void sh_config_table_defaults(const struct sh_config_rows *table, void *base);

/*
 * Checks the rules that involve more than one member. Returns 0, or EINVAL with an operator's
 * message in `err`.
 */
int sh_config_check(const struct sh_config *c, char *err, size_t err_size);

#endif
