/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/machine/configure_write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/config.h"
#include "tools/ctl/spatectl.h"

enum { PATH = 1024 };

int configure_write(const char *path, const char *text, bool force)
{
	static struct sh_config config;
	char draft[PATH], err[256];
	FILE *f;
	int code = CTL_FAILED;

	if (snprintf(draft, sizeof(draft), "%s.%d", path, getpid()) >= (int)sizeof(draft)) {
		fputs("spatectl: configure: the file's name is too long\n", stderr);
		return CTL_USAGE;
	}
	f = fopen(draft, "wxe");
	if (!f || fprintf(f, "%s\n", text) < 0 || fflush(f) != 0 || fsync(fileno(f)) != 0) {
		fprintf(stderr, "spatectl: configure: %s: %s\n", path, strerror(errno));
	} else if (sh_config_defaults(&config), sh_config_load(&config, draft, err, sizeof(err)) != 0) {
		fprintf(stderr, "spatectl: configure: the servers would refuse it: %s\n", err);
	} else if (force ? rename(draft, path) != 0 : link(draft, path) != 0) {
		fprintf(stderr, "spatectl: configure: %s: %s%s\n", path, strerror(errno),
			errno == EEXIST ? "; --force replaces it" : "");
	} else {
		code = CTL_OK;
	}
	if (f)
		fclose(f);
	unlink(draft);
	return code;
}
