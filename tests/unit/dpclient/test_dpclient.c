/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/dpclient/dpclient.h"
#include "controlplane/dpclient/requests.h"
#include "shared/stats.h"
#include "tests/unit/dpclient/fake.h"

static uv_loop_t loop;
static struct fake fake;
static struct cp_dp *dp;

/* what the client said */
static unsigned connections, resumed, losses, refusals, events, punts, objects, completions, failures;
static int last_error;
static char reason[200];
static struct cp_dp_info info;
static struct sh_packet last_punt;
static struct sh_object last_object;
static struct sh_event last_event;
static uint64_t order[256];

static void on_connected(void *arg, const struct cp_dp_info *i)
{
	connections++;
	info = *i;
}

static void on_brought(void *arg, const char *refused)
{
}

static void on_lost(void *arg, const char *why)
{
	losses++;
	snprintf(reason, sizeof(reason), "%s", why);
}

static void on_refused(void *arg, const char *why)
{
	refusals++;
	snprintf(reason, sizeof(reason), "%s", why);
}

static void on_event(void *arg, const struct sh_event *e)
{
	events++;
	last_event = *e;
}

static void on_punt(void *arg, const struct sh_packet *p)
{
	punts++;
	last_punt = *p;
}

static void on_object(void *arg, const struct sh_object *o)
{
	objects++;
	last_object = *o;
}

static void on_resumed(void *arg, const struct cp_dp_info *i)
{
	resumed++;
}

static const struct cp_dp_events callbacks = {
	on_connected, on_resumed, on_brought, on_lost, on_refused, on_event, on_punt, on_object};

static void on_done(void *arg, int error)
{
	order[completions++ % 256] = (uintptr_t)arg;
	failures += error != 0;
	last_error = error;
}

static bool is_connected(void *arg)
{
	fake_accept(&fake);
	return connections > 0;
}

static bool is_refused(void *arg)
{
	fake_accept(&fake);
	return refusals > 0;
}

static bool is_lost(void *arg)
{
	return losses > 0;
}

static bool has_count(void *arg)
{
	return *(unsigned *)arg > 0;
}

static int start(void **state)
{
	connections = losses = refusals = events = punts = objects = completions = failures = 0;
	uv_loop_init(&loop);
	fake_start(&fake, 3);
	assert_int_equal(cp_dp_create(&dp, &loop, fake.path, &callbacks, NULL), 0);
	return 0;
}

static int stop(void **state)
{
	if (dp)
		cp_dp_destroy(dp);
	dp = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	fake_stop(&fake);
	return 0;
}

static void connect_to_fake(void)
{
	fake_run_until(&loop, is_connected, NULL);
}

static int send_one(uint64_t id)
{
	struct sh_cmd cmd = {.op = SH_OP_BARRIER, .id = id};

	return cp_dp_send(dp, &cmd, on_done, (void *)(uintptr_t)id);
}

/* --- connecting ------------------------------------------------------------------------- */

static void hello_says_what_it_is(void **state)
{
	const struct sh_stats_header *stats;
	size_t size;

	assert_null(cp_dp_get_info(dp));
	assert_int_equal(send_one(1), ENOTCONN);
	connect_to_fake();
	assert_int_equal(fake.hello.magic, SH_ABI_MAGIC);
	assert_int_equal(fake.hello.version, SH_ABI_VERSION);
	assert_int_equal(fake.hello.client, SH_CLIENT_CONTROL);
	assert_int_equal(fake.hello.cmd_size, sizeof(struct sh_cmd));
	assert_int_equal(info.workers, 3);
	assert_int_equal(info.udp_port_base, FAKE_PORT);
	assert_int_equal(info.addr_count, 2);
	assert_int_equal(cp_dp_get_info(dp)->instance, 1);
	stats = cp_dp_stats(dp, &size);
	assert_int_equal(stats->magic, SH_STATS_MAGIC);
	assert_int_equal(size, 4096);
}

