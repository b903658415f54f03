/* SPDX-License-Identifier: Apache-2.0 */

/* Producers of several encodings: each is an object of the data plane, and all are one producer. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

#define THREE "{\"rid\":\"r0\"},{\"rid\":\"r1\"},{\"rid\":\"r2\",\"scalabilityMode\":\"L1T3\"}"

/* Answers what waits, each with its own error, and the blob behind that. */
static void answer_each(const int *errors, unsigned n)
{
	unsigned all = w.pendings;

	assert_true(all > n);
	w.pendings = 0;
	for (unsigned i = 0; i < all; i++)
		w.pending[i].done(w.pending[i].arg, i < n ? errors[i] : 0);
}

static void each_encoding_is_an_object_and_the_first_leads(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);
	struct cp_producer *p;

	join("r", "b");
	begin_encodings(t, "0", THREE, true);
	assert_int_equal(w.cmds, 3);
	for (unsigned i = 0; i < 3; i++) {
		const struct sh_producer_add *add = &w.cmd[i].producer_add;

		assert_int_equal(w.cmd[i].op, SH_OP_PRODUCER_ADD);
		assert_int_equal(add->transport, t->dp_id);
		assert_int_equal(add->encoding, i);
		assert_int_equal(add->encodings, 3);
		assert_true(add->lead == (i == 0 ? 0 : w.cmd[0].id));
		assert_int_equal(add->rid[1], '0' + i);
		assert_int_equal(add->temporal_layers, i == 2 ? 3 : 1);
		assert_int_equal(add->flags & SH_PRODUCER_PAUSED, SH_PRODUCER_PAUSED);
		assert_int_equal(add->cname_len, strlen(a->cname));
		for (unsigned k = 0; k < i; k++)
			assert_true(w.cmd[k].id != w.cmd[i].id);
	}
	/* It is one producer, and it is there when the last encoding is. */
	assert_int_equal(w.model.producers.count, 1);
	assert_int_equal(a->producer_count, 1);
	w.pending[0].done(w.pending[0].arg, 0);
	w.pending[1].done(w.pending[1].arg, 0);
	for (unsigned i = 3; i < w.pendings; i++) /* its blob */
		w.pending[i].done(w.pending[i].arg, 0);
	assert_int_equal(w.answers, 1); /* the transport's */
	expect_heard("");
	w.pending[2].done(w.pending[2].arg, 0);
	w.pendings = 0;
	assert_int_equal(w.answers, 2);
	assert_false(w.failed);
	expect_heard("b:new-video");
	p = w.object;
	assert_int_equal(p->consumable.type, CP_STREAM_SIMULCAST);
	assert_string_equal(p->consumable.scalability, "L3T3");

	/* Consumers name the first. */
	consume(transport(join("r", "c"), CP_PURPOSE_RECV), p);
	assert_int_equal(w.cmd[3].op, SH_OP_CONSUMER_ADD);
	assert_true(w.cmd[3].consumer_add.producer == w.cmd[0].id);
}

static void a_failure_of_one_undoes_all(void **state)
{
	static const int errors[3][3] = {{ENOSPC, ENOENT, ENOENT}, {0, ENOSPC, 0}, {0, 0, ENOSPC}};
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);

	join("r", "b");
	for (unsigned i = 0; i < 3; i++) {
		w.cmds = 0;
		begin_encodings(t, "0", THREE, false);
		answer_each(errors[i], 3);
		expect_fault(CP_UNAVAILABLE, "");
		assert_int_equal(w.cmds, 4);
		assert_int_equal(w.cmd[3].op, SH_OP_PRODUCER_DEL);
		assert_true(w.cmd[3].id == w.cmd[0].id);
		assert_int_equal(w.model.producers.count, 0);
		assert_int_equal(w.model.encoding_count, 0);
		expect_heard("");
	}
	w.up = false; /* not one command can be sent */
	begin_encodings(t, "0", THREE, false);
	assert_int_equal(w.pendings, 0);
	expect_fault(CP_UNAVAILABLE, "");
	w.up = true;
}

static void a_peer_that_leaves_meanwhile_leaves_nothing(void **state)
{
	static const int errors[3] = {0, 0, 0};
	struct cp_peer *a = join("r", "a");

	begin_encodings(transport(a, CP_PURPOSE_SEND), "0", THREE, false);
	leave(a);
	assert_int_equal(w.cmds, 4);
	assert_int_equal(w.cmd[3].op, SH_OP_PRODUCER_DEL);
	answer_each(errors, 3);
	assert_int_equal(w.model.producers.count, 0);
	assert_int_equal(w.answers, 1); /* the transport's */
}

