/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl top": the transports with their rates, sorted, once a second, in as many
 * rows and columns as the terminal has; or once, all of them (--once).
 */

#include "tools/ctl/top.h"

#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "shared/stats_names.h"

enum {
	NAMES_EVERY = 5, /* looks: the list of names is long where there are many clients */
	LINE = 512,
	HEAD_LINES = 4,
	DEAD_MS = 2000,
};

struct screen {
	unsigned rows, columns; /* 0: no limit */
	bool clears; /* each line clears what was there before */
};

/* --- output ------------------------------------------------------------------------------------------ */

/* Prints a line, cut at the screen's width in characters. */
static __attribute__((format(printf, 2, 3))) void put(const struct screen *s, const char *fmt, ...)
{
	char line[LINE * 2];
	unsigned width = 0;
	size_t at = 0;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	for (; line[at] != '\0'; at++) {
		width += (line[at] & 0xc0) != 0x80;
		if (s->columns > 0 && width > s->columns)
			break;
	}
	printf("%.*s%s\n", (int)at, line, s->clears ? "\033[K" : "");
}

/* A name in so many columns, without what a terminal would obey; "~" at the end: there is more. */
static const char *fit(char out[CTL_TEXT_MAX], const char *name, unsigned columns)
{
	cJSON *json = cJSON_CreateObject();
	size_t at = 0;
	unsigned width = 0;

	cJSON_AddStringToObject(json, "name", name[0] ? name : "-");
	ctl_text(out, json, "name");
	cJSON_Delete(json);
	for (; out[at] != '\0'; at++) {
		width += (out[at] & 0xc0) != 0x80;
		if (width > columns)
			break;
	}
	if (out[at] == '\0') {
		memset(out + at, ' ', columns - width);
		out[at + columns - width] = '\0';
		return out;
	}
	while (at > 0 && (out[--at] & 0xc0) == 0x80)
		;
	strcpy(out + at, "~");
	return out;
}

static void print_row(const struct screen *s, const struct top_row *r)
{
	char peer[CTL_TEXT_MAX], room[CTL_TEXT_MAX], rx[16], tx[16], can[16], age[32] = "-", rtt[16] = "-";

	if (r->age >= 0)
		snprintf(age, sizeof(age), "%.0f s", r->age);
	if (r->rtt_us > 0)
		snprintf(rtt, sizeof(rtt), "%.0f ms", r->rtt_us / 1000.0);
	put(s, "%s %s %-4s %-5s %2u %8s %8s %5.1f%% %8s %8s %6s", fit(peer, r->peer, 22),
		fit(room, r->room, 14), r->purpose[0] ? r->purpose : "-", sh_transport_state_name(r->state),
		r->worker, ctl_si(rx, r->received), ctl_si(tx, r->sent), r->loss, rtt,
		r->can_take > 0 ? ctl_si(can, (double)r->can_take) : "-", age);
}

static void print_workers(const struct screen *s, const struct top *t)
{
	const cJSON *worker;
	char line[LINE] = "busy:";
	size_t at = strlen(line);

	cJSON_ArrayForEach(worker, cJSON_GetObjectItemCaseSensitive(t->control, "workers"))
	{
		if (at + 24 < sizeof(line))
			at += (size_t)snprintf(line + at, sizeof(line) - at, "  %.0f: %.0f %%",
				ctl_number(worker, "worker"), ctl_number(worker, "busy_percent"));
	}
	put(s, "%s", line);
}

static void print(const struct screen *s, struct top *t, enum top_sort by, bool reverse)
{
	unsigned room = s->rows > HEAD_LINES + 1 ? s->rows - HEAD_LINES - 1 : s->rows > 0 ? 0 : t->rows;
	char rx[16], tx[16];

	top_sort_rows(t, by, reverse);
	put(s, "%u transports, %sbit/s in, %sbit/s out, %.0f rooms, %.0f peers%s", t->rows,
		ctl_si(rx, t->received), ctl_si(tx, t->sent), ctl_number(t->control, "rooms"),
		ctl_number(t->control, "peers"), t->control ? "" : "  CONTROL PLANE NOT ANSWERING");
	print_workers(s, t);
	put(s, "sorted by %s%s%s", top_sort_name(by), reverse ? ", reversed" : "",
		sh_stats_tick_age_ms(&t->stats) > DEAD_MS
			? "  THE DATA PLANE DOES NOT MOVE: start top again when it does"
			: "");
	put(s, "%-22s %-14s %-4s %-5s %2s %8s %8s %6s %8s %8s %6s", "PEER", "ROOM", "DIR", "STATE", "W",
		"RX b/s", "TX b/s", "LOSS", "RTT", "CAN b/s", "HEARD");
	for (uint32_t i = 0; i < t->rows && i < room; i++)
		print_row(s, &t->row[i]);
}

