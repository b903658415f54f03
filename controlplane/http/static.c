/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/static.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/server.h"
#include "controlplane/privileges/kept_directory.h"

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

	for (size_t i = 0; dot && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].suffix) == 0)
			return types[i].type;
	return NULL;
}

/*
 * Opens `name`, a regular file below `root`, if its path has no symbolic link and does not leave
 * `root`. The kernel checks that (openat2), so that no spelling of a path can evade the check. A
 * descriptor with the file's size in `*len`, or -ENOENT.
 */
static int open_file(const char *root, const char *name, size_t *len)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int dir = cp_directory_open(root), fd = -ENOENT;
	struct stat st;

	if (dir >= 0) {
		fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
		if (fd < 0)
			fd = -ENOENT;
		close(dir);
	}
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -ENOENT;
	}
	if (fd >= 0)
		*len = (size_t)st.st_size;
	return fd;
}

int cp_static_serve(struct cp_connection *c, const char *path)
{
	/*
	 * The page opens WebSockets to the host that served it, and shows media streams and
	 * canvases.
	 */
	static const char security[] =
		"content-security-policy: default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' "
		"data: blob:; "
		"media-src 'self' blob: mediastream:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"
		"referrer-policy: no-referrer\r\n"
		"cross-origin-opener-policy: same-origin\r\n"
		/*
		 * Files keep their names from one build to the next, so caches must revalidate
		 * them.
		 */
		"cache-control: no-cache\r\n";
	const char *name = path + (path[0] == '/');
	struct cp_answer answer = {.status = 200, .headers = security};

	if (name[0] == '\0')
		name = "index.html";
	answer.type = type_of(name);
	if (!answer.type || name[0] == '.' || strstr(name, "/."))
		return ENOENT;
	c->file = open_file(c->server->config->http.web_root, name, &answer.file_len);
	if (c->file < 0)
		return ENOENT;
	c->has_file = true;
	return cp_http_answer(c, &answer);
}
