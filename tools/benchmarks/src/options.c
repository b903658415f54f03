/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/options.h"

#include <stdlib.h>
#include <string.h>

#include "shared/ids.h"

static const struct option common[] = {
	{"dataplane", required_argument, NULL, 'd'},
	{"directory", required_argument, NULL, 'r'},
	{"worker-core", required_argument, NULL, 'w'},
	{"load-core", required_argument, NULL, 'l'},
	{"hugepages", no_argument, NULL, 'h'},
	{"viewers", required_argument, NULL, 'v'},
	{"payload", required_argument, NULL, 'p'},
	{"burst", required_argument, NULL, 'b'},
	{"profile", required_argument, NULL, 's'},
	{"ms", required_argument, NULL, 'm'},
};

enum { COMMON = sizeof(common) / sizeof(common[0]) };

unsigned options_read_number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

void options_read_list(unsigned list[BENCH_LIST], const char *text)
{
	char *end;

	memset(list, 0, BENCH_LIST * sizeof(*list));
	for (unsigned n = 0; n + 1 < BENCH_LIST && *text; n++, text = *end ? end + 1 : end)
		list[n] = (unsigned)strtoul(text, &end, 10);
}

static void read_profile(struct bench_options *o, const char *text)
{
	bool gcm = strcmp(text, "gcm-128") == 0;

	o->profile[0] = gcm ? SH_SRTP_AEAD_AES_128_GCM : SH_SRTP_AES128_CM_SHA1_80;
	o->profile[1] = 0;
}

/* False: the option is one of the benchmark's own. */
static bool read_common(struct bench_options *o, int option, const char *value)
{
	switch (option) {
	case 'd':
		o->plane.program = value;
		return true;
	case 'r':
		o->plane.directory = value;
		return true;
	case 'w':
		o->plane.worker_core = options_read_number(value);
		return true;
	case 'l':
		o->load_core = options_read_number(value);
		return true;
	case 'h':
		o->plane.hugepages = true;
		return true;
	case 'v':
		options_read_list(o->viewers, value);
		return true;
	case 'p':
		options_read_list(o->payload, value);
		return true;
	case 'b':
		options_read_list(o->burst, value);
		return true;
	case 's':
		read_profile(o, value);
		return true;
	case 'm':
		o->ms = options_read_number(value);
		return true;
	default:
		return false;
	}
}

void options_read(struct bench_options *o, int argc, char **argv, const struct option *own,
	bench_take_option *take, void *arg)
{
	struct option known[COMMON + BENCH_OWN_OPTIONS + 1] = {{0}};
	int option;

	memcpy(known, common, sizeof(common));
	for (unsigned i = 0; i < BENCH_OWN_OPTIONS && own[i].name; i++)
		known[COMMON + i] = own[i];
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == '?')
			exit(2);
		if (!read_common(o, option, optarg))
			take(arg, option, optarg);
	}
	for (unsigned i = 0; o->viewers[i]; i++)
		if (o->viewers[i] > o->plane.viewers)
			o->plane.viewers = o->viewers[i];
	o->plane.agent_core = o->load_core;
}
