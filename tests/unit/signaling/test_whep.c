/* SPDX-License-Identifier: Apache-2.0 */

/* WHEP sessions: which streams a player gets, when they come later, end, and come back. */

#include "tests/unit/signaling/whip_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whip_play.h"

static void a_player_needs_a_publisher(void **state)
{
	struct client *c;
	struct cp_fault fault;

	assert_int_not_equal(play(&viewer), 0);
	assert_int_equal(failure.code, CP_CONFLICT);
	assert_null(whip);
	assert_int_equal(w.model.rooms.count, 0);
	c = open_client(&cp_json_dialect, "ben");
	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	assert_int_not_equal(play(&viewer), 0); /* a room without producers is no better */
	assert_int_equal(failure.code, CP_CONFLICT);
	close_client(c);
}

/* The command of the last consumer of that kind, by its payload type. */
static const struct sh_consumer_add *consumer_with(uint8_t pt)
{
	for (unsigned i = w.cmds; i-- > 0;)
		if (w.cmd[i].op == SH_OP_CONSUMER_ADD && w.cmd[i].consumer_add.pt == pt)
			return &w.cmd[i].consumer_add;
	return NULL;
}

/* Payload types, ids and MIDs are those of Chromium's offer, not the router's. */
static void a_player_gets_both_streams_as_it_offered(void **state)
{
	const struct sh_consumer_add *video, *audio;
	struct cp_whip *publisher;
	char line[64];

	publish_all();
	publisher = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	assert_int_equal(created, 2);
	assert_int_equal(w.model.consumers.count, 2);
	audio = consumer_with(111);
	video = consumer_with(108);
	assert_non_null(audio);
	assert_non_null(video);
	assert_int_equal(video->rtx_pt, 109);
	assert_int_equal(video->ext_id[SH_EXT_ABS_SEND_TIME], 2);
	assert_int_equal(video->wishes.spatial, SH_LAYER_ANY);
	assert_int_equal(video->flags & (SH_CONSUMER_PAUSED | SH_CONSUMER_PROBATOR), 0);
	assert_memory_equal(video->mid, "0", 1);
	assert_memory_equal(audio->mid, "1", 1);
	snprintf(line, sizeof(line), "\r\na=ssrc-group:FID %u %u\r\n", video->ssrc, video->rtx_ssrc);
	assert_non_null(strstr(whip->answer, line));
	snprintf(line, sizeof(line), "\r\na=ssrc:%u cname:%s\r\n", audio->ssrc,
		publisher->session->peer->cname);
	assert_non_null(strstr(whip->answer, line));
	assert_false(whip->session->peer->host);
	cp_whip_free(whip);
	whip = publisher;
	settle();
	assert_int_equal(w.model.consumers.count, 0);
	assert_int_equal(w.model.producers.count, 2);
}

/* A browser host that publishes in the room: its transport. */
static struct cp_transport *open_host(struct client **c, const char *user)
{
	struct cp_fault fault;

	*c = open_client(&cp_json_dialect, user);
	assert_int_equal(cp_session_join((*c)->session, "r", &fault), 0);
	return transport((*c)->session->peer, CP_PURPOSE_SEND);
}

/* The SSRC that the answer names in the section of that kind. */
static uint32_t answered_ssrc(const char *section)
{
	static const char line[] = "\r\na=ssrc:";
	const char *at = strstr(whip->answer, section);

	at = at ? strstr(at, line) : NULL;
	assert_non_null(at);
	return (uint32_t)strtoul(at + strlen(line), NULL, 10);
}

