/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/script.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double TIME_MAX_S = 1e6;
static const char BLANKS[] = " \t\r\n";

/* Applies all assignments of a step. At the first wrong one it stops. */
static int apply_all(struct wire_settings s[WIRE_DIRECTIONS], const char *assignments)
{
	char copy[WIRE_LINE_MAX], *rest = NULL;

	strcpy(copy, assignments);
	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
		int rc = wire_settings_apply(s, word);

		if (rc)
			return rc;
	}
	return 0;
}

static int read_time(const char *text, uint64_t *at)
{
	char *end;
	double t = strtod(text, &end);

	if (end == text || *end != '\0' || !(t >= 0 && t <= TIME_MAX_S))
		return EINVAL;
	*at = (uint64_t)llround(t * 1e9);
	return 0;
}

static int read_step(struct wire_step *step, const char *line)
{
	struct wire_settings scratch[WIRE_DIRECTIONS] = {0};
	char copy[WIRE_LINE_MAX], *rest = NULL;
	size_t len = strcspn(line, "#");

	if (len >= sizeof(copy))
		return E2BIG;
	memcpy(copy, line, len);
	copy[len] = '\0';
	step->assignments[0] = '\0';
	for (char *word = strtok_r(copy, BLANKS, &rest); word; word = strtok_r(NULL, BLANKS, &rest)) {
		if (strncmp(word, "t=", 2) == 0 && step->assignments[0] == '\0') {
			int rc = read_time(word + 2, &step->at);

			if (rc)
				return rc;
			continue;
		}
		if (step->assignments[0] != '\0')
			strcat(step->assignments, " ");
		strcat(step->assignments, word);
	}
	return apply_all(scratch, step->assignments);
}

int wire_script_add(struct wire_script *s, uint64_t now, const char *line)
{
	struct wire_step step = {.at = now};
	int rc = read_step(&step, line);
	unsigned i = s->len;

	if (rc || step.assignments[0] == '\0')
		return rc;
	if (s->len == WIRE_STEPS_MAX)
		return ENOSPC;
	for (; i > 0 && s->steps[i - 1].at > step.at; i--)
		s->steps[i] = s->steps[i - 1];
	s->steps[i] = step;
	s->len++;
	return 0;
}

bool wire_script_apply(struct wire_script *s, uint64_t now, struct wire_settings settings[WIRE_DIRECTIONS],
	struct wire_step *done)
{
	if (s->len == 0 || s->steps[0].at > now)
		return false;
	*done = s->steps[0];
	memmove(s->steps, s->steps + 1, --s->len * sizeof(*s->steps));
	apply_all(settings, done->assignments);
	return true;
}

uint64_t wire_script_next(const struct wire_script *s)
{
	return s->len > 0 ? s->steps[0].at : UINT64_MAX;
}
