/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_PLAIN_H
#define SPATE_TOOLS_CTL_PLAIN_H

/* Declares what plain_print.c prints about plain transports. */

#include <stdio.h>

#include "tools/ctl/spatectl.h"

void ctl_plain_help(FILE *to);
/*
 * Prints a transport that was just made, from the control plane's reply: all that the other side
 * must know.
 */
void ctl_plain_print(const cJSON *answer);
/* Prints the reply to plain-list. */
void ctl_plain_print_list(const cJSON *answer);

#endif
