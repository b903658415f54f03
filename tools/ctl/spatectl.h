/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_SPATECTL_H
#define SPATE_TOOLS_CTL_SPATECTL_H

/*
 * spatectl shows what the two processes are doing, to a person or (--json) a program. It reads the
 * data plane's statistics pages, which disturbs no worker, and asks the control plane's
 * administration socket for names.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "shared/abi.h"
#include "shared/stats_attach.h"
#include "shared/stats_reader.h"

enum ctl_exit {
	CTL_OK = 0,
	CTL_PROBLEMS = 1, /* something is wrong, although the processes that were asked run */
	CTL_USAGE = 2,
	CTL_NO_DATAPLANE = 3,
	CTL_NO_CONTROLPLANE = 4,
	CTL_FAILED = 5,
};

struct ctl_options {
	const char *run_dir;
	bool json, all;
	bool watch; /* the command is repeated: it shows what happens now */
	uint32_t deadline_s; /* drain: the deadline; 0: the configuration's */
	bool wait; /* drain: until nobody is left */
	const struct sh_config *config; /* that --config names, else the defaults */
	const char *root; /* doctor, configure: a directory in place of /, for tests */
	bool once; /* top: prints once, everything */
	const char *sort; /* top: by what; NULL: the default */
	bool force; /* configure: replace the file */
	const char *address, *announced; /* configure: as they were given; NULL: not */
	const char *to; /* record: the directory for files; NULL: not given */
	const char *stop; /* record: the id of one to end; NULL: not given */
	bool list; /* record: those that run */
	uint64_t min_free; /* record: bytes that stay free on the disk */
	uint32_t own_count;
	char own[SH_MAX_LOCAL_ADDRS][64]; /* record: the data plane's addresses, of the configuration */
	/* capture: one of the first three; seconds 0: until interrupted */
	const char *viewer, *producer;
	uint16_t port;
	uint32_t seconds;
	const char *file;
	bool decrypted;
	char *const *argument; /* arguments of the command, ended by NULL */
};

/* --- commands; each prints to stdout and returns an exit code ------------------------- */

int ctl_status(const struct ctl_options *o);
int ctl_rooms(const struct ctl_options *o);
int ctl_room(const struct ctl_options *o);
int ctl_peer(const struct ctl_options *o);
int ctl_transports(const struct ctl_options *o);
int ctl_viewer(const struct ctl_options *o);
int ctl_ports(const struct ctl_options *o);
int ctl_capture(const struct ctl_options *o);
int ctl_stats(const struct ctl_options *o);
int ctl_plain(const struct ctl_options *o);
int ctl_reload(const struct ctl_options *o);
int ctl_record(const struct ctl_options *o);
int ctl_cluster(const struct ctl_options *o);
int ctl_drain(const struct ctl_options *o);
int ctl_undrain(const struct ctl_options *o);
int ctl_top(const struct ctl_options *o);
int ctl_doctor(const struct ctl_options *o);
int ctl_configure(const struct ctl_options *o);
int ctl_upgrade(const struct ctl_options *o);

/* --- the two processes ------------------------------------------------------------------ */

enum { CTL_ERR_MAX = 384 };

/* Attaches the data plane's statistics. 0, or an errno with the operator's message in `err`. */
int ctl_attach(struct sh_stats_reader *r, const struct ctl_options *o, char err[CTL_ERR_MAX]);

/* An answer of the data plane to HELLO, with the socket and the descriptors that came. */
struct ctl_connection {
	struct sh_hello_reply reply;
	int socket, fds[SH_HELLO_FDS], count;
};

/*
 * Says HELLO to the data plane. CTL_OK: socket and descriptors are the caller's. Otherwise
 * CTL_NO_DATAPLANE or, when it refused, CTL_FAILED, with the operator's message in `err`.
 */
int ctl_hello(const struct ctl_options *o, const void *hello, size_t len, struct ctl_connection *c,
	char err[CTL_ERR_MAX]);

/*
 * Sends the control plane {"cmd": `cmd`}. Returns the reply, in which "ok" is true and which the
 * caller deletes, or NULL with the operator's message in `err`.
 */
cJSON *ctl_ask(const struct ctl_options *o, const char *cmd, char err[CTL_ERR_MAX]);

/*
 * Sends `request`, which stays the caller's. CTL_OK with the reply, which the caller deletes.
 * Otherwise CTL_NO_CONTROLPLANE or, when the control plane refused, CTL_FAILED, with the operator's
 * message in `err`.
 */
int ctl_request(const struct ctl_options *o, const cJSON *request, cJSON **answer, char err[CTL_ERR_MAX]);

/* As ctl_request(), for a command whose reply is not needed. */
int ctl_tell(const struct ctl_options *o, const cJSON *request, char err[CTL_ERR_MAX]);

/* --- what several commands show ------------------------------------------------------------ */

/* The remote address of a transport, "-" if there is none. Returns `out`. */
const char *ctl_remote(const struct sh_transport_stats *s, char out[64]);
/* Seconds since the last valid check; negative if there was none. */
double ctl_consent_age(const struct sh_transport_stats *s);
/* Everything that is known about a port. */
cJSON *ctl_port_json(const struct sh_port_stats *p);
/* The notices from the data plane's start, as a list of texts. */
cJSON *ctl_notices_json(const struct sh_stats_reader *r);
void ctl_print_notices(const struct sh_stats_reader *r);

/* --- output ------------------------------------------------------------------------------- */

enum { CTL_COLUMNS_MAX = 24 };

/* A table that is printed with aligned columns. */
struct ctl_table {
	/* headings; '>' in front of one aligns its column to the right */
	const char *const *column;
	size_t columns;
	char **cell;
	size_t cells, room;
};

void ctl_table_init(struct ctl_table *t, const char *const *column, size_t columns);
/* Appends one cell. Rows are filled from left to right. */
void ctl_cell(struct ctl_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Prints the table and frees its cells. All rows must be complete. */
void ctl_table_print(struct ctl_table *t);

/* "1.25 G": three digits and an SI prefix. Returns `out`. */
const char *ctl_si(char out[16], double value);
/* "3 d 4 h", "12 min 5 s", "45 s". Returns `out`. */
const char *ctl_duration(char out[32], double seconds);

/* Adds a 64-bit number exactly (cJSON's own numbers are doubles). */
void ctl_json_u64(cJSON *object, const char *name, uint64_t value);
/* Adds an id as 16 hex digits. */
void ctl_json_id(cJSON *object, const char *name, sh_id id);
/* Prints `json` on several lines and deletes it. */
void ctl_json_print(cJSON *json);

/*
 * Bytes of an escaped text: the longest name, 255 bytes of which each can become \xNN, fits whole.
 */
enum { CTL_TEXT_MAX = 1032 };

/* A member that is a text, escaped for a terminal; "-" when it is absent. Returns `out`. */
const char *ctl_text(char out[CTL_TEXT_MAX], const cJSON *object, const char *name);
/* A member that is a number; 0 when it is absent. */
double ctl_number(const cJSON *object, const char *name);

#endif
