/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_SFU_H
#define SPATE_BENCHMARKS_SFU_H

/*
 * Another forwarder, started by a script that speaks to it: given the viewers' number and
 * fingerprint the script prints one line of JSON (`name`, `pid` of the process that
 * forwards, `source` and `viewers` as mediasoup.mjs has them) and ends with its input.
 */

#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

struct sfu {
	pid_t script, worker; /* worker: that does the forwarding */
	int input; /* of the script */
	cJSON *answer; /* what the script printed */
	const char *name; /* with its version; the answer's */
	clockid_t cpu; /* of the worker */
};

/* Each ends the program when something goes wrong. */
void sfu_start(struct sfu *s, char *const command[]);
/* The member of that name, which must be there. */
const char *sfu_text(const cJSON *object, const char *name);
uint32_t sfu_number(const cJSON *object, const char *name);
/* Has all threads of the worker on that core. */
void sfu_pin(const struct sfu *s, unsigned core);
/* CPU time of the worker, in user space and in the kernel, so far. */
uint64_t sfu_cpu_ns(const struct sfu *s);
void sfu_stop(struct sfu *s);

#endif
