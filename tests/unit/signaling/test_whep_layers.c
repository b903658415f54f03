/* SPDX-License-Identifier: Apache-2.0 */

/* What a player chooses and is told: layers, pauses, events. */

#include "tests/unit/signaling/whip_world.h"

#include <errno.h>
#include <string.h>

#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whep_layers.h"

/* The last command that sets a consumer. */
static const struct sh_consumer_set *consumer_set(void)
{
	for (unsigned i = w.cmds; i-- > 0;)
		if (w.cmd[i].op == SH_OP_CONSUMER_SET)
			return &w.cmd[i].consumer_set;
	return NULL;
}

static int choose(const char *body)
{
	int error = cp_whep_choose_layers(whip, body, strlen(body), &failure);

	settle();
	return error;
}

/* A RID is the layer of its encoding, smaller than all others or not: OBS names the largest "0". */
static void a_player_chooses_layers(void **state)
{
	struct cp_whip *publisher;
	struct cp_producer *p;

	assert_int_equal(publish("obs-32-3"), 0);
	settle();
	publisher = whip;
	p = TAILQ_FIRST(&TAILQ_FIRST(&publisher->session->peer->transports)->producers);
	if (p->consumable.kind != SH_KIND_VIDEO)
		p = TAILQ_NEXT(p, on_transport);
	for (uint8_t i = 0; i < 3; i++)
		p->quality.encoding_of[i] = 2 - i;
	assert_int_equal(play(&viewer), 0);
	settle();
	assert_int_equal(choose("{\"rid\":\"0\"}"), 0);
	assert_int_equal(consumer_set()->wishes.spatial, 2);
	assert_int_equal(consumer_set()->wishes.temporal, SH_LAYER_ANY);
	assert_int_equal(choose("{\"mediaId\":\"0\",\"spatialLayerId\":1}"), 0);
	assert_int_equal(consumer_set()->wishes.spatial, 1);
	p->quality.layer[0] = (struct cp_layer){.width = 320, .height = 180};
	p->quality.layer[1] = (struct cp_layer){.width = 640, .height = 360};
	assert_int_equal(choose("{\"maxWidth\":700}"), 0);
	assert_int_equal(consumer_set()->wishes.spatial, 1);
	assert_int_equal(choose("{\"maxHeight\":200}"), 0);
	assert_int_equal(consumer_set()->wishes.spatial, 0);
	assert_int_equal(choose("{}"), 0);
	assert_int_equal(consumer_set()->wishes.spatial, SH_LAYER_ANY);
	assert_int_equal(choose("{\"rid\":\"7\"}"), ENOTSUP);
	assert_int_not_equal(choose("{\"spatialLayerId\":0.5}"), 0);
	assert_int_not_equal(choose("[1"), 0);
	assert_int_equal(ended, 0);
	cp_whip_free(whip);
	whip = publisher;
}

/* A storm of choices that the data plane does not acknowledge grows no queue. */
static void choices_that_wait_are_limited(void **state)
{
	struct cp_whip *publisher;
	unsigned accepted = 0;

	assert_int_equal(publish("obs-32-3"), 0);
	settle();
	publisher = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	w.hold = true;
	while (cp_whep_choose_layers(whip, "{}", 2, &failure) == 0)
		assert_true(++accepted < 20);
	assert_int_equal(failure.code, CP_TOO_MANY);
	assert_int_equal(ended, 0);
	w.hold = false;
	settle();
	assert_int_equal(choose("{}"), 0);
	cp_whip_free(whip);
	whip = publisher;
}

static void a_player_is_told_of_pauses(void **state)
{
	struct cp_whip *publisher;
	struct cp_producer *p;

	publish_all();
	publisher = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	assert_true(cp_whep_is_active(whip));
	assert_int_equal(cp_whep_viewers(whip), 1);
	TAILQ_FOREACH(p, &TAILQ_FIRST(&publisher->session->peer->transports)->producers, on_transport)
	{
		assert_true(cp_whep_is_active(whip));
		cp_producer_pause(p, true, done);
		settle();
	}
	pass(1000);
	assert_false(cp_whep_is_active(whip));
	assert_int_equal(changed, 1u << CP_WHEP_ACTIVE | 1u << CP_WHEP_INACTIVE);
	cp_whip_free(whip);
	whip = publisher;
}

static void only_known_events_can_be_asked_for(void **state)
{
	unsigned all = (1u << CP_WHEP_EVENTS) - 1, wanted;

	assert_int_equal(cp_whep_events_read(&wanted, "", 0, &failure), 0);
	assert_int_equal(wanted, all);
	assert_int_equal(cp_whep_events_read(&wanted, "[\"layers\",\"layers\"]", 19, &failure), 0);
	assert_int_equal(wanted, 1u << CP_WHEP_LAYERS);
	assert_int_equal(cp_whep_events_read(&wanted, "[]", 2, &failure), 0);
	assert_int_equal(wanted, 0);
	assert_int_equal(cp_whep_events_read(&wanted, "[\"scte35\"]", 10, &failure), EINVAL);
	assert_int_equal(cp_whep_events_read(&wanted, "{}", 2, &failure), EINVAL);
	assert_int_equal(cp_whep_events_read(&wanted, "x", 1, &failure), EINVAL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, whip_make, whip_end)
	const struct CMUnitTest tests[] = {
		T(a_player_chooses_layers),
		T(choices_that_wait_are_limited),
		T(a_player_is_told_of_pauses),
		T(only_known_events_can_be_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
