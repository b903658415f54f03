/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/service_manager.h"

#include <stdbool.h>

#include <systemd/sd-daemon.h>

static struct {
	bool known;
	uint64_t interval_ns; /* half of the watchdog's; 0: there is no watchdog */
	uint64_t next_ns;
} watchdog;

void sh_service_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void sh_service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void sh_service_works(uint64_t now_ns)
{
	uint64_t us;

	if (!watchdog.known) {
		watchdog.known = true;
		if (sd_watchdog_enabled(0, &us) > 0)
			watchdog.interval_ns = us * 1000 / 2;
	}
	if (watchdog.interval_ns == 0 || now_ns < watchdog.next_ns)
		return;
	watchdog.next_ns = now_ns + watchdog.interval_ns;
	(void)sd_notify(0, "WATCHDOG=1");
}
