/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_DELETIONS_H
#define SPATE_CONTROLPLANE_DPCLIENT_DELETIONS_H

/*
 * Keeps deletions for which the queue of commands has no room (requests.h), in order. If another
 * command fails, its caller handles the error. After a lost deletion the object would stay in the
 * data plane's table, because its owner no longer exists. Only for dpclient/.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/dpclient/dpclient.h"

struct cp_dp_deletion {
	uint32_t op; /* SH_OP_TRANSPORT_DEL, _PRODUCER_DEL or _CONSUMER_DEL */
	sh_id id;
	cp_dp_done *done;
	void *arg;
};

struct cp_dp_deletions {
	struct cp_dp_deletion *slot; /* a ring; NULL: nothing was kept yet */
	uint32_t room; /* slots, a power of two */
	uint32_t first, count;
};

bool cp_dp_is_deletion(const struct sh_cmd *cmd);

/* Appends a deletion. 0 or ENOBUFS: no memory, or CP_DP_DELETIONS are kept. */
int cp_dp_deletions_add(struct cp_dp_deletions *d, const struct sh_cmd *cmd, cp_dp_done *done, void *arg);
/* Returns the oldest deletion, or NULL if the list is empty. */
const struct cp_dp_deletion *cp_dp_deletions_peek(const struct cp_dp_deletions *d);
void cp_dp_deletions_pop(struct cp_dp_deletions *d);
/* Empties the queue, calls every completion with `error`, and frees the memory. */
void cp_dp_deletions_fail(struct cp_dp_deletions *d, int error);

#endif
