/* SPDX-License-Identifier: Apache-2.0 */

/* Runs the stages of the load generator one after the other. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tools/loadgen/loadgen.h"
#include "tools/loadgen/srtp.h"

enum {
	OPEN_AT_ONCE = 32, /* sockets opened per iteration of the loop */
	SPARE_FILES = 64,
	DRAIN_MS = 3000, /* time limit for packets that are on their way */
	FAREWELL_MS = 500,
};

static void begin(struct lg_run *run, enum lg_stage stage);

/* --- counting -------------------------------------------------------------------------------- */

void lg_run_failure(struct lg_run *run, const struct lg_member *m, const char *text)
{
	unsigned i = 0;

	if (m->role == LG_HOST || m->role == LG_WATCHER)
		run->watchers_failed++;
	else
		run->failed++;
	while (i < run->reasons && strcmp(run->reason[i].text, text) != 0)
		i++;
	if (i == LG_REASONS)
		i--; /* the last reason stands for all further ones */
	else if (i == run->reasons)
		snprintf(run->reason[run->reasons++].text, LG_REASON_SIZE, "%s", text);
	run->reason[i].count++;
}

void lg_run_member_ended(struct lg_run *run, struct lg_member *m)
{
	run->ended++;
	if (run->ended == run->member_count && run->opened == run->member_count)
		begin(run, (enum lg_stage)(run->stage + 1));
}

void lg_run_answered(struct lg_run *run, uint64_t us)
{
	if (run->answers < LG_ANSWERS)
		run->answer_us[run->answers++] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
}

/* --- opening ---------------------------------------------------------------------------------- */

static enum lg_role role_of_stage(const struct lg_run *run)
{
	switch (run->stage) {
	case LG_HOSTING:
		return LG_HOST;
	case LG_WATCHING:
		return LG_WATCHER;
	default:
		return run->options.joins > 0 ? LG_JOINER : LG_VIEWER;
	}
}

/* Every so many members of the burst one stops half way, each time in the next way. */
static enum lg_half half_of(const struct lg_run *run, uint32_t number)
{
	uint64_t before = (uint64_t)number * run->options.half_open / 100;
	uint64_t after = (uint64_t)(number + 1) * run->options.half_open / 100;

	if (run->stage != LG_BURST || before == after)
		return LG_WHOLE;
	return LG_HALF_SOCKET + (enum lg_half)(before % (LG_HALVES - LG_HALF_SOCKET));
}

static void open_some(uv_idle_t *idle)
{
	struct lg_run *run = idle->data;
	enum lg_stage stage = run->stage;
	uint64_t due = run->member_count;
	unsigned n = 0;

	if (run->options.rate > 0 && stage == LG_BURST)
		due = 1 + (uv_hrtime() - run->stage_ns) / 1000000 * run->options.rate / 1000;
	while (run->stage == stage && run->opened < run->member_count && run->opened < due &&
		n++ < OPEN_AT_ONCE) {
		uint32_t number = run->opened++;

		lg_member_open(&run->members[number], run, role_of_stage(run), half_of(run, number));
	}
	if (run->stage != stage)
		return;
	if (run->opened == run->member_count)
		uv_idle_stop(idle);
	/* All members may have failed while they were opened. */
	if (run->opened == run->member_count && run->ended == run->member_count)
		begin(run, (enum lg_stage)(stage + 1));
}

static void open_members(struct lg_run *run, struct lg_member *members, uint32_t count)
{
	run->members = members;
	run->member_count = count;
	run->opened = run->ended = 0;
	uv_idle_start(&run->opener, open_some);
}

/* --- stages ------------------------------------------------------------------------------------ */

static void note_before(struct lg_run *run)
{
	for (uint32_t i = 0; i < run->options.watchers; i++) {
		struct lg_rtc *r = run->watchers[i].rtc;

		for (unsigned n = 0; r && n < r->streams; n++)
			r->stream[n].packets_before = r->stream[n].packets;
	}
	for (int video = 0; run->media && video < 2; video++)
		run->sent_before[video] = lg_host_sent(run->media, video);
	run->before = lg_usage_of(run->options.measured_pid);
	run->own_before = lg_usage_of(getpid());
}

