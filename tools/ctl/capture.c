/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl capture": reads what a worker of the data plane captures from a ring in
 * shared memory, and writes it as pcapng. The worker never waits for this program; what it does not
 * read in time is counted by the worker and told at the end.
 */

#include "tools/ctl/spatectl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "shared/capture.h"
#include "shared/hello.h"
#include "shared/ring.h"
#include "tools/ctl/pcapng.h"

enum {
	PATIENCE_MS = 5000, /* for whoever reads a pipe */
	NAP_NS = 1000000,
	BUFFER = 1 << 20,
};

#define SECOND UINT64_C(1000000000)

static volatile sig_atomic_t stop;

struct capture {
	int socket, out;
	struct sh_ring ring;
	const struct sh_capture_header *header;
	void *map;
	size_t size;
	uint64_t to_realtime; /* added to CLOCK_MONOTONIC */
	uint64_t records;
	size_t len; /* bytes of buffer[] that wait to be written */
	uint8_t *buffer;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

/* --- what is captured ------------------------------------------------------------------------ */

/* A transport's id in the data plane, as `spatectl transports` shows it. */
static bool is_dp_id(const char *text, sh_id *id)
{
	char *end;

	if (strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return false;
	*id = strtoull(text, &end, 16);
	return *id != 0;
}

/* Of a peer's transports, the one by which it watches (`viewer`) or the one that is named. */
static const cJSON *choose(const cJSON *transports, bool viewer)
{
	const cJSON *t, *chosen = NULL;

	cJSON_ArrayForEach(t, transports)
	{
		const cJSON *consumers = cJSON_GetObjectItemCaseSensitive(t, "consumers");

		if (!chosen || (viewer && cJSON_GetArraySize(consumers) > 0))
			chosen = t;
	}
	return chosen;
}

static int ask_for_transport(const struct ctl_options *o, const char *id, bool viewer, sh_id *out)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	char err[CTL_ERR_MAX];
	const char *text;
	int code;

	cJSON_AddStringToObject(request, "cmd", "viewer");
	cJSON_AddStringToObject(request, "id", id);
	code = ctl_request(o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		choose(cJSON_GetObjectItemCaseSensitive(answer, "transports"), viewer), "dp_id"));
	*out = text ? strtoull(text, NULL, 16) : 0;
	cJSON_Delete(answer);
	if (*out)
		return CTL_OK;
	fprintf(stderr, "spatectl: capture: %s has no transport\n", id);
	return CTL_FAILED;
}

static int make_hello(struct sh_capture_hello *h, const struct ctl_options *o)
{
	const char *id = o->viewer ? o->viewer : o->producer;

	memset(h, 0, sizeof(*h));
	sh_hello_init(&h->hello, (enum sh_client)SH_CLIENT_CAPTURE);
	h->port = o->port;
	h->flags = o->decrypted ? SH_CAPTURE_PLAIN : 0;
	if (!id || is_dp_id(id, &h->transport))
		return CTL_OK;
	return ask_for_transport(o, id, o->viewer != NULL, &h->transport);
}

static int attach(struct capture *c, const struct ctl_options *o)
{
	struct sh_capture_hello hello;
	struct ctl_connection answer;
	char err[CTL_ERR_MAX];
	int code = make_hello(&hello, o);

	if (code != CTL_OK)
		return code;
	code = ctl_hello(o, &hello, sizeof(hello), &answer, err);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: capture: %s\n", err);
		return code;
	}
	c->socket = answer.socket;
	c->size = answer.reply.size;
	if (answer.count == 1 && c->size > SH_CAPTURE_RING_AT + sizeof(struct rte_ring))
		c->map = mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED, answer.fds[0], 0);
	for (int i = 0; i < answer.count; i++)
		close(answer.fds[i]);
	if (c->map == MAP_FAILED) {
		fputs("spatectl: capture: the memory of the capture cannot be mapped\n", stderr);
		return CTL_FAILED;
	}
	c->header = c->map;
	c->ring = (struct sh_ring){.ring = (struct rte_ring *)(void *)((char *)c->map + SH_CAPTURE_RING_AT),
		.slots = SH_CAPTURE_SLOTS,
		.record = SH_CAPTURE_RECORD};
	return CTL_OK;
}

/* --- where it goes ----------------------------------------------------------------------------- */

