/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_TARGET_H
#define SPATE_CONTROLPLANE_HOOKS_TARGET_H

/* The part of a URL that the log may have: paths and queries of hooks often hold secrets. */

enum { CP_HOOK_TARGET_SIZE = 256 };

/* Writes scheme, host and port of `url`. Returns `out`. */
const char *cp_hook_target(char out[CP_HOOK_TARGET_SIZE], const char *url);

#endif