/* --- looking ----------------------------------------------------------------------------------------- */

static void ask(struct top *t, const struct ctl_options *o, unsigned looks)
{
	char err[CTL_ERR_MAX];

	cJSON_Delete(t->control);
	t->control = ctl_ask(o, "status", err);
	if (looks % NAMES_EVERY != 0)
		return;
	cJSON_Delete(t->names);
	t->names = ctl_ask(o, "transports", err);
}

/* --- a terminal ---------------------------------------------------------------------------------------- */

static struct termios before; /* how the terminal was */
static volatile sig_atomic_t ends;

static void on_signal(int number)
{
	ends = number != SIGWINCH; /* that one only ends the wait */
}

static void measure(struct screen *s)
{
	struct winsize size;

	*s = (struct screen){.rows = 24, .columns = 80, .clears = true};
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
		s->rows = size.ws_row;
		s->columns = size.ws_col;
	}
}

static void begin_screen(void)
{
	const struct sigaction action = {.sa_handler = on_signal};
	struct termios raw;

	for (size_t i = 0; i < 4; i++)
		sigaction((const int[]){SIGINT, SIGTERM, SIGHUP, SIGWINCH}[i], &action, NULL);
	if (tcgetattr(STDIN_FILENO, &before) == 0) {
		raw = before;
		raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	fputs("\033[?1049h\033[?25l", stdout); /* the other screen, without a cursor */
}

static void end_screen(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* Waits a second, or for a key. The key, 0 for none, and 'q' where keys have ended. */
static int wait_for_key(void)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	char key;

	if (poll(&input, 1, 1000) <= 0)
		return 0;
	return read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

static void run_screen(struct top *t, const struct ctl_options *o, enum top_sort by)
{
	struct screen s;
	bool reverse = false, look = true;
	uint64_t looked = 0;
	unsigned looks = 0;

	begin_screen();
	while (!ends) {
		struct timespec now;
		int key;

		clock_gettime(CLOCK_MONOTONIC, &now);
		look = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 >= looked + 950;
		if (look) { /* a key only sorts what is there */
			looked = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
			ask(t, o, looks++);
			top_look(t);
		}
		measure(&s);
		fputs("\033[H", stdout);
		print(&s, t, by, reverse);
		printf("\033[J\033[%u;1H%.*s", s.rows, (int)s.columns,
			"q quit   sort: s sent  e received  l loss  t rtt  p peer  o room   r reverse");
		if (fflush(stdout) != 0)
			break;
		key = wait_for_key();
		if (key == 'q')
			break;
		if (key == 'r')
			reverse = !reverse;
		else if (top_sort_key(key) != TOP_SORTS)
			by = top_sort_key(key);
	}
	end_screen();
}

static void run_once(struct top *t, const struct ctl_options *o, enum top_sort by)
{
	const struct timespec rest = {.tv_sec = 1, .tv_nsec = 100000000}; /* slots are written each second */
	const struct screen s = {.rows = 0};

	ask(t, o, 0);
	top_look(t);
	nanosleep(&rest, NULL);
	top_look(t);
	print(&s, t, by, false);
}

int ctl_top(const struct ctl_options *o)
{
	enum top_sort by = o->sort ? top_sort_named(o->sort) : TOP_SENT;
	struct top t = {.control = NULL};
	char err[CTL_ERR_MAX];

	if (by == TOP_SORTS) {
		fprintf(stderr, "spatectl: top: --sort is one of sent, received, loss, rtt, peer, room\n");
		return CTL_USAGE;
	}
	if (!o->once && (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))) {
		fputs("spatectl: top: it needs a terminal; with --once it prints all transports and ends\n",
			stderr);
		return CTL_USAGE;
	}
	if (ctl_attach(&t.stats, o, err) != 0) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_DATAPLANE;
	}
	t.seen = calloc(t.stats.transports, sizeof(*t.seen));
	t.row = calloc(t.stats.transports, sizeof(*t.row));
	if (t.seen && t.row)
		o->once ? run_once(&t, o, by) : run_screen(&t, o, by);
	top_free(&t);
	return CTL_OK;
}
