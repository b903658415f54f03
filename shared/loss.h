/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_LOSS_H
#define SPATE_SHARED_LOSS_H

/*
 * The reasons for which the server does not send a viewer a packet that is for it, counted for each
 * viewer (struct sh_consumer_stats). Workers count the same under the drop reason of that name.
 */

#include "shared/drop.h"

enum sh_loss {
	SH_LOSS_TX_AGE,
	SH_LOSS_TX_BEHIND,
	SH_LOSS_TX_QUEUE,
	SH_LOSS_TOO_LONG,
	SH_LOSS_PROTECT,
	SH_LOSS_NO_MBUF,
	/* with these, the viewer's sequence numbers stand still */
	SH_LOSS_NO_CONSENT,
	SH_LOSS_UNPROVEN,
	SH_LOSS_COUNT
};

/* The drop reason of the same name. */
enum sh_drop sh_loss_drop(enum sh_loss reason);

#endif