static void note_after(struct lg_run *run)
{
	run->after = lg_usage_of(run->options.measured_pid);
	run->own_after = lg_usage_of(getpid());
	run->burst_s = (double)(uv_hrtime() - run->stage_ns) / 1e9;
}

/* Begins a stage. Stages without any work are skipped. */
static void begin(struct lg_run *run, enum lg_stage stage)
{
	uv_idle_stop(&run->opener);
	if (run->stage == LG_BURST && stage > LG_BURST)
		note_after(run);
	if (run->stage == LG_HOSTING && stage > LG_HOSTING && run->options.publish)
		run->expected_producers = run->host.outcome == LG_COMPLETE ? LG_STREAMS : 0;
	if ((run->stage == LG_HOSTING || run->stage == LG_WATCHING) && run->watchers_failed > 0)
		stage = LG_ENDED; /* the stages after it would measure nothing */
	if (stage == LG_WATCHING && run->options.watchers == 0)
		stage = LG_SETTLING;
	run->stage = stage;
	run->stage_ns = uv_hrtime();
	switch (stage) {
	case LG_WATCHING:
		open_members(run, run->watchers, run->options.watchers);
		break;
	case LG_BURST:
		note_before(run);
		open_members(run, run->burst, run->burst_count);
		break;
	case LG_DRAINING:
		run->held = lg_usage_of(run->options.measured_pid);
		if (run->media)
			lg_host_stop(run->media);
		break;
	case LG_ENDED:
		uv_stop(&run->loop);
		break;
	default:
		break;
	}
}

static void give_up(struct lg_run *run)
{
	enum lg_stage stage = run->stage;
	char reason[LG_REASON_SIZE];

	for (uint32_t i = 0; i < run->opened && run->stage == stage; i++) {
		struct lg_member *m = &run->members[i];

		if (m->outcome != LG_UNDER_WAY)
			continue;
		snprintf(reason, sizeof(reason), "timed out waiting for %s", m->waits_for);
		lg_member_fail(m, reason);
	}
}

static void tick_all(struct lg_member *members, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (members[i].rtc)
			lg_rtc_tick(members[i].rtc);
}

void lg_run_go_on(struct lg_run *run)
{
	uint64_t now = uv_hrtime(), gap = now - run->ticked_ns;

	lg_host_send_due(run->media);
	if (gap < LG_TICK_MS * 1000000ull)
		return;
	run->ticked_ns = now;
	if (run->stage >= LG_BURST && gap > run->tick_gap_ns)
		run->tick_gap_ns = gap;
	tick_all(&run->host, 1);
	tick_all(run->watchers, run->options.watchers);
}

static void on_tick(uv_timer_t *timer)
{
	struct lg_run *run = timer->data;
	uint64_t ms = (uv_hrtime() - run->stage_ns) / 1000000;
	const struct lg_options *o = &run->options;

	if (run->stage == LG_BURST && o->watchers > 0)
		lg_member_ask(&run->watchers[0]);
	lg_run_go_on(run);
	tick_all(run->burst, run->burst_count);
	switch (run->stage) {
	case LG_HOSTING:
	case LG_WATCHING:
	case LG_BURST:
		if (ms >= (uint64_t)o->timeout_s * 1000)
			give_up(run);
		break;
	case LG_SETTLING:
		if (ms >= (uint64_t)o->settle_s * 1000)
			begin(run, LG_BURST);
		break;
	case LG_HOLDING:
		if (ms >= (uint64_t)o->hold_s * 1000)
			begin(run, LG_DRAINING);
		break;
	case LG_DRAINING:
		if (ms >= DRAIN_MS || lg_watchers_lost(run) == 0)
			begin(run, LG_ENDED);
		break;
	case LG_ENDED:
		break;
	}
}

/* --- start and end --------------------------------------------------------------------------------- */

/*
 * Makes the burst as large as the limits of this process and of its address allow, and notes which
 * limit made it smaller.
 */
