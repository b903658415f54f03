/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The planned restart of the data plane, or of both processes: the data plane leaves everything to
 * the next one, which its supervisor starts, and transports go on without a new negotiation.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/dataplane.h"
#include "shared/log.h"

static void end(struct cp_dataplane *p, enum cp_upgrade_stage stage, const char *reason)
{
	struct cp_upgrade *u = &p->upgrade;

	u->stage = stage;
	u->ms = (uint32_t)((cp_now_ns() - u->begun_ns) / 1000000);
	snprintf(u->reason, sizeof(u->reason), "%s", reason);
}

static const char *why(int error)
{
	switch (error) {
	case ENOTSUP:
		return "the SRTP engine libsrtp2 keeps its state to itself (dataplane.engine)";
	case EIO:
		return "a worker hangs";
	case ENOTCONN:
		return "no data plane is connected, or the control plane is still taking over from its "
		       "predecessor";
	case EALREADY:
		return "a planned restart is under way";
	default:
		return strerror(error);
	}
}

/* The data plane has answered. With 0 it hands over now. */
static void answered(void *arg, int error)
{
	struct cp_dataplane *p = arg;

	if (error == 0 || error == ECONNRESET || error == ECANCELED)
		return; /* of the last two, the end of the connection tells */
	end(p, CP_UPGRADE_REFUSED, why(error));
	sh_log(SH_LOG_WARN, "upgrade-refused reason=\"%s\"", p->upgrade.reason);
}

int cp_upgrade_begin(struct cp_dataplane *p, bool both, char *err, size_t err_size)
{
	int error = p->up ? cp_dp_restart(p->dp, both, answered, p) : ENOTCONN;

	if (error) {
		snprintf(err, err_size, "%s", why(error));
		return error;
	}
	p->upgrade = (struct cp_upgrade){.stage = CP_UPGRADE_RUNNING, .both = both, .begun_ns = cp_now_ns()};
	sh_log(SH_LOG_INFO, "upgrade-begun what=%s", both ? "both" : "dataplane");
	return 0;
}

void cp_upgrade_resumed(struct cp_dataplane *p)
{
	end(p, CP_UPGRADE_DONE, "");
	sh_log(SH_LOG_INFO, "upgrade-done ms=%u transports=%u", p->upgrade.ms, p->model->transports.count);
}

void cp_upgrade_brought(struct cp_dataplane *p, const char *refused)
{
	if (refused)
		end(p, CP_UPGRADE_LOST, refused);
	sh_log(refused ? SH_LOG_ERROR : SH_LOG_INFO, "upgrade-brought transports=%u reason=\"%s\"",
		p->model->transports.count, refused ? refused : "");
	p->calls->replace(p);
}

void cp_upgrade_served(struct cp_dataplane *p)
{
	if (p->upgrade.stage == CP_UPGRADE_RUNNING)
		cp_upgrade_resumed(p);
}

void cp_upgrade_lost(struct cp_dataplane *p, const char *reason)
{
	if (p->upgrade.stage == CP_UPGRADE_RUNNING)
		end(p, CP_UPGRADE_LOST, reason);
}
