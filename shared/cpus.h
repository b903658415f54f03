/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CPUS_H
#define SPATE_SHARED_CPUS_H

/* Implements sets of CPUs and the kernel's text format for them, "0-3,8". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SH_CPUS_MAX = 1024 };

struct sh_cpus {
	uint64_t bits[SH_CPUS_MAX / 64];
};

void sh_cpus_add(struct sh_cpus *s, uint32_t cpu); /* ignores cpu >= SH_CPUS_MAX */
bool sh_cpus_has(const struct sh_cpus *s, uint32_t cpu);
uint32_t sh_cpus_count(const struct sh_cpus *s);
/* The CPUs in `a` that are not in `b`; the CPUs in both. */
struct sh_cpus sh_cpus_minus(const struct sh_cpus *a, const struct sh_cpus *b);
struct sh_cpus sh_cpus_both(const struct sh_cpus *a, const struct sh_cpus *b);
/* Parses the kernel's format. Stops at the first malformed element; empty text is the empty set. */
struct sh_cpus sh_cpus_parse(const char *text);
/*
 * Writes the kernel's format into `out` of `size` >= 1 bytes and returns `out`. Elements that do
 * not fit are left out.
 */
const char *sh_cpus_format(const struct sh_cpus *s, char *out, size_t size);

#endif
