/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/plane.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { START_MS = 20000, ANSWER_MS = 20000, END_MS = 3000, OUTSTANDING = 4096, TX_AGE_MS = 5000 };

static struct plane *living; /* killed when this program dies */

static void end_living(void)
{
	if (living && living->pid > 0)
		kill(living->pid, SIGKILL);
}

void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	end_living();
	exit(1);
}

/* --- the process --------------------------------------------------------------------------- */

static void write_config(const struct plane_setup *s, const char *path)
{
	FILE *f = fopen(path, "we");
	char cores[SH_MAX_WORKERS * 12] = "";

	for (unsigned i = 0; i < s->workers; i++)
		snprintf(cores + strlen(cores), sizeof(cores) - strlen(cores), ",%u", s->worker_core + i);

	if (!f)
		bench_die("%s cannot be written", path);
	fprintf(f,
		"{\"run_dir\":\"%s/run\",\"log\":{\"level\":\"error\"},"
		"\"network\":{\"udp_port_base\":%u,\"ports\":["
		"{\"device\":\"net_virtio_user0\",\"args\":\"%s\",\"addresses\":[\"10.1.0.2/8\"]},"
		"{\"device\":\"net_null0\",\"args\":\"no-rx=1\",\"addresses\":[\"10.1.0.3/8\"]}]},"
		"\"dataplane\":{\"workers\":%u,\"cores\":[%u%s],\"hugepages\":%s,\"mbufs\":32768,"
		/* a NIC would compute it */
		"\"udp_checksum\":false,\"idle_sleep_us\":0,\"stream_packets\":1024,\"tx_age_ms\":%u,"
		"\"eal_args\":["
		"%s]},"
		"\"limits\":{\"transports\":%u,\"producers\":%u,\"consumers\":%u,"
		"\"peer_packets_per_second\":100000000}}\n",
		s->directory, (unsigned)PLANE_UDP_PORT, s->link, s->workers, s->agent_core, cores,
		s->hugepages ? "true" : "false", s->tx_age_ms,
		/* vhost-user passes at most 8 memory regions */
		s->hugepages ? "\"--single-file-segments\"" : "", s->viewers + s->streams + 3,
		s->streams + 64, s->viewers + 4);
	if (fclose(f) != 0)
		bench_die("%s cannot be written", path);
}

static void start_process(struct plane *p, const struct plane_setup *s)
{
	char config[300];

	snprintf(config, sizeof(config), "%s/spate.json", s->directory);
	write_config(s, config);
	fflush(NULL);
	p->pid = fork();
	if (p->pid < 0)
		bench_die("fork failed");
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(s->program, s->program, "--config", config, (char *)NULL);
		_exit(127);
	}
	living = p;
	if (clock_getcpuclockid(p->pid, &p->cpu) != 0)
		bench_die("the data plane's CPU time cannot be read");
}

void plane_stop(struct plane *p)
{
	struct timespec nap = {.tv_nsec = 10000000};
	pid_t done = 0;

	cp_dp_destroy(p->client);
	uv_run(&p->loop, UV_RUN_DEFAULT);
	uv_loop_close(&p->loop);
	for (unsigned i = 0; i < p->workers; i++)
		close(p->schedstat[i]);
	kill(p->pid, SIGTERM);
	for (unsigned i = 0; done == 0 && i < END_MS / 10; i++) {
		nanosleep(&nap, NULL);
		done = waitpid(p->pid, NULL, WNOHANG);
	}
	if (done == 0) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
		bench_die("the data plane did not end by itself");
	}
	p->pid = 0;
}

/* --- its control plane ------------------------------------------------------------------------ */

static void connected(void *arg, const struct cp_dp_info *info)
{
	struct plane *p = arg;

	p->connected = true;
}

static void lost(void *arg, const char *reason)
{
	bench_die("the data plane is gone: %s", reason);
}

static void refused(void *arg, const char *reason)
{
	/* it is still starting */
}

static void event(void *arg, const struct sh_event *e)
{
}

static void punt(void *arg, const struct sh_packet *packet)
{
}

static const struct cp_dp_events events = {
	.connected = connected, .lost = lost, .refused = refused, .event = event, .punt = punt};

/* Runs the loop until `done` returns true. Ends the program with `what` after `ms`. */
static void wait_for(struct plane *p, unsigned ms, bool (*done)(const struct plane *p), const char *what)
{
	uint64_t end;

	uv_update_time(&p->loop);
	end = uv_now(&p->loop) + ms;
	while (!done(p)) {
		struct timespec nap = {.tv_nsec = 200000};

		if (uv_run(&p->loop, UV_RUN_NOWAIT) >= 0 && !done(p))
			nanosleep(&nap, NULL);
		if (p->pid && waitpid(p->pid, NULL, WNOHANG) == p->pid) {
			p->pid = 0;
			bench_die("the data plane has ended");
		}
		if (uv_now(&p->loop) > end)
			bench_die("%s", what);
	}
}

static bool is_connected(const struct plane *p)
{
	return p->connected;
}

static bool has_answers(const struct plane *p)
{
	return p->waiting == 0;
}

