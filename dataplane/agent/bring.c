/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/bring.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/blobs.h"
#include "dataplane/agent/handover.h"
#include "shared/bring.h"
#include "shared/log.h"

bool dp_bring_is(const void *message, size_t len)
{
	struct sh_bring b;

	if (len != sizeof(b))
		return false;
	memcpy(&b, message, sizeof(b));
	return b.magic == SH_ABI_MAGIC && b.client == SH_CLIENT_BRINGS;
}

static int take(struct dp_agent *a, int left, char *why, size_t why_size)
{
	int error;

	if (a->control_rings) {
		snprintf(why, why_size, "another control plane is connected");
		return EBUSY;
	}
	if (left < 0) {
		snprintf(why, why_size, "no memory came with it");
		return EINVAL;
	}
	error = dp_takeover(a, left, why, why_size);
	dp_blobs_detach(a); /* whoever was writing one ends */
	return error;
}

void dp_bring_answer(struct dp_agent *a, int fd, const void *message, int left)
{
	struct sh_brought answer = {.magic = SH_ABI_MAGIC, .version = SH_ABI_VERSION};
	struct sh_bring b;

	memcpy(&b, message, sizeof(b));
	answer.error = take(a, left, answer.reason, sizeof(answer.reason));
	sh_log(answer.error ? SH_LOG_ERROR : SH_LOG_INFO, "brought version=%u own=%u error=%d reason=\"%s\"",
		b.version, SH_ABI_VERSION, answer.error, answer.reason);
	(void)send(fd, &answer, sizeof(answer), MSG_NOSIGNAL | MSG_DONTWAIT);
}