static void nobody_listens_yet(void **state)
{
	int listener = fake.listener;

	rename(fake.path, "/tmp/spate-test-away");
	fake_run_until(&loop, is_refused, NULL);
	assert_non_null(strstr(reason, "cannot connect"));
	fake_run_for(&loop, 200);
	assert_int_equal(refusals, 1); /* the same reason is not told again */
	rename("/tmp/spate-test-away", fake.path);
	fake.listener = listener;
	connect_to_fake();
}

static void spoil_error(struct fake *f)
{
	f->reply.error = EBUSY;
	memset(f->reply.reason, 'x', sizeof(f->reply.reason)); /* not even terminated */
}

static void spoil_magic(struct fake *f)
{
	f->reply.magic++;
}

static void spoil_version(struct fake *f)
{
	f->reply.version++;
}

/* Another version's answer may be shorter or longer. */
static void spoil_version_shorter(struct fake *f)
{
	f->reply.version++;
	f->reply_size = 64;
}

static void spoil_version_longer(struct fake *f)
{
	f->reply.version++;
	f->reply_size = sizeof(f->reply) + 64;
}

static void spoil_length(struct fake *f)
{
	f->reply_size = 64;
}

/* A data plane that refuses says why itself. */
static void spoil_version_refused(struct fake *f)
{
	f->reply.version++;
	f->reply.error = EPROTO;
	strcpy(f->reply.reason, "its own words");
}

static void spoil_workers(struct fake *f)
{
	f->reply.workers = SH_MAX_WORKERS + 1;
}

static void spoil_no_workers(struct fake *f)
{
	f->reply.workers = 0;
}

static void spoil_addresses(struct fake *f)
{
	f->reply.addr_count = SH_MAX_LOCAL_ADDRS + 1;
}

static void spoil_family(struct fake *f)
{
	f->reply.addr[1].family = 5;
}

static void spoil_port(struct fake *f)
{
	f->reply.udp_port_base = 65534;
}

static void spoil_size(struct fake *f)
{
	f->reply.size += 4096;
}

static void spoil_offset(struct fake *f)
{
	f->reply.punt_offset[1] = 0xffffffc0;
}

static void spoil_alignment(struct fake *f)
{
	f->reply.event_offset += 4;
}

static void spoil_overlap(struct fake *f)
{
	f->reply.event_offset = f->reply.cmd_offset + 64;
}

static void spoil_count(struct fake *f)
{
	f->reply.cmd_count = 3;
}

static void spoil_ring(struct fake *f)
{
	f->inject[2].ring->mask++;
}

static void spoil_descriptor(struct fake *f)
{
	f->fds_to_send = 3;
}

static void spoil_statistics(struct fake *f)
{
	const uint32_t other[2] = {SH_STATS_MAGIC, SH_STATS_VERSION + 1};

	assert_int_equal(pwrite(f->stats_fd, other, sizeof(other), 0), sizeof(other));
}

static void a_bad_answer_is_refused_and_tried_again(void **state)
{
	static const struct {
		void (*spoil)(struct fake *f);
		const char *words;
	} c[] = {
		{spoil_error, "xxx"},
		{spoil_magic, "not the data plane's"},
		{spoil_version, "run both from one release"},
		{spoil_version_shorter, "run both from one release"},
		{spoil_version_longer, "run both from one release"},
		{spoil_version_refused, "its own words"},
		{spoil_length, "another length"},
		{spoil_workers, "workers"},
		{spoil_no_workers, "workers"},
		{spoil_addresses, "addresses"},
		{spoil_family, "neither IPv4"},
		{spoil_port, "ports"},
		{spoil_size, "shorter"},
		{spoil_offset, "past the end"},
		{spoil_alignment, "aligned"},
		{spoil_overlap, "overlap"},
		{spoil_count, "power of two"},
		{spoil_ring, "announced"},
		{spoil_descriptor, "descriptor"},
		{spoil_statistics, "statistics"},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		/* another client for each, so that no long wait stands before the next attempt */
		stop(state);
		start(state);
		fake.spoil = c[i].spoil;
		fake_run_until(&loop, is_refused, NULL);
		if (!strstr(reason, c[i].words))
			fail_msg("\"%s\" does not speak of \"%s\"", reason, c[i].words);
		assert_int_equal(connections, 0);
		fake.spoil = NULL;
		fake.fds_to_send = 4;
		fake.reply_size = 0;
		connect_to_fake();
	}
}

