/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CPUS_H
#define SPATE_SHARED_CPUS_H

/* Sets of CPUs, and the kernel's way to write them: "0-3,8". */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SH_CPUS_MAX = 1024 };

struct sh_cpus {
	uint64_t bits[SH_CPUS_MAX / 64];
};

void sh_cpus_add(struct sh_cpus *s, uint32_t cpu); /* SH_CPUS_MAX and above: nothing */
bool sh_cpus_has(const struct sh_cpus *s, uint32_t cpu);
uint32_t sh_cpus_count(const struct sh_cpus *s);
/* a without b; a and b. */
struct sh_cpus sh_cpus_minus(const struct sh_cpus *a, const struct sh_cpus *b);
struct sh_cpus sh_cpus_both(const struct sh_cpus *a, const struct sh_cpus *b);
/* Ends at the first thing that is no list; empty text is the empty set. */
struct sh_cpus sh_cpus_parse(const char *text);
/* Returns `out`; what does not fit is left out. */
const char *sh_cpus_format(const struct sh_cpus *s, char *out, size_t size);

#endif
