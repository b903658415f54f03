/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_DPDK_LOG_H
#define SPATE_DATAPLANE_START_DPDK_LOG_H

/*
 * Directs DPDK's own messages into the log, so that a reader of stderr who stops reading cannot
 * stop a thread in DPDK either. Called before EAL starts. Returns 0 or a positive errno.
 */
int dp_dpdk_log_open(void);

#endif
