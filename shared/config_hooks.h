/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CONFIG_HOOKS_H
#define SPATE_SHARED_CONFIG_HOOKS_H

/* The part of struct sh_config (config.h) that says whom Spate tells and asks over HTTP. */

#include <stdint.h>

enum { SH_URL_MAX = 255 /* characters of a URL that Spate asks */ };

/* What happens to a client about whom hooks.admission_url does not answer. */
enum sh_admission_default { SH_ADMISSION_REFUSE, SH_ADMISSION_ALLOW };

struct sh_config_hooks {
	char url[SH_URL_MAX + 1]; /* told what happens; "": nobody is */
	char secret_file[SH_URL_MAX + 1]; /* what is sent to hooks is signed with it */
	uint32_t viewers_s, refusals_s; /* how often these are told at most; 0: never */
	uint32_t queue; /* events that wait to be told */
	uint32_t keep_s; /* how long it is tried to tell an event */
	uint32_t timeout_ms; /* of a request to `url` */
	char admission_url[SH_URL_MAX + 1]; /* asked who may join; "": nobody is */
	uint32_t admission_timeout_ms;
	enum sh_admission_default admission_default;
	uint32_t admission_waiting; /* clients that wait for an answer */
};

struct sh_config_outgoing {
	char ca_file[SH_URL_MAX + 1]; /* authorities of https servers that are asked; "": the system's */
};

#endif