static bool has_mac(const struct plane *p)
{
	return sh_stats_port(&p->stats, PLANE_LINK)->mac[0] != 0;
}

/* Opens the schedstat of worker i's thread, which has the name that DPDK gives lcore i + 1. */
static void find_worker(struct plane *p, unsigned i)
{
	char tasks[64], path[400], want[32], name[32] = "";
	struct dirent *e;
	DIR *d;

	snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)p->pid);
	snprintf(want, sizeof(want), "rte-worker-%u\n", i + 1);
	d = opendir(tasks);
	while (d && strcmp(name, want) != 0 && (e = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s/comm", tasks, e->d_name);
		f = fopen(path, "re");
		if (!f || !fgets(name, sizeof(name), f))
			*name = 0;
		if (f)
			fclose(f);
		snprintf(path, sizeof(path), "%s/%s/schedstat", tasks, e->d_name);
	}
	p->schedstat[i] = strcmp(name, want) == 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (d)
		closedir(d);
	if (p->schedstat[i] < 0)
		bench_die("worker %u's time cannot be read", i);
}

void plane_start(struct plane *p, const struct plane_setup *setup)
{
	struct plane_setup full = *setup;
	const struct plane_setup *s = &full;
	char path[300], err[200];
	const void *map;
	size_t size;

	memset(p, 0, sizeof(*p));
	full.workers += !setup->workers;
	full.tx_age_ms += setup->tx_age_ms ? 0 : TX_AGE_MS;
	full.streams += !setup->streams;
	p->workers = s->workers;
	start_process(p, s);
	snprintf(path, sizeof(path), "%s/run/dataplane.sock", s->directory);
	if (uv_loop_init(&p->loop) != 0 || cp_dp_create(&p->client, &p->loop, path, &events, p) != 0)
		bench_die("no memory");
	wait_for(p, START_MS, is_connected, "the data plane does not answer");
	for (unsigned i = 0; i < p->workers; i++)
		find_worker(p, i);
	map = cp_dp_stats(p->client, &size);
	if (!map || sh_stats_use(&p->stats, map, size, err, sizeof(err)) != 0)
		bench_die("the data plane's statistics cannot be read");
	wait_for(p, START_MS, has_mac, "the port has no MAC");
	memcpy(p->mac, sh_stats_port(&p->stats, PLANE_LINK)->mac, sizeof(p->mac));
}

static void answered(void *arg, int error)
{
	struct plane *p = arg;

	p->waiting--;
	if (error)
		p->error = error;
}

void plane_send(struct plane *p, struct sh_cmd *cmd)
{
	if (p->waiting >= OUTSTANDING)
		plane_settle(p);
	if (cp_dp_send(p->client, cmd, answered, p) != 0)
		bench_die("a command cannot be sent");
	p->waiting++;
}

void plane_settle(struct plane *p)
{
	wait_for(p, ANSWER_MS, has_answers, "a command is not answered");
	if (p->error)
		bench_die("a command was refused: %s", strerror(p->error));
}

const volatile struct sh_worker_stats *plane_worker(const struct plane *p)
{
	return plane_worker_at(p, 0);
}

const volatile struct sh_worker_stats *plane_worker_at(const struct plane *p, unsigned i)
{
	return sh_stats_worker(&p->stats, i);
}

uint64_t plane_cpu_ns(const struct plane *p)
{
	struct timespec t;

	if (clock_gettime(p->cpu, &t) != 0)
		bench_die("the data plane is gone");
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint64_t plane_waited_ns(const struct plane *p, unsigned i)
{
	char text[80] = "";
	unsigned long waited;

	if (pread(p->schedstat[i], text, sizeof(text) - 1, 0) < 0 || sscanf(text, "%*u %lu", &waited) != 1)
		bench_die("worker %u's time cannot be read", i);
	return waited;
}

void plane_drops_by_reason(const struct plane *p, uint64_t sum[SH_DROP_COUNT])
{
	memset(sum, 0, SH_DROP_COUNT * sizeof(*sum));
	for (unsigned w = 0; w < p->workers; w++)
		for (unsigned i = 0; i < SH_DROP_COUNT; i++)
			sum[i] += plane_worker_at(p, w)->drop[i];
}

uint64_t plane_dropped_since(const struct plane *p, const uint64_t before[SH_DROP_COUNT])
{
	uint64_t now[SH_DROP_COUNT], sum = 0;

	plane_drops_by_reason(p, now);
	for (unsigned i = 0; i < SH_DROP_COUNT; i++) {
		if (now[i] == before[i])
			continue;
		fprintf(stderr, "  the data plane dropped %lu: %s\n", (unsigned long)(now[i] - before[i]),
			sh_drop_name((enum sh_drop)i));
		sum += now[i] - before[i];
	}
	return sum;
}

uint64_t plane_drops(const struct plane *p)
{
	uint64_t by_reason[SH_DROP_COUNT], sum = 0;

	plane_drops_by_reason(p, by_reason);
	for (unsigned i = 0; i < SH_DROP_COUNT; i++)
		sum += by_reason[i];
	return sum;
}
