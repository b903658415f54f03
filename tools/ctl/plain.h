/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_PLAIN_H
#define SPATE_TOOLS_PLAIN_H

/* What spatectl says about plain transports (plain_print.c). */

#include <stdio.h>

#include "tools/ctl/spatectl.h"

void ctl_plain_help(FILE *to);
/* One that was just made, from the control plane's answer: all that the other side needs to know. */
void ctl_plain_print(const cJSON *answer);
/* The answer to plain-list. */
void ctl_plain_print_list(const cJSON *answer);

#endif
