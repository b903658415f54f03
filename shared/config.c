/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "shared/config_read.h"
#include "shared/config_reload.h"
#include "shared/config_table.h"

enum { FILE_MAX = 1 << 20 };

/* --- defaults ------------------------------------------------------------------- */

static struct sh_prefix prefix(const char *ip, uint8_t bits)
{
	struct sh_prefix p = {.bits = bits};

	sh_addr_parse(&p.addr, ip);
	return p;
}

/* A TAP device, which a browser on this machine can reach without further set-up. */
static void default_port(struct sh_config_port *p)
{
	sh_config_table_defaults(&sh_config_port_table, p);
	snprintf(p->device, sizeof(p->device), "net_tap0");
	snprintf(p->args, sizeof(p->args), "iface=spate0");
	p->address_count = 2;
	p->address[0] = prefix("10.99.0.2", 24);
	p->address[1] = prefix("fd99::2", 64);
	p->kernel_address[0] = prefix("10.99.0.1", 24);
	p->kernel_address[1] = prefix("fd99::1", 64);
}

void sh_config_defaults(struct sh_config *c)
{
	static const enum sh_codec codecs[] = {
		SH_CODEC_OPUS, SH_CODEC_VP8, SH_CODEC_VP9, SH_CODEC_H264, SH_CODEC_AV1};

	memset(c, 0, sizeof(*c));
	sh_config_table_defaults(&sh_config_table, c);
	c->network.port_count = 1;
	default_port(&c->network.port[0]);
	c->codec_count = sizeof(codecs) / sizeof(codecs[0]);
	memcpy(c->codec, codecs, sizeof(codecs));
}

/* --- the file --------------------------------------------------------------------- */

static __attribute__((format(printf, 3, 4))) int fail(char *err, size_t err_size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, err_size, fmt, args);
	va_end(args);
	return EINVAL;
}

/*
 * Returns the bytes of the file, NUL-terminated; the caller frees them. Closes the file; NULL: it
 * could not be opened, as errno says. NULL with an operator's message in `err`.
 */
static char *read_file(FILE *f, const char *path, size_t *len, char *err, size_t err_size)
{
	char *text = NULL;
	struct stat st;

	if (!f || fstat(fileno(f), &st) != 0) {
		fail(err, err_size, "%s: %s", path, strerror(errno));
	} else if (S_ISDIR(st.st_mode)) {
		fail(err, err_size, "%s: %s", path, strerror(EISDIR));
	} else if (!(text = malloc(FILE_MAX + 1))) {
		fail(err, err_size, "%s: %s", path, strerror(ENOMEM));
	} else {
		*len = fread(text, 1, FILE_MAX + 1, f);
		if (ferror(f) || *len > FILE_MAX) {
			fail(err, err_size, "%s: %s", path, ferror(f) ? "cannot be read" : "is over 1 MiB");
			free(text);
			text = NULL;
		} else {
			text[*len] = '\0';
		}
	}
	if (f)
		fclose(f);
	return text;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

static int load(struct sh_config *c, FILE *f, const char *path, char *err, size_t err_size)
{
	const char *end = NULL;
	size_t len = 0;
	char *text = read_file(f, path, &len, err, err_size);
	cJSON *root;
	int result;

	if (!text)
		return EIO;
	root = cJSON_ParseWithLengthOpts(text, len + 1, &end, true);
	if (!root) {
		result = fail(err, err_size, "%s: not JSON in line %u", path, line_of(text, end));
	} else {
		result = sh_config_read(c, root, err, err_size);
		if (result == 0)
			result = sh_config_check(c, err, err_size);
	}
	cJSON_Delete(root);
	free(text);
	return result;
}

int sh_config_load(struct sh_config *c, const char *path, char *err, size_t err_size)
{
	return load(c, fopen(path, "re"), path, err, err_size);
}

int sh_config_load_open(struct sh_config *c, int fd, const char *path, char *err, size_t err_size)
{
	FILE *f = fdopen(fd, "r");

	if (!f)
		close(fd);
	return load(c, f, path, err, err_size);
}
