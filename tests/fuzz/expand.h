/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_FUZZ_EXPAND_H
#define SPATE_TESTS_FUZZ_EXPAND_H

/* Puts the ids of objects into a fuzzer's line: they are random, so that no seed can contain them. */

#include <stddef.h>
#include <string.h>

#include "controlplane/base/id.h"

/*
 * Copies the line to `out`, which has room for `room` bytes, with ids[0], ids[1] and ids[2] in the
 * place of @t (transport), @p (producer) and @c (consumer). Returns the length.
 */
static inline size_t expand(char *out, size_t room, const char *line, size_t len, char (*ids)[CP_ID_SIZE])
{
	static const char letters[] = "tpc";
	size_t n = 0;

	for (size_t i = 0; i < len && n + CP_ID_SIZE < room; i++) {
		const char *letter = line[i] == '@' && i + 1 < len ? memchr(letters, line[i + 1], 3) : NULL;

		if (!letter) {
			out[n++] = line[i];
			continue;
		}
		n += strlen(strcpy(out + n, ids[letter - letters]));
		i++;
	}
	return n;
}

#endif