static void unsealed_memory_is_refused(void **state)
{
	fake.unsealed = true;
	fake_run_until(&loop, is_refused, NULL);
	assert_non_null(strstr(reason, "sealed"));
}

/* --- commands ---------------------------------------------------------------------------------- */

static void commands_go_in_order_and_are_answered(void **state)
{
	struct sh_cmd cmd[3];

	connect_to_fake();
	for (uint64_t id = 1; id <= 3; id++)
		assert_int_equal(send_one(id), 0);
	assert_int_equal(completions, 0);
	fake_run_for(&loop, 10);
	assert_int_equal(fake_kicks(&fake), 1); /* one for all three */
	for (int i = 0; i < 3; i++) {
		assert_true(fake_take(&fake, &cmd[i]));
		assert_int_equal(cmd[i].id, i + 1);
	}
	assert_int_equal(cmd[2].seq, cmd[0].seq + 2);
	fake_ack(&fake, cmd[1].seq, ENOSPC); /* answers may overtake each other */
	fake_ack(&fake, cmd[1].seq, 0); /* and one may be told twice */
	fake_ack(&fake, cmd[0].seq - 1, 0);
	fake_ack(&fake, cmd[2].seq + 1, 0);
	fake_run_until(&loop, has_count, &completions);
	assert_int_equal(last_error, ENOSPC);
	fake_ack(&fake, cmd[0].seq, 0);
	fake_ack(&fake, cmd[2].seq, 0);
	fake_run_for(&loop, 10);
	assert_int_equal(completions, 3);
	assert_int_equal(failures, 1);
	assert_int_equal(order[0], 2);
	assert_int_equal(cp_dp_get_counters(dp)->acks_unknown, 3);
}

static void a_full_ring_is_waited_for(void **state)
{
	enum { MANY = 1000 };
	struct sh_cmd cmd;
	unsigned taken = 0;

	connect_to_fake();
	for (uint64_t id = 1; id <= MANY; id++)
		assert_int_equal(send_one(id), 0);
	while (taken < MANY) {
		while (fake_take(&fake, &cmd)) {
			assert_int_equal(cmd.id, ++taken);
			fake_ack(&fake, cmd.seq, 0);
		}
		fake_run_for(&loop, 1);
	}
	fake_run_for(&loop, 5);
	assert_int_equal(completions, MANY);
	assert_int_equal(failures, 0);
}

static void too_many_are_refused(void **state)
{
	connect_to_fake();
	for (uint64_t id = 1; id <= CP_DP_OUTSTANDING; id++)
		assert_int_equal(send_one(id), 0);
	assert_int_equal(send_one(1), ENOBUFS);
	cp_dp_destroy(dp);
	dp = NULL;
	assert_int_equal(completions, CP_DP_OUTSTANDING);
	assert_int_equal(last_error, ECANCELED);
}

static int delete_one(enum sh_op op, uint64_t id)
{
	struct sh_cmd cmd = {.op = op, .id = id};

	return cp_dp_send(dp, &cmd, on_done, NULL);
}

