/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Tests eight bytes at once, because clients send hardly anything but ASCII. */
static bool is_ascii(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return (word & UINT64_C(0x8080808080808080)) == 0;
}

bool cp_utf8_valid(const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *)text, *end = p + len;

	while (p < end) {
		uint32_t c;

		while (end - p >= 8 && is_ascii(p))
			p += 8;
		if (p == end)
			break;
		c = *p++;
		unsigned more = c < 0x80                ? 0
				: c >= 0xc2 && c < 0xe0 ? 1
				: (c & 0xf0) == 0xe0    ? 2
				: (c & 0xf8) == 0xf0    ? 3
							: 4;

		if (more == 4 || (size_t)(end - p) < more)
			return false;
		c &= 0x7f >> more;
		for (unsigned i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if ((more == 2 && (c < 0x800 || (c >= 0xd800 && c < 0xe000))) ||
			(more == 3 && (c < 0x10000 || c > 0x10ffff)))
			return false;
	}
	return true;
}