static void a_pause_is_for_all_encodings(void **state)
{
	struct cp_producer *p;

	begin_encodings(transport(join("r", "a"), CP_PURPOSE_SEND), "0", THREE, false);
	answer_all();
	p = w.object;
	for (unsigned pause = 0; pause < 2; pause++) {
		w.cmds = 0;
		cp_producer_pause(p, pause == 0, done);
		assert_int_equal(w.cmds, 3);
		for (unsigned i = 0; i < 3; i++) {
			assert_int_equal(w.cmd[i].op, SH_OP_PRODUCER_SET);
			assert_true(w.cmd[i].id == p->encoding[i].dp_id);
			assert_int_equal(w.cmd[i].producer_set.paused, pause == 0);
			assert_int_equal(w.cmd[i].producer_set.keyframe, pause == 1);
		}
		answer_all();
		assert_int_equal(p->paused, pause == 0);
	}
	w.cmds = 0;
	cp_producer_close(p);
	assert_int_equal(w.cmds, 1); /* the others go with the first */
	assert_int_equal(w.cmd[0].op, SH_OP_PRODUCER_DEL);
}

static void encodings_of_a_transport_can_be_told_apart(void **state)
{
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);

	begin_encodings(t, "0", THREE, false);
	answer_all();
	assert_false(w.failed);
	begin_encodings(t, "1", THREE, false); /* the same RIDs, another MID */
	answer_all();
	assert_false(w.failed);
	begin_encodings(t, "0", "{\"rid\":\"x\"},{\"rid\":\"r2\"}", false);
	expect_fault(CP_CONFLICT, "RID");
	begin_encodings(t, "2", "{\"ssrc\":1,\"rtx\":{\"ssrc\":2}},{\"ssrc\":3,\"rtx\":{\"ssrc\":4}}", false);
	answer_all();
	assert_false(w.failed);
	begin_encodings(t, "3", "{\"ssrc\":5},{\"ssrc\":6,\"rtx\":{\"ssrc\":3}}", false);
	expect_fault(CP_CONFLICT, "SSRC");
	assert_int_equal(w.model.producers.count, 3);
}

/* Eight producers of four encodings with RTX: 64 SSRCs on one transport. */
static void a_transport_carries_more_than_32_ssrcs(void **state)
{
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);

	for (unsigned i = 0; i < 8; i++) {
		char mid[4], text[256];
		size_t used = 0;

		snprintf(mid, sizeof(mid), "%u", i);
		for (unsigned k = 0; k < 4; k++)
			used += (size_t)snprintf(text + used, sizeof(text) - used,
				"%s{\"ssrc\":%u,\"rtx\":{\"ssrc\":%u}}", k > 0 ? "," : "",
				100 + 8 * i + 2 * k, 101 + 8 * i + 2 * k);
		begin_encodings(t, mid, text, false);
		answer_all();
		assert_false(w.failed);
	}
	assert_int_equal(w.cmds, 32);
	assert_int_equal(w.model.encoding_count, 32);
}

/* A consumer receives one encoding, and the host's worker all of them. */
static void the_load_is_that_of_the_costliest_encoding(void **state)
{
	struct cp_producer *p;
	struct cp_transport *recv;
	uint64_t before;

	begin_encodings(transport(join("r", "a"), CP_PURPOSE_SEND), "0", THREE, false);
	answer_all();
	p = w.object;
	recv = transport(join("r", "b"), CP_PURPOSE_RECV);
	before = w.model.load.worker[0].rate;
	consume(recv, p);
	assert_int_equal(w.model.load.worker[0].rate - before, CP_LOAD_VIDEO);
	for (unsigned second = 0; second < 40; second++)
		for (uint32_t i = 0; i < 3; i++)
			cp_producer_measure(p, i, 100ull * (i + 1) * second, 0, 1000);
	assert_in_range(p->rate, 298, 302);
	assert_in_range(p->ingress_rate, 594, 606);
	assert_int_equal(w.model.load.worker[0].rate, CP_LOAD_INGRESS * p->ingress_rate + p->rate);
	assert_int_equal(recv->peer->room->rate, p->rate);
	cp_producer_close(p);
	assert_int_equal(w.model.load.worker[0].rate, 0);
}

/* SSRCs of all producers of a transport count, of media and RTX. */
static void a_transport_has_so_many_ssrcs(void **state)
{
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);
	uint32_t each;

	begin_encodings(t, "0", THREE, false);
	answer_all();
	assert_false(w.failed);
	each = w.cmd[0].producer_add.rtx_pt ? 6 : 3;
	w.config.limit.ssrcs_per_transport = 2 * each - 1;
	begin_encodings(t, "1", THREE, false);
	assert_true(w.failed);
	expect_fault(CP_TOO_MANY, "SSRCs");
	w.config.limit.ssrcs_per_transport = 2 * each;
	begin_encodings(t, "1", THREE, false);
	answer_all();
	assert_false(w.failed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_encoding_is_an_object_and_the_first_leads, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_failure_of_one_undoes_all, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_peer_that_leaves_meanwhile_leaves_nothing, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_pause_is_for_all_encodings, world_make, world_end),
		cmocka_unit_test_setup_teardown(encodings_of_a_transport_can_be_told_apart, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_transport_carries_more_than_32_ssrcs, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_transport_has_so_many_ssrcs, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_load_is_that_of_the_costliest_encoding, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
