/* SPDX-License-Identifier: Apache-2.0 */

/* What a viewer wishes: bounds of its layers, priorities, a limit of what is sent to it. */

#include <errno.h>

#include "tests/unit/rooms/world.h"

#define THREE "{\"rid\":\"r0\"},{\"rid\":\"r1\",\"scalabilityMode\":\"L1T3\"},{\"rid\":\"r2\"}"

static struct cp_transport *recv;

/* A consumer of three encodings, and the next command is the first that is recorded. */
static struct cp_consumer *simulcast_consumer(void)
{
	struct cp_producer *p;
	struct cp_consumer *c;

	begin_encodings(transport(join("r", "a"), CP_PURPOSE_SEND), "0", THREE, false);
	answer_all();
	p = w.object;
	recv = transport(join("r", "b"), CP_PURPOSE_RECV);
	c = consume(recv, p);
	w.cmds = 0;
	return c;
}

static void expect_set(unsigned at, uint8_t spatial, uint8_t temporal, uint8_t priority)
{
	const struct sh_consumer_set *set = &w.cmd[at].consumer_set;

	assert_int_equal(w.cmds, at + 1);
	assert_int_equal(w.cmd[at].op, SH_OP_CONSUMER_SET);
	assert_int_equal(set->wishes.spatial, spatial);
	assert_int_equal(set->wishes.temporal, temporal);
	assert_int_equal(set->wishes.priority, priority);
}

static void each_command_carries_all_wishes(void **state)
{
	struct cp_consumer *c = simulcast_consumer();

	assert_int_equal(c->wishes.spatial, SH_LAYER_ANY);
	cp_consumer_prefer_layers(c, 1, 2, done);
	answer_all();
	expect_set(0, 1, 2, 1);
	assert_int_equal(w.cmd[0].consumer_set.keyframe, 0);
	cp_consumer_set_priority(c, 255, done);
	answer_all();
	expect_set(1, 1, 2, 255);
	cp_consumer_pause(c, true, done);
	answer_all();
	expect_set(2, 1, 2, 255);
	cp_consumer_request_keyframe(c, done);
	answer_all();
	expect_set(3, 1, 2, 255);
	cp_consumer_prefer_layers(c, SH_LAYER_ANY, SH_LAYER_ANY, done);
	answer_all();
	expect_set(4, SH_LAYER_ANY, SH_LAYER_ANY, 255);
	assert_int_equal(w.cmd[4].consumer_set.paused, 1);
	assert_true(c->paused);
}

static void a_layer_that_does_not_exist_means_the_highest(void **state)
{
	struct cp_consumer *c = simulcast_consumer();

	cp_consumer_prefer_layers(c, 3, 3, done);
	answer_all();
	expect_set(0, 2, 2, 1);
	cp_consumer_prefer_layers(c, SH_LAYER_ANY - 1, 0, done);
	answer_all();
	expect_set(1, 2, 0, 1);
}

static void what_the_data_plane_refuses_is_not_kept(void **state)
{
	struct cp_consumer *c = simulcast_consumer();

	w.error = EINVAL;
	cp_consumer_prefer_layers(c, 0, 0, done);
	answer_all();
	assert_true(w.failed);
	cp_transport_limit(recv, 5, done);
	answer_all();
	assert_true(w.failed);
	assert_int_equal(recv->max_bps, 0);
	w.error = 0;
	cp_consumer_pause(c, true, done);
	answer_all();
	expect_set(2, SH_LAYER_ANY, SH_LAYER_ANY, 1);
}

static void one_layer_leaves_no_choice(void **state)
{
	struct cp_producer *p = produce(transport(join("r", "a"), CP_PURPOSE_SEND), "video");
	struct cp_consumer *c = consume(transport(join("r", "b"), CP_PURPOSE_RECV), p);

	w.cmds = 0;
	cp_consumer_prefer_layers(c, 0, 0, done);
	expect_fault(CP_UNSUPPORTED, "consumerId");
	assert_int_equal(w.cmds, 0);
	cp_consumer_set_priority(c, 7, done);
	answer_all();
	assert_false(w.failed);
	expect_set(0, SH_LAYER_ANY, SH_LAYER_ANY, 7);
}

static void a_limit_is_of_a_transport_to_receive(void **state)
{
	struct cp_consumer *c = simulcast_consumer();

	cp_transport_limit(c->producer->transport, 5, done);
	expect_fault(CP_BAD_REQUEST, "transportId");
	assert_int_equal(w.cmds, 0);
	cp_transport_limit(recv, 5000000000, done);
	answer_all();
	assert_false(w.failed);
	assert_int_equal(w.cmds, 1);
	assert_int_equal(w.cmd[0].op, SH_OP_TRANSPORT_SET);
	assert_true(w.cmd[0].id == recv->dp_id);
	assert_true(w.cmd[0].transport_set.max_bps == 5000000000);
	assert_true(recv->max_bps == 5000000000);
}

/* mediasoup-client makes a consumer of the probator with the first one of video. */
static void video_may_be_probed_by_the_probator(void **state)
{
	struct cp_transport *send = transport(join("r", "a"), CP_PURPOSE_SEND);
	struct cp_producer *video = produce(send, "video"), *audio = produce(send, "audio");

	recv = transport(join("r", "b"), CP_PURPOSE_RECV);
	w.cmds = 0;
	consume(recv, video);
	consume(recv, audio);
	assert_int_equal(w.cmd[0].consumer_add.flags & SH_CONSUMER_PROBATOR, SH_CONSUMER_PROBATOR);
	assert_int_equal(w.cmd[1].consumer_add.flags & SH_CONSUMER_PROBATOR, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_command_carries_all_wishes),
		TEST(a_layer_that_does_not_exist_means_the_highest),
		TEST(what_the_data_plane_refuses_is_not_kept),
		TEST(one_layer_leaves_no_choice),
		TEST(a_limit_is_of_a_transport_to_receive),
		TEST(video_may_be_probed_by_the_probator),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
