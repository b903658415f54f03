/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_DROP_H
#define SPATE_SHARED_DROP_H

/* The reasons for which the data plane drops packets, each counted per worker. */

#include <stdbool.h>

enum sh_drop {
#define DROP(reason, name, stage, cause, meaning) reason,
#include "shared/drop_reasons.def"
#undef DROP
	SH_DROP_COUNT,
};

struct sh_drop_text {
	const char *name; /* as counters show it, "srtp_auth" */
	const char *meaning; /* for the operator */
	bool local; /* the cause is on this machine, so that a growing counter is a problem */
};

/* The texts of a reason; NULL past the end. */
const struct sh_drop_text *sh_drop_text(enum sh_drop reason);
/* The reason's name, "srtp_auth"; NULL past the end. */
const char *sh_drop_name(enum sh_drop reason);

#endif
