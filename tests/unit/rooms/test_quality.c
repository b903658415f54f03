/* SPDX-License-Identifier: Apache-2.0 */

/* What viewers are told of layers and scores, when, and how much at a time. */

#include "controlplane/rooms/quality.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

#define TWO "{\"rid\":\"r0\"},{\"rid\":\"r1\"}"

static struct cp_producer *p;
static struct cp_encoding_sample sample[SH_MAX_ENCODINGS];

/* A producer of two encodings that are on the air. */
static void produce_two(void)
{
	begin_encodings(transport(join("r", "a"), CP_PURPOSE_SEND), "0", TWO, false);
	answer_all();
	p = w.object;
	for (uint8_t i = 0; i < 2; i++)
		sample[i] = (struct cp_encoding_sample){
			.found = true, .bitrate = 100000u * (i + 1), .spatial = i, .active = true};
}

/* A second in which each encoding got that many packets. */
static void second(uint64_t packets)
{
	for (unsigned i = 0; i < 2; i++)
		sample[i].packets += packets;
	cp_producer_sample(p, sample);
	pass(1000);
}

static struct cp_consumer *watch(const char *name)
{
	struct cp_consumer *c = consume(transport(join("r", name), CP_PURPOSE_RECV), p);

	pass(10);
	return c;
}

static void report(const struct cp_consumer *c, uint8_t spatial, uint8_t temporal)
{
	const struct sh_layers layers = {.spatial = spatial, .temporal = temporal};

	cp_model_layers_changed(&w.model, c->dp_id, &layers);
}

static void layers_are_told_after_consume_and_on_change(void **state)
{
	produce_two();
	watch("b");
	expect_heard("b:layers");
	assert_false(p->quality.told[0].active); /* nothing is known yet */
	second(10);
	expect_heard("b:layers");
	assert_true(p->quality.told[1].active);
	assert_int_equal(p->quality.told[1].bitrate, 200000);
	second(10);
	expect_heard("");
	sample[1].active = false;
	second(10);
	expect_heard("b:layers");
	sample[1].active = true;
	sample[0].width = 320;
	sample[0].height = 180;
	second(10);
	expect_heard("b:layers");
	assert_int_equal(p->quality.told[0].height, 180);
	watch("c");
	expect_heard("c:layers");
}

static void bitrates_alone_are_told_seldom(void **state)
{
	produce_two();
	watch("b");
	second(10);
	w.heard[0] = '\0';
	sample[0].bitrate = 140000; /* less than half as much again */
	for (unsigned i = 0; i < 10; i++)
		second(10);
	expect_heard("");
	sample[0].bitrate = 160000;
	second(10);
	expect_heard("b:layers");
	for (unsigned i = 0; i < 4; i++) {
		sample[0].bitrate = i % 2 ? 50000 : 500000;
		second(10);
		expect_heard("");
	}
	second(10);
	expect_heard("b:layers");
}

/* OBS calls its largest encoding 0. */
static void layers_are_ordered_as_the_data_plane_orders_them(void **state)
{
	struct cp_consumer *c;

	produce_two();
	sample[0].spatial = 1;
	sample[1].spatial = 0;
	second(10);
	c = watch("b");
	assert_int_equal(p->quality.told[0].bitrate, 200000);
	assert_int_equal(p->quality.told[1].bitrate, 100000);
	/* The score of what it gets is that of the encoding in this place. */
	for (unsigned i = 0; i < 40; i++) {
		sample[0].lost += 10;
		second(10);
	}
	report(c, 1, 0);
	assert_int_equal(cp_consumer_producer_score(c), 0);
	report(c, 0, 0);
	assert_int_equal(cp_consumer_producer_score(c), 10);
	report(c, SH_LAYER_ANY, SH_LAYER_ANY);
	assert_int_equal(cp_consumer_producer_score(c), 0);
}

static void the_lower_layers_of_svc_are_smaller(void **state)
{
	produce_two();
	p->signalled.count = 1; /* as if it were one encoding of L3T1 */
	p->consumable.type = CP_STREAM_SVC;
	p->consumable.spatial_layers = 3;
	sample[0].width = 1280;
	sample[0].height = 720;
	second(10);
	assert_int_equal(p->quality.told[2].height, 720);
	assert_int_equal(p->quality.told[1].width, 640);
	assert_int_equal(p->quality.told[0].height, 180);
	assert_true(p->quality.told[2].measured);
	assert_false(p->quality.told[1].measured);
	strcpy(p->consumable.scalability, "L3T1h");
	sample[0].width = 1440;
	second(10);
	assert_int_equal(p->quality.told[1].width, 960);
	assert_int_equal(p->quality.told[0].width, 640);
	p->signalled.count = 2;
}

/* An encoder that leaves out its highest layer: the others go on, with rates of their own. */
static void each_layer_of_svc_has_its_rate(void **state)
{
	produce_two();
	p->signalled.count = 1; /* as if it were one encoding of L3T1 */
	p->consumable.type = CP_STREAM_SVC;
	p->consumable.spatial_layers = 3;
	sample[0].width = 1280;
	sample[0].height = 720;
	sample[0].active = true;
	sample[0].layers = 3;
	for (unsigned i = 0; i < 3; i++) {
		sample[0].layer[i].active = true;
		sample[0].layer[i].bitrate = 100000u << i;
	}
	sample[0].layer[0].width = 426;
	sample[0].layer[0].height = 240;
	second(10);
	assert_int_equal(p->quality.told[0].width, 426);
	assert_int_equal(p->quality.told[1].width, 640); /* its own is not known */
	for (unsigned i = 0; i < 3; i++) {
		assert_true(p->quality.told[i].active);
		assert_true(p->quality.told[i].measured);
		assert_int_equal(p->quality.told[i].bitrate, 100000u << i);
	}
	sample[0].layer[2].active = false;
	second(10);
	assert_false(p->quality.told[2].active);
	assert_int_equal(p->quality.told[2].bitrate, 0);
	assert_true(p->quality.told[1].active);
	sample[0].active = false; /* all of it has stopped */
	second(10);
	assert_false(p->quality.told[1].active);
	p->signalled.count = 2;
}

