/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_READINESS_H
#define SPATE_CONTROLPLANE_OPERATOR_READINESS_H

/*
 * Finds out whether a client could join and watch now. /readyz and `spatectl status` give the same
 * reasons why not.
 */

#include "controlplane/operator/view.h"

enum {
	CP_UNREADY_MAX = 7,
	CP_LOOP_LAG_MAX_MS = 1000, /* an event loop that was later than this lags */
};

struct cp_unready {
	const char *code, *message; /* valid until the data plane connects or is lost */
};

/* Fills in the reasons why nobody can join. Returns their number; 0: clients can join. */
unsigned cp_unready_reasons(const struct cp_view *v, struct cp_unready reason[CP_UNREADY_MAX]);

#endif