/* A deletion that finds no room is sent when there is some, in its order. */
static void no_deletion_is_lost(void **state)
{
	static const enum sh_op ops[] = {SH_OP_CONSUMER_DEL, SH_OP_PRODUCER_DEL, SH_OP_TRANSPORT_DEL};
	enum { LATE = 3000 };
	unsigned deleted = 0, taken = 0;
	struct sh_cmd cmd;

	connect_to_fake();
	for (uint64_t id = 1; id <= CP_DP_OUTSTANDING; id++)
		assert_int_equal(send_one(id), 0);
	for (uint64_t i = 0; i < LATE; i++)
		assert_int_equal(delete_one(ops[i % 3], i), 0);
	assert_int_equal(send_one(1), ENOBUFS);
	assert_int_equal(cp_dp_get_counters(dp)->deletions_kept, LATE);
	while (taken < CP_DP_OUTSTANDING + LATE) {
		while (fake_take(&fake, &cmd)) {
			taken++;
			if (cmd.op != SH_OP_BARRIER) {
				assert_int_equal(cmd.op, ops[deleted % 3]);
				assert_int_equal(cmd.id, deleted++);
			}
			fake_ack(&fake, cmd.seq, 0);
		}
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	fake_run_for(&loop, 5);
	assert_int_equal(deleted, LATE);
	assert_int_equal(completions, CP_DP_OUTSTANDING + LATE);
	assert_int_equal(failures, 0);
}

static void kept_deletions_end_with_the_connection(void **state)
{
	connect_to_fake();
	for (uint64_t id = 1; id <= CP_DP_OUTSTANDING; id++)
		assert_int_equal(send_one(id), 0);
	assert_int_equal(delete_one(SH_OP_TRANSPORT_DEL, 7), 0);
	cp_dp_destroy(dp);
	dp = NULL;
	assert_int_equal(completions, CP_DP_OUTSTANDING + 1);
	assert_int_equal(last_error, ECANCELED);
}

static void keys_do_not_stay_behind(void **state)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_KEYS}, zero = {0};
	const struct sh_cmd *kept;
	struct cp_dp_requests q;

	memset(&cmd.transport_keys, 0xa5, sizeof(cmd.transport_keys));
	assert_int_equal(cp_dp_requests_init(&q, UINT32_MAX), 0);
	assert_int_equal(cp_dp_requests_add(&q, &cmd, NULL, NULL), 0);
	assert_int_equal(cp_dp_requests_add(&q, &cmd, NULL, NULL), 0);
	assert_int_equal(cmd.seq, 0); /* numbers run round */
	kept = cp_dp_requests_peek(&q);
	assert_int_equal(kept->transport_keys.in.key[0], 0xa5);
	cp_dp_requests_pushed(&q);
	assert_memory_equal(kept, &zero, sizeof(zero));
	assert_false(cp_dp_requests_answer(&q, 0, 0)); /* not in the ring yet */
	assert_true(cp_dp_requests_answer(&q, UINT32_MAX, 0));
	kept = cp_dp_requests_peek(&q);
	cp_dp_requests_fail(&q, ECONNRESET);
	assert_memory_equal(kept, &zero, sizeof(zero));
	cp_dp_requests_free(&q);
}

/* --- packets and events ----------------------------------------------------------------------------- */

static void events_and_punts_come_up(void **state)
{
	struct sh_packet p = {.len = 3, .transport = 77, .data = "abc"};

	connect_to_fake();
	fake_tell(&fake, SH_EV_TRANSPORT_IDLE, 5);
	fake_run_until(&loop, has_count, &events);
	assert_int_equal(last_event.kind, SH_EV_TRANSPORT_IDLE);
	assert_int_equal(last_event.id, 5);
	p.path.remote.family = p.path.local.family = 4;
	p.path.local.port = FAKE_PORT + 2;
	fake_punt(&fake, 2, &p);
	fake_run_until(&loop, has_count, &punts);
	assert_int_equal(last_punt.transport, 77);
	assert_memory_equal(last_punt.data, "abc", 3);
}