static void a_change_of_layers_is_told_once(void **state)
{
	struct cp_consumer *b, *c;

	produce_two();
	second(10);
	b = watch("b");
	c = watch("c");
	w.heard[0] = '\0';
	report(b, 1, 2);
	expect_heard(""); /* not from within the event */
	pass(10);
	expect_heard("b:layers-changed");
	assert_int_equal(b->quality.told_spatial, 1);
	assert_int_equal(b->quality.told_temporal, 2);
	report(b, 1, 2);
	pass(10);
	expect_heard("");
	report(b, 0, 0);
	report(b, 1, 2); /* and back before it was told */
	report(c, 0, 0);
	pass(10);
	expect_heard("c:layers-changed");
	report(b, SH_LAYER_ANY, SH_LAYER_ANY);
	pass(10);
	expect_heard("b:layers-changed");
	cp_model_layers_changed(&w.model, 12345, &b->quality.layers); /* nobody's */
}

static void scores_are_told_when_they_change(void **state)
{
	struct cp_consumer_sample got = {.packets = 0};
	struct cp_consumer *c;

	produce_two();
	second(10);
	c = watch("b");
	w.heard[0] = '\0';
	second(10);
	cp_consumer_sample(c, &got);
	pass(10);
	expect_heard("");
	sample[0].lost += 10;
	second(10);
	expect_heard("b:score");
	got.packets = 100;
	got.lost = 100;
	cp_consumer_sample(c, &got);
	pass(10);
	expect_heard("b:score");
	assert_int_equal(cp_score_value(&c->quality.score), 9);
	/* Silence is the end of a source, unless it is paused. */
	cp_producer_pause(p, true, done);
	answer_all();
	for (unsigned i = 0; i < 5; i++)
		second(0);
	expect_heard("b:paused");
	cp_producer_pause(p, false, done);
	answer_all();
	w.heard[0] = '\0';
	second(0);
	expect_heard("");
	second(0);
	expect_heard("b:score");
	assert_int_equal(cp_score_value(&p->encoding[1].score), 0);
}

/* A large audience is told bit by bit, within the allowance of all notices. */
static void an_audience_is_told_in_slices(void **state)
{
	enum { VIEWERS = 600 };
	unsigned heard = 0, turns;

	w.config.limit.share_percent = 100;
	w.config.limit.notices_per_second = 1000;
	produce_two();
	for (unsigned i = 0; i < VIEWERS; i++) {
		consume(transport(join("r", "v"), CP_PURPOSE_RECV), p);
		pass(5);
	}
	pass(2000);
	w.heard[0] = '\0';
	cp_producer_sample(p, sample);
	turns = pass(1);
	for (const char *s = w.heard; (s = strstr(s, "layers")); s++)
		heard++;
	assert_int_equal(heard, 256);
	assert_in_range(turns, 1, 2);
	w.heard[0] = '\0';
	pass(1000);
	assert_false(cp_quality_is_due(&w.model));
}

/* Whoever goes while the others are told is not told, and nothing is left of it. */
static void who_goes_is_forgotten(void **state)
{
	struct cp_consumer *b, *c;

	produce_two();
	second(10);
	b = watch("b");
	c = watch("c");
	watch("d");
	w.heard[0] = '\0';
	sample[0].active = false;
	cp_producer_sample(p, sample);
	report(b, 0, 0);
	cp_consumer_close(b);
	pass(10);
	expect_heard("c:layers d:layers");
	sample[0].active = true;
	cp_producer_sample(p, sample);
	report(c, 0, 0);
	cp_producer_close(p);
	pass(10);
	assert_null(strstr(w.heard, "layers"));
	assert_false(cp_quality_is_due(&w.model));
	assert_int_equal(w.model.consumers_by_dp_id.count, 0);
}

static void a_closing_room_is_not_told(void **state)
{
	struct cp_consumer *c;

	produce_two();
	second(10);
	c = watch("b");
	w.heard[0] = '\0';
	report(c, 0, 0);
	cp_room_close(c->transport->peer->room, "test");
	pass(1000);
	expect_heard("a:room-closed b:room-closed");
}

static void one_layer_is_not_told(void **state)
{
	p = produce(transport(join("r", "a"), CP_PURPOSE_SEND), "video");
	sample[0] = (struct cp_encoding_sample){.found = true, .bitrate = 5, .active = true};
	watch("b");
	second(10);
	expect_heard("");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(layers_are_told_after_consume_and_on_change),
		TEST(bitrates_alone_are_told_seldom),
		TEST(layers_are_ordered_as_the_data_plane_orders_them),
		TEST(the_lower_layers_of_svc_are_smaller),
		TEST(each_layer_of_svc_has_its_rate),
		TEST(a_change_of_layers_is_told_once),
		TEST(scores_are_told_when_they_change),
		TEST(an_audience_is_told_in_slices),
		TEST(who_goes_is_forgotten),
		TEST(a_closing_room_is_not_told),
		TEST(one_layer_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
