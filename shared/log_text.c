/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes untrusted text for one value of a log line (sh_log_text()). */

#include "shared/log.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static bool between(uint8_t c, uint8_t low, uint8_t high)
{
	return c >= low && c <= high;
}

/* C1 controls, line separators and bidirectional overrides, in UTF-8. */
static bool is_hidden(const uint8_t *p, size_t len)
{
	if (len == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	if (len != 3 || p[0] != 0xe2)
		return false;
	return (p[1] == 0x80 && between(p[2], 0xa8, 0xae)) || (p[1] == 0x81 && between(p[2], 0xa6, 0xa9));
}

/* Returns the length of the UTF-8 character at `p` (RFC 3629, 4), 0 if it is malformed. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	size_t len = between(p[0], 0xc2, 0xdf)   ? 2
		     : between(p[0], 0xe0, 0xef) ? 3
		     : between(p[0], 0xf0, 0xf4) ? 4
						 : 0;

	if (p[0] < 0x80)
		return 1;
	if (len == 0 || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
		(p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return len;
}

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

/* Writes one character, escaped if necessary. Returns the number of input bytes read. */
static size_t put_char(char out[8], const uint8_t *p, size_t left)
{
	size_t len = utf8_len(p, left);

	if (len == 1 && (p[0] == '"' || p[0] == '\\')) {
		snprintf(out, 8, "\\%c", p[0]);
	} else if (len == 0 || is_hidden(p, len) || (len == 1 && !between(p[0], ' ', 0x7e))) {
		snprintf(out, 8, "\\x%02x", p[0]);
		return 1;
	} else {
		memcpy(out, p, len);
		out[len] = '\0';
	}
	return len;
}

const char *sh_log_text(char *out, size_t size, const void *text, size_t len)
{
	const uint8_t *p = text;
	bool quoted = len == 0;
	size_t at = 0, room = size - 5; /* without `..."` and the NUL */

	for (size_t i = 0; i < len && !quoted; i++)
		quoted = !is_plain(p[i]) && p[i] < 0x80;
	for (size_t i = 0; i < len && !quoted;) { /* a character that must be escaped */
		size_t one = utf8_len(p + i, len - i);

		quoted = one == 0 || is_hidden(p + i, one);
		i += one;
	}
	if (quoted)
		out[at++] = '"';
	for (size_t i = 0; i < len;) {
		char one[8];

		i += put_char(one, p + i, len - i);
		if (at + strlen(one) > room) {
			memcpy(out + at, "...", 3);
			at += 3;
			break;
		}
		memcpy(out + at, one, strlen(one));
		at += strlen(one);
	}
	if (quoted)
		out[at++] = '"';
	out[at] = '\0';
	return out;
}
