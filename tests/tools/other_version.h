/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_TOOLS_OTHER_VERSION_H
#define SPATE_TESTS_TOOLS_OTHER_VERSION_H

/* Included first in what depends on the version between the two processes: makes it another release's. */

#include "shared/abi.h"

#undef SH_ABI_VERSION
#define SH_ABI_VERSION 1000u

#endif