static void records_that_lie_are_dropped(void **state)
{
	struct sh_packet good = {
		.len = 3, .path = {.remote.family = 4, .local = {.family = 4, .port = FAKE_PORT}}};
	struct sh_packet bad;

	connect_to_fake();
	bad = good, bad.len = 0, fake_punt(&fake, 0, &bad);
	bad = good, bad.len = SH_DATAGRAM_MAX + 1, fake_punt(&fake, 0, &bad);
	bad = good, bad.len = 65535, fake_punt(&fake, 0, &bad);
	bad = good, bad.path.remote.family = 0, fake_punt(&fake, 0, &bad);
	bad = good, bad.path.local.family = 6, fake_punt(&fake, 0, &bad);
	bad = good, bad.path.local.port = FAKE_PORT - 1, fake_punt(&fake, 0, &bad);
	bad = good, bad.path.local.port = FAKE_PORT + 3, fake_punt(&fake, 0, &bad);
	fake_punt(&fake, 0, &good);
	fake_run_until(&loop, has_count, &punts);
	assert_int_equal(punts, 1);
	assert_int_equal(cp_dp_get_counters(dp)->punts_bad, 7);
}

static bool has_all_objects(void *arg)
{
	return objects == *(const unsigned *)arg;
}

/* As many as the ring holds, which is more than one turn of the loop takes. */
static void a_list_comes_up_whole_and_in_order(void **state)
{
	struct sh_object o = {.kind = SH_OBJECT_TRANSPORT, .version = 3, .size = SH_BLOB_MAX};
	unsigned all = FAKE_OBJECTS - 1;

	connect_to_fake();
	for (o.id = 1; o.id <= all; o.id++)
		fake_list(&fake, &o);
	fake_run_until(&loop, has_all_objects, &all);
	assert_int_equal(last_object.id, all);
	assert_int_equal(last_object.size, SH_BLOB_MAX);
}

static void a_listed_object_that_lies_has_no_blob(void **state)
{
	struct sh_object o = {.id = 1, .kind = SH_OBJECT_CONSUMER, .version = 3, .size = SH_BLOB_MAX + 1};
	unsigned n = 1;

	connect_to_fake();
	fake_list(&fake, &o);
	fake_run_until(&loop, has_all_objects, &n);
	assert_int_equal(last_object.size, 0);
	assert_int_equal(last_object.version, 0);
	o.size = 10;
	o.kind = SH_OBJECT_CONSUMER + 1;
	fake_list(&fake, &o);
	n = 2;
	fake_run_until(&loop, has_all_objects, &n);
	assert_int_equal(last_object.size, 0);
	o.kind = SH_OBJECT_CONSUMER;
	o.mid_len = SH_MID_MAX + 1;
	fake_list(&fake, &o);
	n = 3;
	fake_run_until(&loop, has_all_objects, &n);
	assert_int_equal(last_object.mid_len, 0);
	assert_int_equal(last_object.version, 0);
}

static void packets_go_down_to_the_right_worker(void **state)
{
	struct sh_path path = {
		.remote = {.family = 4, .port = 5000}, .local = {.family = 4, .port = FAKE_PORT + 1}};
	uint8_t data[SH_DATAGRAM_MAX + 1] = "hello";
	struct sh_packet p;
	int error = 0;

	connect_to_fake();
	assert_int_equal(cp_dp_inject(dp, &path, data, 5), 0);
	assert_int_equal(cp_dp_inject(dp, &path, data, 0), EMSGSIZE);
	assert_int_equal(cp_dp_inject(dp, &path, data, sizeof(data)), EMSGSIZE);
	fake_run_for(&loop, 5);
	assert_int_equal(fake_kicks(&fake), 1);
	assert_false(fake_injected(&fake, 0, &p));
	assert_true(fake_injected(&fake, 1, &p));
	assert_int_equal(p.len, 5);
	assert_int_equal(p.path.remote.port, 5000);
	assert_memory_equal(p.data, "hello", 5);
	path.local.port = FAKE_PORT + 3;
	assert_int_equal(cp_dp_inject(dp, &path, data, 5), EINVAL);
	path.local.port = FAKE_PORT;
	for (int i = 0; i < FAKE_PACKETS && !error; i++)
		error = cp_dp_inject(dp, &path, data, SH_DATAGRAM_MAX);
	assert_int_equal(error, ENOBUFS);
}

