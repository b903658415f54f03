/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl record": looks once a second who publishes in a room, and lets FFmpeg record
 * it into a file; another one when somebody publishes anew. It runs until it is stopped.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include <sys/random.h>

#include "tools/ctl/record.h"

static volatile sig_atomic_t interrupted;

/* A recording: what it records, and how it goes. */
struct recording {
	struct ctl_recorder r;
	const char *name, *dir; /* of the room or the producer; where files go */
	bool of_producer;
	char id[CTL_ID_SIZE];
	const char *state; /* as the control plane names it */
	unsigned files;
	bool stop, refused;
	char chosen[CTL_STREAMS_MAX][CTL_ID_SIZE]; /* the producers that were there a second ago */
};

static int complain(const char *what)
{
	fprintf(stderr, "spatectl: record: %s; see spatectl --help\n", what);
	return CTL_USAGE;
}

static void interrupt(int number)
{
	interrupted = 1;
}

/* --- what is said ----------------------------------------------------------------------------- */

static void say(struct recording *g, const char *state, const char *words)
{
	if (g->state && strcmp(g->state, state) == 0)
		return;
	g->state = state;
	printf("%s: %s\n", state, words);
	fflush(stdout);
}

/* Tells the control plane, which may say that somebody wants an end. Without it recording goes on. */
static void report(struct recording *g)
{
	cJSON *request = cJSON_CreateObject(), *answer = NULL;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "record-report");
	cJSON_AddStringToObject(request, "id", g->id);
	cJSON_AddStringToObject(request, "room", g->name);
	cJSON_AddStringToObject(request, "state", g->state);
	cJSON_AddStringToObject(request, "file", g->r.file);
	cJSON_AddNumberToObject(request, "files", g->files);
	code = ctl_request(g->r.o, request, &answer, err);
	if (code == CTL_OK) {
		g->stop |= cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "stop"));
		cJSON_Delete(answer);
	} else if (code == CTL_FAILED) {
		fprintf(stderr, "spatectl: record: %s\n", err);
		g->stop = g->refused = true;
	}
	cJSON_Delete(request);
}

/* --- one second ---------------------------------------------------------------------------------- */

static uint64_t free_bytes(const char *dir)
{
	struct statvfs s;

	return statvfs(dir, &s) == 0 ? (uint64_t)s.f_bavail * s.f_frsize : 0;
}

static const char *text_of(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text ? text : "";
}

/* The oldest producer of that kind, of that peer ("": of any). NULL: there is none. */
static const cJSON *find(const cJSON *producers, const char *kind, const char *peer)
{
	const cJSON *p;

	cJSON_ArrayForEach(p, producers) if (strcmp(text_of(p, "kind"), kind) == 0 &&
					     (!peer[0] || strcmp(text_of(p, "peer"), peer) == 0)) return p;
	return NULL;
}

/* Chooses a picture, and the sound of the same peer. Returns how many streams there are. */
static unsigned choose(const cJSON *producers, const cJSON *out[CTL_STREAMS_MAX])
{
	const cJSON *video = find(producers, "video", "");
	const cJSON *audio = find(producers, "audio", video ? text_of(video, "peer") : "");
	unsigned n = 0;

	if (video)
		out[n++] = video;
	if (audio)
		out[n++] = audio;
	return n;
}

/* The reply to "producers", the caller's to delete. NULL: the control plane is away. */
static cJSON *ask_producers(const struct recording *g)
{
	cJSON *request = cJSON_CreateObject(), *answer = NULL;
	char err[CTL_ERR_MAX];

	cJSON_AddStringToObject(request, "cmd", "producers");
	cJSON_AddStringToObject(request, g->of_producer ? "producer" : "room", g->name);
	if (ctl_request(g->r.o, request, &answer, err) != CTL_OK)
		answer = NULL;
	cJSON_Delete(request);
	return answer;
}

/* True if these are the streams that are recorded. */
static bool are_recorded(const struct recording *g, const cJSON *const *stream, unsigned n)
{
	bool same = n == g->r.streams;

	for (unsigned i = 0; same && i < n; i++)
		same = strcmp(g->r.stream[i].producer, text_of(stream[i], "id")) == 0;
	return same;
}

/* True if they were there a second ago: picture and sound of a host come one after the other. */
static bool have_settled(struct recording *g, const cJSON *const *stream, unsigned n)
{
	bool same = true;

	for (unsigned i = 0; i < CTL_STREAMS_MAX; i++) {
		const char *id = i < n ? text_of(stream[i], "id") : "";

		same = same && strcmp(g->chosen[i], id) == 0;
		snprintf(g->chosen[i], sizeof(g->chosen[i]), "%s", id);
	}
	return same;
}

static void begin(struct recording *g, const cJSON *const *stream, unsigned n)
{
	char err[CTL_ERR_MAX];

	memset(g->r.stream, 0, sizeof(g->r.stream));
	g->r.streams = n;
	for (unsigned i = 0; i < n; i++) {
		snprintf(g->r.stream[i].producer, sizeof(g->r.stream[i].producer), "%s",
			text_of(stream[i], "id"));
		g->r.stream[i].description = stream[i];
	}
	if (ctl_record_begin(&g->r, g->dir, err) != 0) {
		say(g, "failing", err);
		return;
	}
	g->files++;
	g->state = NULL; /* a new file is said, too */
	say(g, "recording", g->r.file);
}

