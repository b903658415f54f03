/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The built page, from one directory. Nothing outside it can be named. */

static const struct {
	const char *suffix, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".json", "application/json"},
	{".map", "application/json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".jpg", "image/jpeg"},
	{".webp", "image/webp"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".wasm", "application/wasm"},
	{".webmanifest", "application/manifest+json"},
	{".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return NULL;
}

/*
 * Whether `name` is a regular file below `root`, reached without a symbolic link or "..":
 * the kernel is asked, so that no spelling of a path gets around it.
 */
static bool inside(const char *root, const char *name)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct stat st;
	bool ok;

	if (dir >= 0)
		fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	ok = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return ok;
}

int cp_static_serve(const struct cp_server *s, struct lws *wsi, const char *path)
{
	/* The page opens WebSockets to wherever it was loaded from, and shows streams and canvases. */
	static const char security[] =
		"content-security-policy: default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' "
		"data: blob:; "
		"media-src 'self' blob: mediastream:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\x0d\x0a"
		"x-content-type-options: nosniff\x0d\x0a"
		"referrer-policy: no-referrer\x0d\x0a"
		"cross-origin-opener-policy: same-origin\x0d\x0a"
		/* Names stay the same from one build to the next. */
		"cache-control: no-cache\x0d\x0a";
	const char *root = s->config->http.web_root, *name = path + (path[0] == '/');
	char file[SH_PATH_MAX + 256];
	const char *type;
	int status;

	if (name[0] == '\0')
		name = "index.html";
	type = type_of(name);
	if (type == NULL || name[0] == '.' || strstr(name, "/.") != NULL || !inside(root, name) ||
		snprintf(file, sizeof(file), "%s/%s", root, name) >= (int)sizeof(file))
		return 404;
	status = lws_serve_http_file(wsi, file, type, security, (int)sizeof(security) - 1);
	if (status < 0)
		return -1;
	if (status > 0)
		return lws_http_transaction_completed(wsi) ? -1 : 0;
	return 0;
}