/* --- the end ------------------------------------------------------------------------------------------ */

static void losing_fails_everything_and_reconnects(void **state)
{
	connect_to_fake();
	for (uint64_t id = 1; id <= 100; id++) /* some in the ring, most before it */
		send_one(id);
	fake_run_for(&loop, 5);
	fake_hang_up(&fake);
	fake_run_until(&loop, is_lost, NULL);
	assert_string_equal(reason, "the data plane is gone");
	assert_int_equal(completions, 100);
	assert_int_equal(failures, 100);
	assert_int_equal(last_error, ECONNRESET);
	assert_null(cp_dp_get_info(dp));
	assert_int_equal(send_one(1), ENOTCONN);
	connections = 0;
	fake.instance = 2;
	connect_to_fake();
	assert_int_equal(info.instance, 2);
	assert_int_equal(send_one(1), 0);
}

static void broken_rings_count_as_lost(void **state)
{
	struct sh_path path = {.remote.family = 4, .local = {.family = 4, .port = FAKE_PORT}};

	connect_to_fake();
	fake.cmd.ring->size = 7;
	assert_int_equal(send_one(1), 0);
	assert_int_equal(losses, 0); /* not from within a call */
	fake_run_until(&loop, is_lost, NULL);
	assert_string_equal(reason, "the command ring is broken");
	assert_int_equal(last_error, ECONNRESET);

	connections = losses = 0;
	connect_to_fake();
	fake.ev.ring->prod.tail += 1000;
	fake_wake(&fake);
	fake_run_until(&loop, is_lost, NULL);
	assert_string_equal(reason, "the event ring is broken");

	connections = losses = 0;
	connect_to_fake();
	fake.inject[0].ring->mask = 0xffffff;
	assert_int_equal(cp_dp_inject(dp, &path, "x", 1), ENOTCONN);
	fake_run_until(&loop, is_lost, NULL);
	assert_string_equal(reason, "an inject ring is broken");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hello_says_what_it_is, start, stop),
		cmocka_unit_test_setup_teardown(nobody_listens_yet, start, stop),
		cmocka_unit_test_setup_teardown(a_bad_answer_is_refused_and_tried_again, start, stop),
		cmocka_unit_test_setup_teardown(unsealed_memory_is_refused, start, stop),
		cmocka_unit_test_setup_teardown(commands_go_in_order_and_are_answered, start, stop),
		cmocka_unit_test_setup_teardown(a_full_ring_is_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(too_many_are_refused, start, stop),
		cmocka_unit_test_setup_teardown(no_deletion_is_lost, start, stop),
		cmocka_unit_test_setup_teardown(kept_deletions_end_with_the_connection, start, stop),
		cmocka_unit_test(keys_do_not_stay_behind),
		cmocka_unit_test_setup_teardown(events_and_punts_come_up, start, stop),
		cmocka_unit_test_setup_teardown(records_that_lie_are_dropped, start, stop),
		cmocka_unit_test_setup_teardown(a_list_comes_up_whole_and_in_order, start, stop),
		cmocka_unit_test_setup_teardown(a_listed_object_that_lies_has_no_blob, start, stop),
		cmocka_unit_test_setup_teardown(packets_go_down_to_the_right_worker, start, stop),
		cmocka_unit_test_setup_teardown(losing_fails_everything_and_reconnects, start, stop),
		cmocka_unit_test_setup_teardown(broken_rings_count_as_lost, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
