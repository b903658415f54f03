/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/state.h"

#include <string.h>
#include <time.h>

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Copies a page word by word, so that no counter is torn. */
static void copy_page(void *out, const void *page, size_t size)
{
	const uint64_t *from = page;
	uint64_t *to = out;

	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

static void take_sample(struct ctl_sample *sample, const struct ctl_state *s)
{
	static_assert(sizeof(sample->worker[0]) % 8 == 0 && sizeof(sample->port[0]) % 8 == 0, "whole words");
	sample->ns = now_ns(CLOCK_MONOTONIC);
	for (uint32_t i = 0; i < s->r.workers; i++)
		copy_page(&sample->worker[i], sh_stats_worker(&s->r, i), sizeof(sample->worker[i]));
	for (uint32_t i = 0; i < s->ports; i++)
		copy_page(&sample->port[i], sh_stats_port(&s->r, i), sizeof(sample->port[i]));
}

void ctl_state_take(struct ctl_state *s, const struct ctl_options *o)
{
	const struct timespec second = {.tv_sec = 1};

	memset(s, 0, sizeof(*s));
	s->data_up = ctl_attach(&s->r, o, s->data_err) == 0;
	s->control = ctl_ask(o, "status", s->control_err);
	if (!s->data_up)
		return;
	s->ports = s->r.ports < CTL_PORTS_MAX ? s->r.ports : CTL_PORTS_MAX;
	take_sample(&s->before, s);
	nanosleep(&second, NULL);
	take_sample(&s->after, s);
	s->seconds = (double)(s->after.ns - s->before.ns) / 1e9;
	copy_page(&s->header, s->r.header, sizeof(s->header));
	s->tick_age_ms = sh_stats_tick_age_ms(&s->r);
}

void ctl_state_free(struct ctl_state *s)
{
	sh_stats_unmap(&s->r);
	cJSON_Delete(s->control);
}

double ctl_rate(const struct ctl_state *s, uint64_t before, uint64_t after)
{
	return after > before ? (double)(after - before) / s->seconds : 0;
}

double ctl_busy(const struct ctl_state *s, uint32_t worker)
{
	const struct sh_worker_stats *a = &s->before.worker[worker], *b = &s->after.worker[worker];

	if (b->loops <= a->loops)
		return 0;
	return 100.0 * (double)(b->busy_loops - a->busy_loops) / (double)(b->loops - a->loops);
}

const cJSON *ctl_placed(const struct ctl_state *s, uint32_t worker)
{
	return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(s->control, "workers"), (int)worker);
}

double ctl_uptime(const struct ctl_state *s)
{
	return ((double)now_ns(CLOCK_REALTIME) - (double)s->header.started_ns) / 1e9;
}
