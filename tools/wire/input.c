/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/wire/wire.h"

static int add_line(struct wire *w)
{
	int rc = w->line_too_long ? E2BIG : wire_script_add(&w->script, wire_now(w), w->line);

	w->line_len = 0;
	w->line_too_long = false;
	return rc;
}

/* Returns an errno, of the first wrong line. */
static int read_text(struct wire *w, const char *text, size_t len)
{
	int first = 0, rc;

	for (size_t i = 0; i < len; i++) {
		if (text[i] != '\n') {
			w->line_too_long |= w->line_len == sizeof(w->line) - 1;
			if (!w->line_too_long)
				w->line[w->line_len++] = text[i];
			continue;
		}
		w->line[w->line_len] = '\0';
		rc = add_line(w);
		if (first == 0)
			first = rc;
	}
	return first;
}

void wire_input_read(struct wire *w)
{
	char text[4096];
	ssize_t n = read(STDIN_FILENO, text, sizeof(text));
	int rc;

	if (n <= 0) {
		w->fds[WIRE_INPUT].fd = -1; /* the wire stays as it is */
		return;
	}
	rc = read_text(w, text, (size_t)n);
	if (rc)
		printf("{\"t\":%.3f,\"error\":\"%s\"}\n", (double)wire_now(w) / 1e9, strerror(rc));
}

int wire_input_open(struct wire *w, const char *path)
{
	char text[4096];
	FILE *f;
	size_t n;
	int rc = 0;

	if (strcmp(path, "-") == 0) {
		w->fds[WIRE_INPUT].fd = STDIN_FILENO;
		return 0;
	}
	f = fopen(path, "re");
	if (!f)
		return errno;
	while (rc == 0 && (n = fread(text, 1, sizeof(text), f)) > 0)
		rc = read_text(w, text, n);
	if (rc == 0)
		rc = read_text(w, "\n", 1); /* the last line may lack it */
	fclose(f);
	return rc;
}
