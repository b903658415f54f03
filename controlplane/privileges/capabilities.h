/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PRIVILEGES_CAPABILITIES_H
#define SPATE_CONTROLPLANE_PRIVILEGES_CAPABILITIES_H

/* Sets the calling thread's capabilities. Only for privileges/. */

#include <stdint.h>

/* Sets of capabilities are masks: 1 << the kernel's number. */
#define CP_CAP_DAC_OVERRIDE     (UINT64_C(1) << 1)
#define CP_CAP_DAC_READ_SEARCH  (UINT64_C(1) << 2)
#define CP_CAP_NET_BIND_SERVICE (UINT64_C(1) << 10)

/* The permitted capabilities of the calling thread. */
uint64_t cp_capabilities_permitted(void);

/* Drops all but those of `mask`, which stay permitted and effective. 0, or a positive errno. */
int cp_capabilities_keep(uint64_t mask);

#endif
