/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/cpus.h"

#include <stdio.h>
#include <stdlib.h>

void sh_cpus_add(struct sh_cpus *s, uint32_t cpu)
{
	if (cpu < SH_CPUS_MAX)
		s->bits[cpu / 64] |= 1ull << cpu % 64;
}

bool sh_cpus_has(const struct sh_cpus *s, uint32_t cpu)
{
	return cpu < SH_CPUS_MAX && (s->bits[cpu / 64] >> cpu % 64 & 1);
}

uint32_t sh_cpus_count(const struct sh_cpus *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < SH_CPUS_MAX / 64; i++)
		n += (uint32_t)__builtin_popcountll(s->bits[i]);
	return n;
}

struct sh_cpus sh_cpus_minus(const struct sh_cpus *a, const struct sh_cpus *b)
{
	struct sh_cpus out;

	for (uint32_t i = 0; i < SH_CPUS_MAX / 64; i++)
		out.bits[i] = a->bits[i] & ~b->bits[i];
	return out;
}

struct sh_cpus sh_cpus_both(const struct sh_cpus *a, const struct sh_cpus *b)
{
	struct sh_cpus out;

	for (uint32_t i = 0; i < SH_CPUS_MAX / 64; i++)
		out.bits[i] = a->bits[i] & b->bits[i];
	return out;
}

struct sh_cpus sh_cpus_parse(const char *text)
{
	struct sh_cpus out = {{0}};

	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-' && end[1] >= '0' && end[1] <= '9')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long i = first; i <= last && i < SH_CPUS_MAX; i++)
			sh_cpus_add(&out, (uint32_t)i);
		text = *end == ',' ? end + 1 : "";
	}
	return out;
}

const char *sh_cpus_format(const struct sh_cpus *s, char *out, size_t size)
{
	size_t at = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < SH_CPUS_MAX && at + 12 < size; i++) {
		uint32_t last = i;

		if (!sh_cpus_has(s, i))
			continue;
		while (sh_cpus_has(s, last + 1))
			last++;
		at += (size_t)snprintf(out + at, size - at, last > i ? "%s%u-%u" : "%s%u", at ? "," : "", i,
			last);
		i = last;
	}
	return out;
}
