/* SPDX-License-Identifier: Apache-2.0 */

/* Prints what spatectl's commands show: aligned tables, numbers and JSON (spatectl.h). */

#include "tools/ctl/spatectl.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log.h"

/* --- tables -------------------------------------------------------------------------- */

void ctl_table_init(struct ctl_table *t, const char *const *column, size_t columns)
{
	memset(t, 0, sizeof(*t));
	t->column = column;
	t->columns = columns;
}

static void out_of_memory(void)
{
	fputs("spatectl: out of memory\n", stderr);
	exit(CTL_FAILED);
}

void ctl_cell(struct ctl_table *t, const char *fmt, ...)
{
	va_list args;

	if (t->cells == t->room) {
		t->room = t->room > 0 ? t->room * 2 : 64;
		t->cell = realloc(t->cell, t->room * sizeof(*t->cell));
		if (!t->cell)
			out_of_memory();
	}
	va_start(args, fmt);
	if (vasprintf(&t->cell[t->cells], fmt, args) < 0)
		out_of_memory();
	va_end(args);
	t->cells++;
}

/* Width on the terminal: the number of characters, not of bytes of UTF-8. */
static size_t width(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static void print_cell(const char *text, size_t wide, bool right, bool last)
{
	size_t n = width(text);
	int pad = (int)(wide > n ? wide - n : 0);

	if (right)
		printf("%*s%s%s", pad, "", text, last ? "\n" : "  ");
	else if (last)
		printf("%s\n", text);
	else
		printf("%s%*s  ", text, pad, "");
}

void ctl_table_print(struct ctl_table *t)
{
	size_t wide[CTL_COLUMNS_MAX] = {0};

	for (size_t i = 0; i < t->columns; i++)
		wide[i] = width(t->column[i]) - (t->column[i][0] == '>');
	for (size_t i = 0; i < t->cells; i++) {
		size_t n = width(t->cell[i]);

		if (n > wide[i % t->columns])
			wide[i % t->columns] = n;
	}
	for (size_t i = 0; i < t->columns; i++) {
		bool right = t->column[i][0] == '>';

		print_cell(t->column[i] + right, wide[i], right, i + 1 == t->columns);
	}
	for (size_t i = 0; i < t->cells; i++) {
		size_t c = i % t->columns;

		print_cell(t->cell[i], wide[c], t->column[c][0] == '>', c + 1 == t->columns);
		free(t->cell[i]);
	}
	free(t->cell);
	memset(t, 0, sizeof(*t));
}

/* --- numbers ---------------------------------------------------------------------------- */

const char *ctl_si(char out[16], double value)
{
	static const char *const prefix[] = {"", " k", " M", " G", " T"};
	size_t i = 0;

	while (value >= 999.5 && i + 1 < sizeof(prefix) / sizeof(prefix[0])) {
		value /= 1000;
		i++;
	}
	snprintf(out, 16, "%.*f%s", i == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2, value, prefix[i]);
	return out;
}

const char *ctl_duration(char out[32], double seconds)
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s >= 86400)
		snprintf(out, 32, "%lu d %lu h", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(out, 32, "%lu h %lu min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(out, 32, "%lu min %lu s", s / 60, s % 60);
	else
		snprintf(out, 32, "%lu s", s);
	return out;
}

/* --- JSON --------------------------------------------------------------------------------- */

void ctl_json_u64(cJSON *object, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	cJSON_AddRawToObject(object, name, text);
}

void ctl_json_id(cJSON *object, const char *name, sh_id id)
{
	char text[24];

	snprintf(text, sizeof(text), "%016" PRIx64, id);
	cJSON_AddStringToObject(object, name, text);
}

void ctl_json_print(cJSON *json)
{
	char *text = cJSON_Print(json);

	if (!text)
		out_of_memory();
	puts(text);
	cJSON_free(text);
	cJSON_Delete(json);
}

const char *ctl_text(char out[CTL_TEXT_MAX], const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	if (!text)
		return strcpy(out, "-");
	return sh_log_text(out, CTL_TEXT_MAX, text, strlen(text));
}

double ctl_number(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNumber(item) ? item->valuedouble : 0;
}
