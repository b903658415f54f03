/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/loop_lag.h"

#include "controlplane/base/clock.h"
#include "shared/service_manager.h"

enum { PERIOD_MS = 250, MS = 1000000 };
#define WINDOW_NS 5000000000ull

static void on_timer(uv_timer_t *timer)
{
	struct cp_loop_lag *l = timer->data;
	uint64_t now = cp_now_ns(), late = now > l->due_ns ? (now - l->due_ns) / MS : 0;

	if (now - l->window_ns >= WINDOW_NS) {
		l->last_worst_ms = l->worst_ms;
		l->worst_ms = 0;
		l->window_ns = now;
	}
	if (late > l->worst_ms)
		l->worst_ms = late;
	l->due_ns = now + (uint64_t)PERIOD_MS * MS;
	if (l->works(l->view))
		sh_service_works(now);
	uv_timer_start(timer, on_timer, PERIOD_MS, 0);
}

void cp_loop_lag_start(struct cp_loop_lag *l, uv_loop_t *loop, bool (*works)(const struct cp_view *v),
	const struct cp_view *view)
{
	uint64_t now = cp_now_ns();

	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
	l->works = works;
	l->view = view;
	l->window_ns = now;
	l->due_ns = now + (uint64_t)PERIOD_MS * MS;
	uv_timer_start(&l->timer, on_timer, PERIOD_MS, 0);
}

void cp_loop_lag_stop(struct cp_loop_lag *l)
{
	uv_close((uv_handle_t *)&l->timer, NULL);
}

uint64_t cp_loop_lag_ms(const struct cp_loop_lag *l)
{
	return l->worst_ms > l->last_worst_ms ? l->worst_ms : l->last_worst_ms;
}
