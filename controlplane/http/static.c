/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/static.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/beneath.h"
#include "controlplane/http/server.h"
#include "controlplane/privileges/kept_directory.h"

enum {
	HEADERS_SIZE = 1400, /* `security` with http.frame_ancestors, an entity tag and the coding */
	GZIP_NAME_SIZE = 600, /* longer than any path that is served, and ".gz" */
};

/*
 * The pages open WebSockets and send requests to the host that served them, and show media streams
 * and canvases. `%s` says who may embed them.
 */
static const char security[] =
	"content-security-policy: default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' "
	"data: blob:; "
	"media-src 'self' blob: mediastream:; style-src 'self' 'unsafe-inline'; object-src 'none'; "
	"base-uri 'none'; form-action 'self'; frame-ancestors %s\r\n"
	"referrer-policy: no-referrer\r\n"
	"cross-origin-opener-policy: same-origin\r\n"
	/*
	 * Files keep their names from one build to the next, so caches must revalidate
	 * them.
	 */
	"cache-control: no-cache\r\n";

/* The operator's page shows what its server answers, and has no style or script in it. */
static const char operator_security[] =
	"content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
	"'self'; "
	"img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
	"referrer-policy: no-referrer\r\n"
	"cross-origin-opener-policy: same-origin\r\n"
	"cross-origin-resource-policy: same-origin\r\n"
	"x-content-type-options: nosniff\r\n"
	"cache-control: no-cache\r\n";

#define OPERATOR "operator." /* how the names of its files begin */

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

/* Opens `name`, a regular file beneath `root`. A descriptor with its state in `*st`, or -ENOENT. */
static int open_file(const char *root, const char *name, struct stat *st)
{
	int dir = cp_directory_open(root), fd;

	if (dir < 0)
		return -ENOENT;
	fd = cp_open_beneath(dir, name);
	close(dir);
	if (fd >= 0 && (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))) {
		close(fd);
		fd = -ENOENT;
	}
	return fd < 0 ? -ENOENT : fd;
}

/*
 * True if the client takes gzip. A client that names it with the weight 0 refuses it (RFC 9110,
 * 12.5.3).
 */
static bool takes_gzip(struct lws *wsi)
{
	char codings[200], *rest = codings, *coding;

	if (lws_hdr_copy(wsi, codings, sizeof(codings), WSI_TOKEN_HTTP_ACCEPT_ENCODING) <= 0)
		return false;
	while ((coding = strsep(&rest, ","))) {
		coding += strspn(coding, " \t");
		if (strncasecmp(coding, "gzip", 4) == 0 && strchr(" \t;", coding[4]))
			return !strstr(coding, "q=0") || strpbrk(strstr(coding, "q=0") + 3, "123456789");
	}
	return false;
}

/* True if the client has the file that `tag` names (RFC 9110, 13.1.2). */
static bool has_it(struct lws *wsi, const char *tag)
{
	char tags[200];

	return lws_hdr_copy(wsi, tags, sizeof(tags), WSI_TOKEN_HTTP_IF_NONE_MATCH) > 0 &&
	       (strcmp(tags, "*") == 0 || strstr(tags, tag));
}

/* Opens the file, or the compressed one that the build put beside it. 0, or ENOENT. */
static int open_variant(struct cp_connection *c, const char *name, struct stat *st, bool *compressed)
{
	const char *root = c->server->config->http.web_root;
	char gzip[GZIP_NAME_SIZE];

	*compressed = takes_gzip(c->wsi) && snprintf(gzip, sizeof(gzip), "%s.gz", name) < (int)sizeof(gzip);
	c->file = *compressed ? open_file(root, gzip, st) : -ENOENT;
	if (c->file < 0) {
		*compressed = false;
		c->file = open_file(root, name, st);
	}
	c->has_file = c->file >= 0;
	return c->has_file ? 0 : ENOENT;
}

/*
 * Answers with the open file, or says that the client has it already. `headers` are those of its
 * policy, to which others are added.
 */
static int answer_with(struct cp_connection *c, const char *type, char headers[HEADERS_SIZE],
	const struct stat *st, bool compressed)
{
	char tag[64];
	size_t len = strlen(headers);
	struct cp_answer answer = {.status = 200, .type = type, .headers = headers};

	/* A new build of a file has another time, also where its length is the same. */
	snprintf(tag, sizeof(tag), "\"%llx.%lx-%llx%s\"", (unsigned long long)st->st_mtim.tv_sec,
		(unsigned long)st->st_mtim.tv_nsec, (unsigned long long)st->st_size, compressed ? "z" : "");
	snprintf(headers + len, HEADERS_SIZE - len, "etag: %s\r\nvary: Accept-Encoding\r\n%s", tag,
		compressed ? "content-encoding: gzip\r\n" : "");
	if (has_it(c->wsi, tag))
		answer.status = 304;
	else
		answer.file_len = (size_t)st->st_size;
	return cp_http_answer(c, &answer);
}

int cp_static_serve(struct cp_connection *c, const char *path)
{
	const char *name = path + (path[0] == '/'), *type;
	char headers[HEADERS_SIZE];
	bool compressed;
	struct stat st;

	if (name[0] == '\0')
		name = "index.html";
	type = type_of(name);
	if (!type || name[0] == '.' || strncmp(name, OPERATOR, sizeof(OPERATOR) - 1) == 0 ||
		strstr(name, "/.") || open_variant(c, name, &st, &compressed) != 0)
		return ENOENT;
	snprintf(headers, sizeof(headers), security, "'none'");
	return answer_with(c, type, headers, &st, compressed);
}

int cp_static_serve_player(struct cp_connection *c)
{
	const char *ancestors = c->server->config->http.frame_ancestors;
	char headers[HEADERS_SIZE];
	bool compressed;
	struct stat st;

	if (open_variant(c, "player.html", &st, &compressed) != 0)
		return ENOENT;
	snprintf(headers, sizeof(headers), security, ancestors[0] ? ancestors : "'none'");
	return answer_with(c, type_of("player.html"), headers, &st, compressed);
}

int cp_static_serve_operator(struct cp_connection *c, const char *name)
{
	char headers[HEADERS_SIZE];
	bool compressed;
	struct stat st;

	if (open_variant(c, name, &st, &compressed) != 0)
		return ENOENT;
	snprintf(headers, sizeof(headers), "%s", operator_security);
	return answer_with(c, type_of(name), headers, &st, compressed);
}
