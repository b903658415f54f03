/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_RTP_EXACT_H
#define SPATE_TESTS_UNIT_RTP_EXACT_H

/* What every test here needs of cmocka, and copies that end where the bytes end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy on the heap of just `len` bytes, so that AddressSanitizer sees a read past them. Free it. */
static inline uint8_t *exact(const void *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

#endif
