/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PRIVILEGES_CAPABILITIES_H
#define SPATE_SHARED_PRIVILEGES_CAPABILITIES_H

/* Sets the calling thread's capabilities. */

#include <stdint.h>

/* Sets of capabilities are masks: 1 << the kernel's number. */
#define SH_CAP_DAC_OVERRIDE     (UINT64_C(1) << 1)
#define SH_CAP_DAC_READ_SEARCH  (UINT64_C(1) << 2)
#define SH_CAP_NET_BIND_SERVICE (UINT64_C(1) << 10)
#define SH_CAP_ALL              UINT64_MAX

/* The permitted capabilities of the calling thread. */
uint64_t sh_capabilities_permitted(void);

/* Drops all but those of `mask`, which stay permitted and effective. 0, or a positive errno. */
int sh_capabilities_keep(uint64_t mask);

#endif
