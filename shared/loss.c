/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/loss.h"

enum sh_drop sh_loss_drop(enum sh_loss reason)
{
	static const enum sh_drop drops[SH_LOSS_COUNT] = {
		[SH_LOSS_TX_AGE] = SH_DROP_TX_AGE,
		[SH_LOSS_TX_BEHIND] = SH_DROP_TX_BEHIND,
		[SH_LOSS_TX_QUEUE] = SH_DROP_TX_QUEUE,
		[SH_LOSS_TOO_LONG] = SH_DROP_TOO_LONG,
		[SH_LOSS_PROTECT] = SH_DROP_PROTECT,
		[SH_LOSS_NO_MBUF] = SH_DROP_NO_MBUF,
		[SH_LOSS_NO_CONSENT] = SH_DROP_NO_CONSENT,
		[SH_LOSS_UNPROVEN] = SH_DROP_UNPROVEN,
	};

	return drops[reason];
}
