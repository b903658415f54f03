/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/sdp/lines.h"

#include <stdlib.h>
#include <string.h>

#include "controlplane/sdp/sdp.h"

/* Checks the line from `at` to `end`, which does not include its line end. */
static int check_line(const char *at, const char *end, uint32_t number, struct cp_fault *fault)
{
	if (number > CP_SDP_LINES_MAX)
		return cp_refuse(fault, CP_BAD_REQUEST, "the description has more than %d lines",
			CP_SDP_LINES_MAX);
	for (const char *c = at; c < end; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return cp_refuse(fault, CP_BAD_REQUEST, "line %u has a control character", number);
	}
	if (at < end && (end - at < 2 || at[0] < 'a' || at[0] > 'z' || at[1] != '='))
		return cp_refuse(fault, CP_BAD_REQUEST,
			"line %u is not of the form x=value: this is no session description", number);
	return 0;
}

int cp_sdp_text_check(char **out, const char *text, size_t len, struct cp_fault *fault)
{
	const char *end = text + len;
	uint32_t number = 0;
	int rc;

	if (len == 0)
		return cp_refuse(fault, CP_BAD_REQUEST,
			"the body is empty: it must be a session description");
	if (len > CP_SDP_MAX)
		return cp_refuse(fault, CP_BAD_REQUEST, "the description has more than %d bytes", CP_SDP_MAX);
	for (const char *at = text; at < end;) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		const char *line_end = lf ? lf : end;

		if (line_end > at && line_end[-1] == '\r')
			line_end--;
		if ((rc = check_line(at, line_end, ++number, fault)) != 0)
			return rc;
		at = lf ? lf + 1 : end;
	}
	*out = malloc(len + 1);
	if (!*out)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	memcpy(*out, text, len);
	(*out)[len] = '\0';
	return 0;
}

struct cp_sdp_lines cp_sdp_lines(char *text)
{
	return (struct cp_sdp_lines){.next = text};
}

bool cp_sdp_next_line(struct cp_sdp_lines *l)
{
	char *line;

	do {
		line = cp_sdp_split(&l->next, '\n');
		if (!line)
			return false;
		l->number++;
		line[strcspn(line, "\r")] = '\0';
	} while (!*line);
	l->type = line[0];
	l->value = line + 2;
	return true;
}

char *cp_sdp_split(char **rest, char separator)
{
	char *text = *rest, *end;

	if (!text)
		return NULL;
	end = strchr(text, separator);
	if (end)
		*end++ = '\0';
	*rest = end;
	return text;
}

char *cp_sdp_word(char **rest)
{
	char *word;

	do
		word = cp_sdp_split(rest, ' ');
	while (word && !*word);
	return word;
}

bool cp_sdp_number(const char *text, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (!text || !*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		n = 10 * n + (uint64_t)(*text - '0');
		if (n > max)
			return false;
	}
	*out = (uint32_t)n;
	return n >= min;
}

bool cp_sdp_has_only(const char *text, size_t max, const char *allowed)
{
	size_t len = strlen(text);

	return len >= 1 && len <= max && strspn(text, allowed) == len;
}