/* FFmpeg has ended by itself: perhaps it could not write. */
static void note_end(struct recording *g)
{
	bool full = free_bytes(g->dir) < g->r.o->min_free;

	ctl_record_end(&g->r);
	say(g, full ? "disk_full" : "failing", full ? g->dir : "FFmpeg has ended");
}

static void look(struct recording *g)
{
	const cJSON *stream[CTL_STREAMS_MAX];
	cJSON *answer;
	unsigned n;

	if (g->r.streams > 0 && !ctl_record_runs(&g->r))
		note_end(g);
	if (free_bytes(g->dir) < g->r.o->min_free) {
		if (g->r.streams > 0)
			ctl_record_end(&g->r);
		say(g, "disk_full", g->dir);
		return;
	}
	answer = ask_producers(g);
	if (!answer) /* media goes on without the control plane */
		return;
	n = choose(cJSON_GetObjectItemCaseSensitive(answer, "producers"), stream);
	if (g->r.streams > 0 && !are_recorded(g, stream, n))
		ctl_record_end(&g->r);
	if (n == 0)
		say(g, "waiting", "nobody publishes");
	if (have_settled(g, stream, n) && n > 0 && g->r.streams == 0)
		begin(g, stream, n);
	g->stop |= g->of_producer && n == 0 && g->files > 0;
	cJSON_Delete(answer);
}

/* --- the command -------------------------------------------------------------------------------- */

static void make_id(char out[CTL_ID_SIZE])
{
	unsigned char b[16] = {0};

	if (getrandom(b, sizeof(b), 0) != (ssize_t)sizeof(b))
		snprintf((char *)b, sizeof(b), "%d", (int)getpid());
	snprintf(out, CTL_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
		b[15]);
}

/* Decides whether the name is a producer's. A control plane must run. */
static int resolve(struct recording *g)
{
	char err[CTL_ERR_MAX];
	cJSON *answer;

	g->of_producer = true;
	answer = ask_producers(g);
	if (!answer) {
		(void)(answer = ctl_ask(g->r.o, "status", err));
		fprintf(stderr, "spatectl: %s\n",
			answer ? "record: the control plane is of another version" : err);
		cJSON_Delete(answer);
		return CTL_NO_CONTROLPLANE;
	}
	g->of_producer = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(answer, "producers")) > 0;
	cJSON_Delete(answer);
	return CTL_OK;
}

static int record(const struct ctl_options *o)
{
	const struct timespec second = {.tv_sec = 1};
	struct recording g = {.r = {.o = o}, .name = o->argument[0], .dir = o->to};
	char err[CTL_ERR_MAX];
	int code;

	if (access(o->to, W_OK | X_OK) != 0) {
		fprintf(stderr, "spatectl: record: %s: %s\n", o->to, strerror(errno));
		return CTL_FAILED;
	}
	code = resolve(&g);
	if (code != CTL_OK)
		return code;
	if (!ctl_record_address(&g.r, err)) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_FAILED;
	}
	signal(SIGINT, interrupt);
	signal(SIGTERM, interrupt);
	srandom((unsigned)getpid());
	make_id(g.id);
	say(&g, "waiting", g.name);
	while (!interrupted && !g.stop) {
		look(&g);
		report(&g);
		if (!interrupted && !g.stop)
			nanosleep(&second, NULL);
	}
	ctl_record_end(&g.r);
	printf("ended: %u files\n", g.files);
	return g.refused ? CTL_FAILED : CTL_OK;
}

static int list(const struct ctl_options *o)
{
	static const char *const columns[] = {"id", "room", "state", ">files", "file"};
	char err[CTL_ERR_MAX], text[CTL_TEXT_MAX];
	cJSON *answer = ctl_ask(o, "record-list", err);
	const cJSON *recordings, *g;
	struct ctl_table t;

	if (!answer) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_CONTROLPLANE;
	}
	recordings = cJSON_GetObjectItemCaseSensitive(answer, "recordings");
	if (o->json) {
		ctl_json_print(cJSON_Duplicate(recordings, true));
		cJSON_Delete(answer);
		return CTL_OK;
	}
	ctl_table_init(&t, columns, 5);
	cJSON_ArrayForEach(g, recordings)
	{
		ctl_cell(&t, "%s", ctl_text(text, g, "id"));
		ctl_cell(&t, "%s", ctl_text(text, g, "room"));
		ctl_cell(&t, "%s", ctl_text(text, g, "state"));
		ctl_cell(&t, "%.0f", ctl_number(g, "files"));
		ctl_cell(&t, "%s", ctl_text(text, g, "file"));
	}
	ctl_table_print(&t);
	cJSON_Delete(answer);
	return CTL_OK;
}

static int stop(const struct ctl_options *o)
{
	cJSON *request = cJSON_CreateObject();
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "record-stop");
	cJSON_AddStringToObject(request, "id", o->stop);
	code = ctl_tell(o, request, err);
	cJSON_Delete(request);
	if (code == CTL_OK)
		puts("it ends within a second");
	else
		fprintf(stderr, "spatectl: %s\n", err);
	return code;
}

int ctl_record(const struct ctl_options *o)
{
	bool named = o->argument[0], stops = o->stop;

	if (o->list + stops + named != 1 || (named && o->argument[1]))
		return complain("it is record ROOM|PRODUCER --to DIR, record --list or record --stop ID");
	if (named && !o->to)
		return complain("--to DIR is needed: where files go");
	if (!named && o->to)
		return complain("--to goes with ROOM or PRODUCER");
	if (o->list)
		return list(o);
	return o->stop ? stop(o) : record(o);
}
