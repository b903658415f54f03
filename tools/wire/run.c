/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tools/wire/wire.h"

enum { FRAMES_A_TURN = 64 };

static const uint64_t SECOND = 1000000000;

uint64_t wire_now(const struct wire *w)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec - w->began;
}

/* --- frames -------------------------------------------------------------------------- */

static void deliver(struct wire *w, enum wire_direction d, const void *data, size_t len)
{
	if (write(w->fds[!d].fd, data, len) != (ssize_t)len)
		w->io[d].refused++;
}

/* End A is that of the frames that go up. */
static void read_frames(struct wire *w, enum wire_direction d)
{
	uint8_t data[WIRE_FRAME_MAX + 1];

	for (int i = 0; i < FRAMES_A_TURN; i++) {
		ssize_t n = read(w->fds[d].fd, data, sizeof(data));

		if (n <= 0)
			return;
		if (wire_filter_matches(&w->filter, data, (size_t)n)) {
			wire_link_offer(w->links[d], wire_now(w), data, (size_t)n);
			continue;
		}
		w->io[d].bypassed++;
		deliver(w, d, data, (size_t)n);
	}
}

static void write_frames(struct wire *w)
{
	for (int d = 0; d < WIRE_DIRECTIONS; d++) {
		const struct wire_frame *f;

		while ((f = wire_link_take(w->links[d], wire_now(w))))
			deliver(w, d, f->data, f->len);
	}
}

/* --- steps and turns ------------------------------------------------------------------ */

static void set_links(struct wire *w)
{
	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		wire_link_set(w->links[d], wire_now(w), &w->settings[d]);
}

static void apply_steps(struct wire *w)
{
	struct wire_step done;

	while (wire_script_apply(&w->script, wire_now(w), w->settings, &done)) {
		set_links(w);
		printf("{\"t\":%.3f,\"step\":\"%s\"}\n", (double)wire_now(w) / 1e9, done.assignments);
	}
}

static void wait_for_work(struct wire *w)
{
	uint64_t next = w->report.since + SECOND, t = wire_now(w);
	uint64_t times[] = {wire_link_next(w->links[WIRE_UP]), wire_link_next(w->links[WIRE_DOWN]),
		wire_script_next(&w->script)};
	struct timespec wait;

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		if (times[i] < next)
			next = times[i];
	next = next > t ? next - t : 0;
	wait = (struct timespec){(time_t)(next / SECOND), (long)(next % SECOND)};
	(void)ppoll(w->fds, WIRE_FDS, &wait, NULL);
}

void wire_run(struct wire *w)
{
	set_links(w);
	printf("{\"ready\":true}\n");
	while (!w->fds[WIRE_SIGNALS].revents) {
		apply_steps(w);
		wait_for_work(w);
		if (w->fds[WIRE_INPUT].revents)
			wire_input_read(w);
		write_frames(w);
		for (int d = 0; d < WIRE_DIRECTIONS; d++)
			read_frames(w, (enum wire_direction)d);
		write_frames(w);
		if (wire_now(w) >= w->report.since + SECOND)
			wire_report_second(&w->report, wire_now(w), w->links);
	}
}
