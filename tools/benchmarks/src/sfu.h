/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_SFU_H
#define SPATE_TOOLS_BENCHMARKS_SRC_SFU_H

/*
 * Runs another forwarder through a script that controls it. Given the number of viewers and the
 * fingerprint, the script prints one line of JSON (`name`, `pid` of the process that forwards,
 * `source` and `viewers` as in mediasoup.mjs) and ends when its input ends.
 */

#include <stdint.h>
#include <sys/types.h>

#include <cjson/cJSON.h>

struct sfu {
	pid_t script, worker; /* worker: the process that forwards */
	int input; /* the script's standard input */
	cJSON *answer; /* what the script printed */
	const char *name; /* name with version; part of `answer` */
	clockid_t cpu; /* CPU clock of the worker */
};

/* Each function ends the program on failure. */
void sfu_start(struct sfu *s, char *const command[]);
/* The member of that name, which must exist. */
const char *sfu_text(const cJSON *object, const char *name);
uint32_t sfu_number(const cJSON *object, const char *name);
/* Pins all threads of the worker to that core. */
void sfu_pin(const struct sfu *s, unsigned core);
/* CPU time that the worker has used so far, in user space and in the kernel. */
uint64_t sfu_cpu_ns(const struct sfu *s);
void sfu_stop(struct sfu *s);

#endif