static int open_output(const struct ctl_options *o)
{
	int fd;

	if (strcmp(o->file, "-") == 0) {
		if (isatty(STDOUT_FILENO)) {
			fputs("spatectl: capture: -w -: a terminal shows no pcapng; give a file, or a pipe\n",
				stderr);
			return -1;
		}
		fd = STDOUT_FILENO;
	} else {
		fd = open(o->file, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		fprintf(stderr, "spatectl: capture: %s cannot be written: %s\n", o->file,
			errno == ENXIO ? "it is a pipe that nobody reads" : strerror(errno));
	else
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

/* Writes the buffer. 0, or errno: ETIMEDOUT if nobody reads. */
static int flush(struct capture *c)
{
	size_t done = 0;

	while (done < c->len) {
		ssize_t n = write(c->out, c->buffer + done, c->len - done);
		struct pollfd p = {.fd = c->out, .events = POLLOUT};

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EAGAIN && errno != EINTR)
			return errno;
		else if (n < 0 && errno == EAGAIN && poll(&p, 1, PATIENCE_MS) == 0)
			return ETIMEDOUT;
	}
	c->len = 0;
	return 0;
}

/* Takes what has come. 0, or errno of writing; *taken: how many records. */
static int take(struct capture *c, unsigned *taken)
{
	static struct sh_captured r;
	int error = 0;

	*taken = 0;
	while (!error && sh_ring_pop(&c->ring, &r) == 1) {
		c->len += pcapng_packet(c->buffer + c->len, &r, r.ns + c->to_realtime);
		c->records++;
		if (++*taken >= SH_CAPTURE_SLOTS)
			break;
		if (c->len + PCAPNG_BLOCK_MAX > BUFFER)
			error = flush(c);
	}
	return error ? error : flush(c);
}

/* --- the command ------------------------------------------------------------------------------------ */

static void on_signal(int number)
{
	(void)number;
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction end = {.sa_handler = on_signal}, ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static uint32_t ended(const struct capture *c)
{
	return __atomic_load_n(&c->header->ended, __ATOMIC_ACQUIRE);
}

/* Copies until the time is over, somebody interrupts, or the data plane ends it. 0, or errno of writing. */
static int copy(struct capture *c, const struct ctl_options *o, bool *gone)
{
	uint64_t until = o->seconds ? now_ns(CLOCK_MONOTONIC) + o->seconds * SECOND : UINT64_MAX;
	unsigned taken;
	int error = 0;

	*gone = false;
	while (!error) {
		bool last = stop || now_ns(CLOCK_MONOTONIC) >= until;

		*gone = ended(c) != SH_CAPTURE_RUNS || sh_connection_ended(c->socket);
		error = take(c, &taken);
		if (last || (*gone && taken == 0))
			break;
		if (taken == 0)
			nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
	}
	return error;
}

static int conclude(struct capture *c, const struct ctl_options *o, int error, bool gone)
{
	uint64_t lost = __atomic_load_n(&c->header->lost, __ATOMIC_RELAXED);

	if (!error) {
		c->len = pcapng_end(c->buffer, now_ns(CLOCK_REALTIME), c->records + lost, lost);
		error = flush(c);
	}
	if (error == ETIMEDOUT)
		fprintf(stderr, "spatectl: capture: nobody reads %s for %d s: the capture ends here\n",
			o->file, PATIENCE_MS / 1000);
	else if (error)
		fprintf(stderr, "spatectl: capture: %s cannot be written: %s: the capture ends here\n",
			o->file, strerror(error));
	else if (gone)
		fprintf(stderr, "spatectl: capture: %s\n",
			ended(c) == SH_CAPTURE_GONE ? "the transport is gone" : "the data plane has ended");
	fprintf(stderr,
		"%" PRIu64 " records captured, %" PRIu64 " lost because they were not written fast enough\n",
		c->records, lost);
	if (error)
		return CTL_FAILED;
	return gone && ended(c) != SH_CAPTURE_GONE ? CTL_NO_DATAPLANE : CTL_OK;
}

static int check(const struct ctl_options *o)
{
	if (!!o->viewer + !!o->producer + !!o->port != 1) {
		fputs("spatectl: capture: one of --viewer ID, --producer ID, --port N is needed; see "
		      "spatectl --help\n",
			stderr);
		return CTL_USAGE;
	}
	if (o->file)
		return CTL_OK;
	fputs("spatectl: capture: -w FILE is needed; see spatectl --help\n", stderr);
	return CTL_USAGE;
}

static int run(struct capture *c, const struct ctl_options *o)
{
	bool gone = false;
	int error;

	c->out = open_output(o);
	if (c->out < 0)
		return CTL_FAILED;
	c->to_realtime = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_MONOTONIC);
	c->len = pcapng_begin(c->buffer, "spatectl " SPATE_VERSION);
	error = flush(c);
	if (!error)
		error = copy(c, o, &gone);
	return conclude(c, o, error, gone);
}

int ctl_capture(const struct ctl_options *o)
{
	struct capture c = {.socket = -1, .out = -1, .map = MAP_FAILED};
	int code = check(o);

	if (code != CTL_OK)
		return code;
	c.buffer = malloc(BUFFER);
	if (!c.buffer) {
		fputs("spatectl: out of memory\n", stderr);
		return CTL_FAILED;
	}
	catch_signals();
	code = attach(&c, o);
	if (code == CTL_OK)
		code = run(&c, o);
	if (c.map != MAP_FAILED)
		munmap(c.map, c.size);
	if (c.socket >= 0)
		close(c.socket);
	if (c.out >= 0)
		close(c.out);
	free(c.buffer);
	return code;
}