static void fit(struct lg_run *run)
{
	const struct lg_options *o = &run->options;
	uint32_t wanted = o->joins > 0 ? o->joins : o->viewers, files = o->joins > 0 ? 2 : 1, low, high;
	struct rlimit limit = {0};
	uint64_t room;
	FILE *f;

	run->burst_count = wanted;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &limit);
		room = limit.rlim_cur > SPARE_FILES + 2 * (uint64_t)o->watchers
			       ? (limit.rlim_cur - SPARE_FILES - 2 * (uint64_t)o->watchers) / files
			       : 1;
		if (room < run->burst_count) {
			run->burst_count = (uint32_t)room;
			snprintf(run->limit, sizeof(run->limit), "RLIMIT_NOFILE is %llu",
				(unsigned long long)limit.rlim_max);
		}
	}
	f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (f && fscanf(f, "%u %u", &low, &high) == 2 && high - low < run->burst_count + o->watchers) {
		run->burst_count = high - low - o->watchers;
		snprintf(run->limit, sizeof(run->limit), "ip_local_port_range is %u to %u", low, high);
	}
	if (f)
		fclose(f);
}

static int start(struct lg_run *run, const char *path)
{
	const struct lg_options *o = &run->options;

	fit(run);
	run->watchers = calloc(o->watchers + 1, sizeof(*run->watchers));
	run->burst = calloc(run->burst_count, sizeof(*run->burst));
	run->answer_us = calloc(LG_ANSWERS, sizeof(*run->answer_us));
	if (!run->watchers || !run->burst || !run->answer_us || rtc_context_init(&run->rtc) < 0 ||
		srtp_init() != srtp_err_status_ok)
		return -1;
	uv_loop_init(&run->loop);
	if (lg_sockets_init(&run->sockets, &run->loop, o->host, o->port, path) < 0)
		return -1;
	if (o->whep && lg_whep_init(run) < 0)
		return -1;
	uv_idle_init(&run->loop, &run->opener);
	uv_timer_init(&run->loop, &run->tick);
	run->opener.data = run->tick.data = run;
	uv_timer_start(&run->tick, on_tick, LG_TICK_MS, LG_TICK_MS);
	run->stage_ns = uv_hrtime();
	run->expected_producers = o->watch ? LG_STREAMS : 0;
	if (o->publish)
		open_members(run, &run->host, 1);
	else
		begin(run, LG_SETTLING);
	return 0;
}

static void stop_loop(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

/* Closes all members and runs the loop until that is done. */
static void leave(struct lg_run *run)
{
	if (run->media)
		lg_host_free(run->media);
	lg_member_close(&run->host);
	for (uint32_t i = 0; i < run->options.watchers; i++)
		lg_member_close(&run->watchers[i]);
	for (uint32_t i = 0; i < run->burst_count; i++)
		lg_member_close(&run->burst[i]);
	uv_timer_start(&run->tick, stop_loop, FAREWELL_MS, 0);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&run->opener, NULL);
	uv_close((uv_handle_t *)&run->tick, NULL);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	rtc_context_free(&run->rtc);
	srtp_shutdown();
	cJSON_Delete(run->capabilities);
	free(run->watchers);
	free(run->burst);
	free(run->answer_us);
}

int main(int argc, char **argv)
{
	static struct lg_run run;
	char path[160];
	int status = lg_options_read(&run.options, argc, argv);

	if (status >= 0)
		return status;
	signal(SIGPIPE, SIG_IGN);
	snprintf(path, sizeof(path), "/?room=%s", run.options.room);
	if (start(&run, path) < 0) {
		fputs("loadgen: cannot start: no memory, or a library refused\n", stderr);
		return EXIT_FAILURE;
	}
	uv_run(&run.loop, UV_RUN_DEFAULT);
	lg_report(&run);
	status = run.failed > 0 || run.watchers_failed > 0 || lg_watchers_lost(&run) > 0 ? EXIT_FAILURE
											 : EXIT_SUCCESS;
	leave(&run);
	return status;
}
