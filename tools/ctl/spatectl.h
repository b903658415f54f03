/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_SPATECTL_H
#define SPATE_TOOLS_SPATECTL_H

/*
 * spatectl: what the two processes are doing, for a person or (--json) a program. It
 * reads the data plane's statistics pages, which disturbs no worker, and asks the control
 * plane's administration socket for names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "shared/stats_reader.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_PROBLEMS = 1, /* status: both run, and something is wrong */
	CTL_USAGE = 2,
	CTL_NO_DATAPLANE = 3,
	CTL_NO_CONTROLPLANE = 4,
	CTL_FAILED = 5,
};

struct ctl_options {
	const char *run_dir;
	bool json, all;
	bool watch; /* it is run again and again: what happens now counts */
	char *const *argument; /* of the command: as many as it takes, then NULL */
};

/* --- commands; each prints to stdout and returns an exit code ------------------------- */

int ctl_status(const struct ctl_options *o);
int ctl_rooms(const struct ctl_options *o);
int ctl_room(const struct ctl_options *o);
int ctl_transports(const struct ctl_options *o);
int ctl_ports(const struct ctl_options *o);
int ctl_stats(const struct ctl_options *o);
int ctl_plain(const struct ctl_options *o);

/* --- the two processes ------------------------------------------------------------------ */

enum { CTL_ERR_MAX = 384 };

/* Attaches the statistics. 0, or an errno with a sentence for people in `err`. */
int ctl_attach(struct sh_stats_reader *r, const struct ctl_options *o, char err[CTL_ERR_MAX]);

/*
 * Asks the control plane {"cmd": `cmd`}. The answer with "ok": true, which the caller
 * deletes, or NULL with a sentence for people in `err`.
 */
cJSON *ctl_ask(const struct ctl_options *o, const char *cmd, char err[CTL_ERR_MAX]);

/*
 * The same with a request of the caller's. CTL_OK with the answer, which the caller deletes;
 * else CTL_NO_CONTROLPLANE or, when it refused, CTL_FAILED, with a sentence for people in `err`.
 */
int ctl_request(const struct ctl_options *o, const cJSON *request, cJSON **answer, char err[CTL_ERR_MAX]);

/*
 * Has the control plane do something. CTL_OK; else CTL_NO_CONTROLPLANE or, when it refused,
 * CTL_FAILED, with a sentence for people in `err`.
 */
int ctl_tell(const struct ctl_options *o, const cJSON *request, char err[CTL_ERR_MAX]);

/* --- what several commands show ------------------------------------------------------------ */

/* All that is known of a port. */
cJSON *ctl_port_json(const struct sh_port_stats *p);
/* What the data plane's start found amiss: sentences. */
cJSON *ctl_notices_json(const struct sh_stats_reader *r);
void ctl_print_notices(const struct sh_stats_reader *r);

/* --- output ------------------------------------------------------------------------------- */

enum { CTL_COLUMNS_MAX = 24 };

/* A table that is printed with aligned columns. */
struct ctl_table {
	const char *const *column; /* headings; one that begins with '>' is aligned to the right */
	size_t columns;
	char **cell;
	size_t cells, room;
};

void ctl_table_init(struct ctl_table *t, const char *const *column, size_t columns);
/* Appends one cell; row by row, from left to right. */
void ctl_cell(struct ctl_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints what is whole rows, and frees it. */
void ctl_table_print(struct ctl_table *t);

/* "1.25 G": three digits and an SI prefix. Returns `out`. */
const char *ctl_si(char out[16], double value);
/* "3 d 4 h", "12 min 5 s", "45 s". Returns `out`. */
const char *ctl_duration(char out[32], double seconds);

/* Adds a 64-bit number exactly (cJSON's own are doubles). */
void ctl_json_u64(cJSON *object, const char *name, uint64_t value);
/* Adds an id as 16 hex digits. */
void ctl_json_id(cJSON *object, const char *name, sh_id id);
/* Prints on several lines, and deletes. */
void ctl_json_print(cJSON *json);

/* A text member made fit for a terminal; "-" where there is none. Returns `out`. */
const char *ctl_text(char out[64], const cJSON *object, const char *name);
/* A number member; 0 where there is none. */
double ctl_number(const cJSON *object, const char *name);

#endif
