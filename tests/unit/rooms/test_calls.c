/* SPDX-License-Identifier: Apache-2.0 */

/* Requests that wait for the data plane, and what may happen meanwhile. */

#include <errno.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

static void an_answer_waits_for_the_acknowledgement(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_fault f;

	w.hold = true;
	cp_transport_create(a, CP_PURPOSE_SEND, done);
	assert_int_equal(w.answers, 0);
	assert_null(cp_peer_transport(a, TAILQ_FIRST(&a->transports)->id, &f));
	answer_all();
	assert_int_equal(w.answers, 1);
	assert_false(w.failed);
	assert_non_null(cp_peer_transport(a, ((struct cp_transport *)w.object)->id, &f));
}

static void one_request_at_a_time(void **state)
{
	struct cp_peer *a = join("r", "a");

	w.hold = true;
	cp_transport_create(a, CP_PURPOSE_SEND, done);
	cp_transport_create(a, CP_PURPOSE_RECV, done);
	expect_fault(CP_INTERNAL, "another request");
	answer_all();
	assert_int_equal(w.answers, 2);
	assert_int_equal(a->transport_count, 1);
}

static void a_refusal_of_the_data_plane_changes_nothing(void **state)
{
	static const struct {
		int error;
		enum cp_code code;
	} table[] = {
		{ENOSPC, CP_UNAVAILABLE},
		{ENOMEM, CP_UNAVAILABLE},
		{ECONNRESET, CP_UNAVAILABLE},
		{EEXIST, CP_CONFLICT},
		{EINVAL, CP_INTERNAL},
	};
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio");

	w.heard[0] = '\0';
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		w.error = table[i].error;
		begin_produce(send, "video", false);
		answer_all();
		expect_fault(table[i].code, "");
		cp_consumer_create(recv, p, w.capabilities, false, done);
		answer_all();
		expect_fault(table[i].code, "");
		cp_transport_create(a, CP_PURPOSE_RECV, done);
		answer_all();
		expect_fault(table[i].code, "");
		cp_producer_pause(p, true, done);
		answer_all();
		expect_fault(table[i].code, "");
		assert_false(p->paused);
	}
	expect_heard("");
	assert_int_equal(w.model.transports.count, 2);
	assert_int_equal(w.model.producers.count, 1);
	assert_int_equal(w.model.consumers.count, 0);
}

static void a_peer_that_leaves_gets_no_answer(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND);

	w.answers = 0;
	w.hold = true;
	cp_transport_create(b, CP_PURPOSE_RECV, done);
	begin_produce(send, "audio", false);
	leave(b);
	leave(a);
	answer_all();
	assert_int_equal(w.answers, 0);
	assert_int_equal(w.model.transports.count, 0);
}

static void a_producer_that_closes_fails_the_consume_under_way(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "audio");
	struct cp_transport *recv = transport(b, CP_PURPOSE_RECV);

	w.heard[0] = '\0';
	w.hold = true;
	cp_consumer_create(recv, p, w.capabilities, false, done);
	w.answers = 0;
	cp_producer_close(p);
	assert_int_equal(w.answers, 1);
	expect_fault(CP_NOT_FOUND, "producerId");
	expect_heard("b:producer-closed"); /* it never knew the consumer */
	answer_all();
	assert_int_equal(w.answers, 1);
	/* what was asked for is taken back: the data plane deletes a producer's consumers with it */
	assert_int_equal(w.cmd[1].op, SH_OP_CONSUMER_ADD);
	assert_int_equal(w.cmd[2].op, SH_OP_PRODUCER_DEL);
	assert_int_equal(w.cmd[2].id, w.cmd[0].id);
	assert_int_equal(w.cmds, 3);
}

static void a_transport_that_fails_fails_what_is_under_way(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND);
	struct cp_producer *p = produce(send, "audio");

	w.hold = true;
	w.answers = 0;
	cp_producer_pause(p, true, done);
	cp_transport_fail(send, CP_INTERNAL, "DTLS failed");
	assert_int_equal(w.answers, 1);
	expect_fault(CP_INTERNAL, "DTLS failed");
	expect_heard("a:producer-closed a:transport-closed");
	answer_all();
	assert_int_equal(w.answers, 1);
}

static void a_lost_data_plane_closes_every_transport(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio");

	consume(recv, p);
	w.heard[0] = '\0';
	w.cmds = 0;
	w.hold = true;
	cp_transport_create(b, CP_PURPOSE_SEND, done);
	w.answers = 0;
	w.up = false;
	cp_model_lose_transports(&w.model);
	expect_heard("a:producer-closed b:consumer-closed b:producer-closed a:transport-lost "
		     "b:transport-lost");
	assert_int_equal(w.answers, 1);
	expect_fault(CP_UNAVAILABLE, "lost");
	assert_int_equal(w.cmds, 0); /* there is nobody to tell */
	assert_int_equal(w.model.transports.count, 0);
	assert_int_equal(w.model.peer_count, 2);

	cp_transport_create(a, CP_PURPOSE_SEND, done);
	expect_fault(CP_UNAVAILABLE, "away");
	w.up = true;
	w.hold = false;
	produce(transport(a, CP_PURPOSE_SEND), "audio");
	expect_heard("b:new-audio");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_waits_for_the_acknowledgement, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(one_request_at_a_time, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_refusal_of_the_data_plane_changes_nothing, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_peer_that_leaves_gets_no_answer, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_producer_that_closes_fails_the_consume_under_way,
			world_make, world_end),
		cmocka_unit_test_setup_teardown(a_transport_that_fails_fails_what_is_under_way, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_lost_data_plane_closes_every_transport, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
