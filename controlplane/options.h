/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPTIONS_H
#define SPATE_CONTROLPLANE_OPTIONS_H

/* Reads the command line of spate-controlplane, and the configuration with it. */

#include <stdbool.h>

#include "shared/config.h"

enum { CP_GO_ON = -1 /* no exit status: the process starts */ };

struct cp_options {
	const char *config, *port, *web_root, *run_dir; /* NULL: not given */
	bool check;
};

/* CP_GO_ON, or the exit status; the operator's message was printed. */
int cp_options_read(struct cp_options *o, int argc, char **argv);
/*
 * Puts what the options say into a configuration that was read, or into the defaults. 0, or errno
 * with the operator's message in `err`.
 */
int cp_options_apply(const struct cp_options *o, struct sh_config *config, char *err, size_t err_size);
/* Reads the configuration. As cp_options_read(). */
int cp_options_configure(const struct cp_options *o, struct sh_config *config);

#endif
