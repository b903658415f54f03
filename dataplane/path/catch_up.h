/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_CATCH_UP_H
#define SPATE_DATAPLANE_PATH_CATCH_UP_H

/* Sends to the viewers that catch up (tables/catch_up.h). */

struct dp_worker;

/*
 * Serves them, each at its pace, every millisecond, with a limit on the work. Returns how many
 * packets it wrote.
 */
unsigned dp_catch_up(struct dp_worker *w);

#endif