/* A host creates its producers one after the other: a player that comes in between gets both. */
static void a_player_gets_what_its_publisher_adds(void **state)
{
	struct client *c;
	struct cp_transport *t = open_host(&c, "ben");
	const struct sh_consumer_add *video;
	uint32_t ssrc;
	char line[64];

	produce(t, "audio");
	assert_int_equal(play(&viewer), 0);
	settle();
	assert_int_equal(created, 1);
	assert_int_equal(w.model.consumers.count, 1);
	assert_null(strstr(whip->answer, "a=inactive"));
	ssrc = answered_ssrc("m=video");
	assert_false(changed & 1u << CP_WHEP_LAYERS);
	produce(t, "video");
	pass(100);
	settle();
	assert_int_equal(w.model.consumers.count, 2);
	video = consumer_with(96);
	assert_non_null(video);
	assert_int_equal(video->ssrc, ssrc);
	snprintf(line, sizeof(line), "\r\na=ssrc-group:FID %u %u\r\n", ssrc, video->rtx_ssrc);
	assert_non_null(strstr(whip->answer, line));
	assert_int_equal(video->rtx_pt, 97);
	assert_int_equal(video->flags, SH_CONSUMER_NACK | SH_CONSUMER_CONTINUES);
	assert_memory_equal(video->mid, "0", 1);
	assert_true(changed & 1u << CP_WHEP_LAYERS);
	assert_int_equal(ended, 0);
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

/* No news comes of what has begun while the session was created. */
static void what_begins_before_the_answer_is_bound_after_it(void **state)
{
	struct client *c;
	struct cp_transport *t = open_host(&c, "ben");

	produce(t, "video");
	w.hold = true;
	assert_int_equal(play(&viewer), 0);
	begin_produce(t, "audio", false);
	w.hold = false;
	settle();
	pass(100);
	settle();
	assert_int_equal(created, 1);
	assert_int_equal(w.model.consumers.count, 2);
	assert_int_equal(consumer_with(111)->ssrc, answered_ssrc("m=audio"));
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

/* Audio and video are of one peer: only their times belong together. */
static void what_others_publish_is_not_added(void **state)
{
	struct client *c, *other;
	struct cp_transport *t = open_host(&c, "ben"), *theirs = open_host(&other, "carl");

	produce(t, "audio");
	assert_int_equal(play(&viewer), 0);
	settle();
	produce(theirs, "video");
	pass(100);
	settle();
	assert_int_equal(w.model.consumers.count, 1);
	produce(t, "video");
	pass(100);
	settle();
	assert_int_equal(w.model.consumers.count, 2);
	close_client(other);
	pass(1000);
	assert_int_equal(ended, 0);
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

/* The stream ends before the data plane has acknowledged its consumer; the next one is bound. */
static void a_stream_that_ends_while_it_is_bound_ends_nothing(void **state)
{
	struct client *c;
	struct cp_transport *t = open_host(&c, "ben");
	struct cp_producer *p;

	produce(t, "audio");
	assert_int_equal(play(&viewer), 0);
	settle();
	p = produce(t, "video");
	w.hold = true;
	cp_signaling_run(the_signaling());
	assert_int_equal(w.pendings, 2); /* the consumer's creation, and its blob */
	cp_producer_close(p);
	w.hold = false;
	settle();
	pass(100);
	settle();
	assert_int_equal(ended + failed, 0);
	assert_int_equal(w.model.consumers.count, 1);
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

/* Nobody publishes any more, and the room closes after its grace time. */
static void a_player_ends_with_its_room(void **state)
{
	struct cp_whip *publisher;

	publish_all();
	publisher = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	cp_whip_free(publisher);
	pass(1000);
	assert_int_equal(ended, 0);
	assert_false(cp_whip_play_any(whip));
	assert_false(cp_whep_is_active(whip));
	pass(w.config.rooms.grace_s * 1000);
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "its last host left");
	nothing_is_left();
}

/* How many consumers were added with that SSRC, each of which goes on from the one before. */
static unsigned consumers_of(uint32_t ssrc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < w.cmds; i++) {
		const struct sh_consumer_add *add = &w.cmd[i].consumer_add;

		if (w.cmd[i].op != SH_OP_CONSUMER_ADD || add->ssrc != ssrc)
			continue;
		assert_true(add->flags & SH_CONSUMER_CONTINUES);
		n++;
	}
	return n;
}

static void a_player_is_bound_again_on_the_same_ssrc(void **state)
{
	struct client *c;
	struct cp_transport *t = open_host(&c, "ben");
	struct sh_consumer_add first;
	struct cp_producer *p;

	produce(t, "audio");
	p = produce(t, "video");
	assert_int_equal(play(&viewer), 0);
	settle();
	first = *consumer_with(96);
	for (unsigned round = 1; round <= 3; round++) {
		changed = 0;
		cp_producer_close(p);
		pass(100);
		settle();
		assert_int_equal(w.model.consumers.count, 1);
		assert_true(changed & 1u << CP_WHEP_INACTIVE);
		p = produce(t, "video");
		pass(100);
		settle();
		assert_int_equal(w.model.consumers.count, 2);
		assert_int_equal(consumers_of(first.ssrc), round + 1);
		first.producer = consumer_with(96)->producer;
		assert_memory_equal(consumer_with(96), &first, sizeof(first));
	}
	assert_int_equal(ended, 0);
	assert_true(cp_whep_is_active(whip));
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

/* OBS is started again: its old session is taken over, and the players stay. */
static void a_player_follows_a_user(void **state)
{
	struct cp_whip *first, *player;
	uint32_t audio, video;

	publish_all();
	first = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	player = whip;
	audio = answered_ssrc("m=audio");
	video = answered_ssrc("m=video");
	assert_int_equal(publish("obs-30.1"), 0);
	settle();
	pass(100);
	settle();
	assert_int_equal(ended, 1); /* the publisher's first session */
	assert_int_equal(w.model.consumers.count, 2);
	assert_int_equal(consumers_of(audio), 2);
	assert_int_equal(consumers_of(video), 2);
	cp_whip_free(first);
	cp_whip_free(player);
}

/* Another publisher is none that comes back; it is right when the owner says so. */
static void a_player_follows_others_only_when_it_may(void **state)
{
	struct client *c, *other;
	struct cp_transport *t = open_host(&c, "ben"), *theirs = open_host(&other, "carl");

	produce(t, "audio");
	produce(t, "video");
	produce(theirs, "video");
	produce(theirs, "audio");
	assert_int_equal(play(&viewer), 0);
	settle();
	close_client(c);
	pass(1000);
	settle();
	assert_int_equal(w.model.consumers.count, 0);
	cp_whip_play_anybody(whip);
	settle();
	assert_int_equal(w.model.consumers.count, 2);
	assert_int_equal(consumers_of(answered_ssrc("m=audio")), 2);
	assert_int_equal(consumers_of(answered_ssrc("m=video")), 2);
	assert_false(whip->player.anybody);
	assert_int_equal(ended, 0);
	cp_whip_free(whip);
	whip = NULL;
	close_client(other);
}

/* The first publisher sends H264, and the answer has no VP8; the offer has. */
static void another_codec_needs_another_answer(void **state)
{
	struct client *c;
	struct cp_whip *publisher;
	struct cp_transport *t;

	publish_all();
	publisher = whip;
	assert_int_equal(play(&viewer), 0);
	settle();
	cp_whip_free(publisher);
	t = open_host(&c, "anna");
	produce(t, "audio");
	pass(100);
	settle();
	assert_int_equal(ended, 0);
	assert_int_equal(w.model.consumers.count, 1);
	produce(t, "video");
	pass(100);
	settle();
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "the publisher's codec is not in the answer: play again");
	assert_true(whip->stream_over);
	cp_whip_free(whip);
	whip = NULL;
	close_client(c);
}

static void who_may_not_subscribe_does_not_play(void **state)
{
	const struct cp_grant grant = {.publish = true};
	struct cp_whip *publisher;

	publish_all();
	publisher = whip;
	assert_int_not_equal(play(&grant), 0);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_ptr_equal(whip, publisher);
}

/* The publisher leaves while the data plane is asked for the player's transport. */
static void a_publisher_that_stops_meanwhile_fails_it_once(void **state)
{
	struct cp_whip *publisher;

	publish_all();
	publisher = whip;
	w.hold = true;
	assert_int_equal(play(&viewer), 0);
	cp_whip_free(publisher);
	w.hold = false;
	settle();
	assert_int_equal(failed, 1);
	assert_int_equal(failure.code, CP_CONFLICT);
	nothing_is_left();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, whip_make, whip_end)
	const struct CMUnitTest tests[] = {
		T(a_player_needs_a_publisher),
		T(a_player_gets_both_streams_as_it_offered),
		T(a_player_gets_what_its_publisher_adds),
		T(what_begins_before_the_answer_is_bound_after_it),
		T(what_others_publish_is_not_added),
		T(a_stream_that_ends_while_it_is_bound_ends_nothing),
		T(a_player_ends_with_its_room),
		T(a_player_is_bound_again_on_the_same_ssrc),
		T(a_player_follows_a_user),
		T(a_player_follows_others_only_when_it_may),
		T(another_codec_needs_another_answer),
		T(who_may_not_subscribe_does_not_play),
		T(a_publisher_that_stops_meanwhile_fails_it_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
