/* SPDX-License-Identifier: Apache-2.0 */
/* Why nobody can join: each reason alone, and several at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "controlplane/operator/loop_lag.h"
#include "controlplane/operator/readiness.h"
#include "controlplane/rooms/model.h"

static struct sh_stats_header header;
static struct sh_stats_reader stats;
static struct sh_config config;
static struct cp_model model;
static struct cp_loop_lag lag;
static const struct cp_view view = {.model = &model, .stats = &stats, .lag = &lag};

static int setup(void **state)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	header = (struct sh_stats_header){
		.tick_ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
	stats = (struct sh_stats_reader){
		.map = (const uint8_t *)&header, .header = &header, .transports = 8, .consumers = 4};
	memset(&model, 0, sizeof(model));
	memset(&lag, 0, sizeof(lag));
	config.limit.reserve_percent = 0;
	model.config = &config;
	model.load.workers = 2;
	return 0;
}

/* The codes, each with a comma behind it. */
static const char *codes(void)
{
	static char text[256];
	struct cp_unready reason[CP_UNREADY_MAX];
	unsigned n = cp_unready_reasons(&view, reason);

	text[0] = '\0';
	for (unsigned i = 0; i < n; i++) {
		assert_true(strlen(reason[i].message) > 10);
		strcat(strcat(text, reason[i].code), ",");
	}
	return text;
}

static void clients_can_join(void **state)
{
	header.transports_used = 7;
	header.consumers_used = 3;
	model.load.worker[0].overloaded = true;
	lag.worst_ms = CP_LOOP_LAG_MAX_MS;
	assert_string_equal(codes(), "");
}

static void the_operator_drains_the_node(void **state)
{
	model.drain.stage = CP_DRAIN_ON;
	assert_string_equal(codes(), "draining,");
	model.drain.stage = CP_DRAIN_END;
	assert_string_equal(codes(), "draining,");
}

static void a_data_plane_that_is_away_is_explained(void **state)
{
	struct cp_view away = view;
	struct cp_unready reason[CP_UNREADY_MAX];

	stats.map = NULL;
	assert_string_equal(codes(), "no-dataplane,");
	away.away = "no data plane is connected: it speaks another language";
	assert_int_equal(cp_unready_reasons(&away, reason), 1);
	assert_string_equal(reason[0].message, away.away);
	away.away = "";
	assert_int_equal(cp_unready_reasons(&away, reason), 1);
	assert_string_equal(reason[0].message, "no data plane is connected");
}

static void tables_are_full(void **state)
{
	header.transports_used = 8;
	assert_string_equal(codes(), "transports-full,");
	header.consumers_used = 4;
	assert_string_equal(codes(), "transports-full,consumers-full,");
}

static void every_worker_is_overloaded(void **state)
{
	model.load.worker[0].overloaded = model.load.worker[1].overloaded = true;
	assert_string_equal(codes(), "workers-overloaded,");
}

static void the_event_loop_lags(void **state)
{
	lag.last_worst_ms = CP_LOOP_LAG_MAX_MS + 1;
	assert_string_equal(codes(), "loop-lagging,");
}

static void the_data_plane_stands_still(void **state)
{
	header.tick_ns -= 6000000000;
	assert_string_equal(codes(), "dataplane-stalled,");
}

static void the_data_plane_is_away(void **state)
{
	stats.map = NULL;
	stats.header = NULL;
	model.load.worker[0].overloaded = model.load.worker[1].overloaded = true;
	assert_string_equal(codes(), "no-dataplane,");
}

/* What is kept for those who publish is not there for others. */
static void the_reserve_is_all_that_is_left(void **state)
{
	config.limit.reserve_percent = 25;
	header.transports_used = 5;
	assert_string_equal(codes(), "");
	header.transports_used = 6;
	assert_string_equal(codes(), "transports-full,");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(clients_can_join, setup),
		cmocka_unit_test_setup(the_reserve_is_all_that_is_left, setup),
		cmocka_unit_test_setup(the_operator_drains_the_node, setup),
		cmocka_unit_test_setup(a_data_plane_that_is_away_is_explained, setup),
		cmocka_unit_test_setup(tables_are_full, setup),
		cmocka_unit_test_setup(every_worker_is_overloaded, setup),
		cmocka_unit_test_setup(the_event_loop_lags, setup),
		cmocka_unit_test_setup(the_data_plane_stands_still, setup),
		cmocka_unit_test_setup(the_data_plane_is_away, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
