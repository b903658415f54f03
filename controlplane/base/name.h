/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_NAME_H
#define SPATE_CONTROLPLANE_BASE_NAME_H

/* Validates the names that clients choose for rooms and users. */

#include <stdbool.h>

enum { CP_NAME_SIZE = 65 /* the longest name and its terminator */ };

/* How messages to clients describe a valid name. */
#define CP_NAME_RULE "1 to 64 of the characters A-Z a-z 0-9 . _ ~ -"

bool cp_name_valid(const char *name);

#endif
