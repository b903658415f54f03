/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_SERVICE_MANAGER_H
#define SPATE_SHARED_SERVICE_MANAGER_H

/*
 * Tells the service manager (systemd: sd_notify(3), units of Type=notify) about this process. Each
 * call does nothing if the process was not started by a service manager.
 */

#include <stdint.h>

/* Everything works that the unit promises, so that units behind it may start. */
void sh_service_ready(void);
/* The process ends because it was asked to, and not by a fault. */
void sh_service_stopping(void);

/*
 * Reports at most twice per watchdog interval (WatchdogSec=) that the process works. The manager
 * restarts a process that does not report. Call it several times a second, as long as the process
 * works; now_ns: CLOCK_MONOTONIC.
 */
void sh_service_works(uint64_t now_ns);

#endif
