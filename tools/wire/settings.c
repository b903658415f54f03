/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/settings.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum kind { PROBABILITY, PACKETS, TIME, RATE, QUEUE };

static const struct word {
	const char *name;
	size_t offset;
	enum kind kind;
} words[] = {
	{"loss", offsetof(struct wire_settings, loss), PROBABILITY},
	{"burst", offsetof(struct wire_settings, burst), PROBABILITY},
	{"burst.length", offsetof(struct wire_settings, burst_length), PACKETS},
	{"reorder", offsetof(struct wire_settings, reorder), PROBABILITY},
	{"reorder.by", offsetof(struct wire_settings, reorder_by), TIME},
	{"dup", offsetof(struct wire_settings, dup), PROBABILITY},
	{"delay", offsetof(struct wire_settings, delay), TIME},
	{"jitter", offsetof(struct wire_settings, jitter), TIME},
	{"rate", offsetof(struct wire_settings, rate), RATE},
	{"queue", 0, QUEUE},
};

static const struct unit {
	const char *name;
	double factor;
} times[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}}, rates[] = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}},
  parts[] = {{"", 1}, {"%", 0.01}}, counts[] = {{"", 1}}, sizes[] = {{"B", 1}};

static const double TIME_MAX = 60e9, RATE_MAX = 100e9, BURST_MAX = 1000, QUEUE_BYTES_MAX = 1e9;

#define UNITS(list) list, sizeof(list) / sizeof(*(list))

/* Reads a number from 0 to `max` (after its unit's factor) with one of the units. */
static bool read_value(const char *text, const struct unit *units, size_t n, double max, double *value)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || !isfinite(v) || v < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(end, units[i].name) == 0) {
			*value = v * units[i].factor;
			return *value <= max;
		}
	return false;
}

/* A queue has a length in time or in bytes; the other limit ends. */
static bool set_queue(struct wire_settings *s, const char *text)
{
	double v;

	if (read_value(text, UNITS(times), TIME_MAX, &v)) {
		s->queue_time = (uint64_t)v;
		s->queue_bytes = 0;
		return true;
	}
	if (!read_value(text, UNITS(sizes), QUEUE_BYTES_MAX, &v) || v < 1)
		return false;
	s->queue_time = UINT64_MAX;
	s->queue_bytes = (uint64_t)v;
	return true;
}

static bool set_one(struct wire_settings *s, const struct word *w, const char *text)
{
	void *member = (char *)s + w->offset;
	double v;

	switch (w->kind) {
	case PROBABILITY:
		return read_value(text, UNITS(parts), 1, member);
	case PACKETS:
		if (!read_value(text, UNITS(counts), BURST_MAX, &v) || v < 1)
			return false;
		*(double *)member = v;
		return true;
	case TIME:
		if (!read_value(text, UNITS(times), TIME_MAX, &v))
			return false;
		*(uint64_t *)member = (uint64_t)v;
		return true;
	case RATE:
		if (!read_value(text, UNITS(rates), RATE_MAX, &v) || (v > 0 && v < 1))
			return false;
		*(uint64_t *)member = (uint64_t)v;
		return true;
	case QUEUE:
		return set_queue(s, text);
	}
	return false;
}

static const struct word *find_word(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i].name) == len && memcmp(words[i].name, name, len) == 0)
			return &words[i];
	return NULL;
}

void wire_settings_init(struct wire_settings *s)
{
	*s = (struct wire_settings){.burst_length = 4, .reorder_by = 10000000, .queue_time = 200000000};
}

int wire_settings_apply(struct wire_settings s[WIRE_DIRECTIONS], const char *assignment)
{
	static const char *const prefixes[] = {"up.", "down."};
	struct wire_settings changed[WIRE_DIRECTIONS];
	bool applies[] = {true, true};
	const char *equals = strchr(assignment, '=');
	const struct word *w;

	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		if (strncmp(assignment, prefixes[d], strlen(prefixes[d])) == 0) {
			assignment += strlen(prefixes[d]);
			applies[!d] = false;
			break;
		}
	if (!equals || equals < assignment)
		return EINVAL;
	w = find_word(assignment, (size_t)(equals - assignment));
	if (!w)
		return EINVAL;
	memcpy(changed, s, sizeof(changed));
	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		if (applies[d] && !set_one(&changed[d], w, equals + 1))
			return EINVAL;
	memcpy(s, changed, sizeof(changed));
	return 0;
}
