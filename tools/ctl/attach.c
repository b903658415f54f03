/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reaches the two processes for spatectl: attaches the data plane's statistics and exchanges
 * requests with the control plane's administration socket, which are one line of JSON each way
 * (spatectl.h).
 */

#include "shared/stats_attach.h"
#include "tools/ctl/spatectl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "shared/log.h"

enum { TIMEOUT_S = 5, ANSWER_MAX = 64 << 20 };

/* Writes the operator's message about why `process` cannot be reached and what to do. */
static void explain(int error, const char *process, const char *detail, const char *run_dir,
	char err[CTL_ERR_MAX])
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		snprintf(err, CTL_ERR_MAX,
			"the %s is not running: nothing answers in %s (another --run-dir?)", process,
			run_dir);
		break;
	case EACCES:
	case EPERM:
		snprintf(err, CTL_ERR_MAX, "no permission to reach the %s (%s): try as root", process,
			detail);
		break;
	case ETIMEDOUT:
	case EAGAIN:
		snprintf(err, CTL_ERR_MAX, "the %s is running and does not answer: it hangs or is stopped",
			process);
		break;
	default:
		snprintf(err, CTL_ERR_MAX, "the %s cannot be asked: %s", process, detail);
		break;
	}
}

int ctl_attach(struct sh_stats_reader *r, const struct ctl_options *o, char err[CTL_ERR_MAX])
{
	char detail[256];
	int error = sh_stats_attach(r, o->run_dir, detail, sizeof(detail));

	if (error != 0)
		explain(error, "data plane", detail, o->run_dir, err);
	return error;
}

int ctl_hello(const struct ctl_options *o, const void *hello, size_t len, struct ctl_connection *c,
	char err[CTL_ERR_MAX])
{
	char detail[256];
	int error;

	memset(c, 0, sizeof(*c));
	error = sh_hello_exchange(o->run_dir, hello, len, &c->reply, &c->socket, c->fds, &c->count, detail,
		sizeof(detail));
	if (error == 0)
		return CTL_OK;
	if (c->reply.error == 0)
		explain(error, "data plane", detail, o->run_dir, err);
	else
		snprintf(err, CTL_ERR_MAX, "%s", detail);
	return c->reply.error == 0 ? CTL_NO_DATAPLANE : CTL_FAILED;
}

/* Returns a connected socket, or -1 with errno. */
static int open_socket(const char *run_dir)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = TIMEOUT_S};
	int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control/socket", run_dir);
	int fd, saved;

	if (n < 0 || (size_t)n >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/*
 * Reads up to the newline and ends the text with a NUL. The caller frees it. NULL with errno on
 * failure.
 */
static char *read_line(int fd)
{
	size_t len = 0, room = 1 << 16;
	char *line = malloc(room);

	while (line) {
		ssize_t n = recv(fd, line + len, room - len - 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n == 0 ? ECONNRESET : errno;
			break;
		}
		len += (size_t)n;
		if (line[len - 1] == '\n') {
			line[len] = '\0';
			return line;
		}
		if (room - len < 2) {
			char *more = room < ANSWER_MAX ? realloc(line, room * 2) : NULL;

			if (!more) {
				errno = EMSGSIZE;
				break;
			}
			line = more;
			room *= 2;
		}
	}
	free(line);
	return NULL;
}

/* Sends the request and receives the reply, which the caller frees. NULL with errno on failure. */
static char *exchange(int fd, const cJSON *request)
{
	char *text = cJSON_PrintUnformatted(request), *line = NULL;
	size_t len = text ? strlen(text) : 0;

	errno = ENOMEM;
	if (text) {
		text[len++] = '\n'; /* replaces the NUL */
		if (send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len)
			line = read_line(fd);
	}
	cJSON_free(text);
	return line;
}

/*
 * Sends a request. Returns 0 and the parsed reply, which is NULL when it is not JSON; or -1 with
 * the operator's message in `err` when no reply was received.
 */
static int converse(const struct ctl_options *o, const cJSON *request, cJSON **answer, char err[CTL_ERR_MAX])
{
	int fd = open_socket(o->run_dir);
	char *line = fd >= 0 ? exchange(fd, request) : NULL;

	if (!line)
		explain(errno, "control plane", strerror(errno), o->run_dir, err);
	if (fd >= 0)
		close(fd);
	if (!line)
		return -1;
	*answer = cJSON_Parse(line);
	free(line);
	return 0;
}

static bool is_ok(const cJSON *answer)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"));
}

cJSON *ctl_ask(const struct ctl_options *o, const char *cmd, char err[CTL_ERR_MAX])
{
	cJSON *request = cJSON_CreateObject(), *answer;
	char text[CTL_TEXT_MAX];
	int status;

	cJSON_AddStringToObject(request, "cmd", cmd);
	status = converse(o, request, &answer, err);
	cJSON_Delete(request);
	if (status < 0)
		return NULL;
	if (is_ok(answer))
		return answer;
	snprintf(err, CTL_ERR_MAX, "the control plane refuses \"%s\": %s", cmd,
		ctl_text(text, answer, "error"));
	cJSON_Delete(answer);
	return NULL;
}

int ctl_request(const struct ctl_options *o, const cJSON *request, cJSON **answer, char err[CTL_ERR_MAX])
{
	const char *error;
	char text[256];

	if (converse(o, request, answer, err) < 0)
		return CTL_NO_CONTROLPLANE;
	if (is_ok(*answer))
		return CTL_OK;
	error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(*answer, "error"));
	if (error)
		snprintf(err, CTL_ERR_MAX, "the control plane refuses: %s",
			sh_log_text(text, sizeof(text), error, strlen(error)));
	else
		snprintf(err, CTL_ERR_MAX, "the control plane's answer is not understood");
	cJSON_Delete(*answer);
	return CTL_FAILED;
}

int ctl_tell(const struct ctl_options *o, const cJSON *request, char err[CTL_ERR_MAX])
{
	cJSON *answer;
	int code = ctl_request(o, request, &answer, err);

	if (code == CTL_OK)
		cJSON_Delete(answer);
	return code;
}
