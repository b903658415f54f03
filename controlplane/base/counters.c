/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/counters.h"

const char *cp_refusal_name(enum cp_refusal refusal)
{
	static const char *const names[CP_REFUSALS] = {
		[CP_REFUSED_MESSAGES] = "messages",
		[CP_REFUSED_ADDRESS_MESSAGES] = "address_messages",
	};

	return names[refusal];
}
