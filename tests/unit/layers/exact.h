/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_LAYERS_EXACT_H
#define SPATE_TESTS_UNIT_LAYERS_EXACT_H

/* cmocka, with what it needs to be included first, and the usual layers of a producer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/layers/allocate.h"

/* Encodings of 150, 500 and 1,500 kbit/s without temporal layers. */
#define THREE_ENCODINGS                                                                                      \
	((struct dp_layer_rates){.kbps = {{150}, {500}, {1500}}, .spatial = 3, .temporal = 1, .alive = 7})

static inline struct dp_video video_of(const struct dp_layer_rates *rates)
{
	return (struct dp_video){rates, SH_WISHES_NONE, SH_LAYER_ANY, SH_LAYER_ANY};
}

#endif
