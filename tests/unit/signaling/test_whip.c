/* SPDX-License-Identifier: Apache-2.0 */

/* WHIP and WHEP sessions: all or nothing, and no session survives what it is made of. */

#include "tests/unit/signaling/clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whep_layers.h"
#include "controlplane/signaling/whip.h"
#include "controlplane/signaling/whip_play.h"

static struct cp_bridge bridge;
static struct cp_whip *whip;
static struct cp_fault failure;
static unsigned created, failed, ended;
static unsigned changed; /* the events that were told, a bit for each */
static char end_reason[96];

/* --- the world ------------------------------------------------------------------------------- */

static cJSON *transport_parameters(void *arg, const struct cp_transport *t)
{
	return cJSON_Parse("{\"iceParameters\":{\"usernameFragment\":\"server\",\"password\":\"secret\"},"
			   "\"iceCandidates\":[{\"foundation\":\"f\",\"priority\":1,\"ip\":\"192.0.2.1\","
			   "\"protocol\":\"udp\",\"port\":20000,\"type\":\"host\"}],"
			   "\"dtlsParameters\":{\"fingerprints\":[{\"algorithm\":\"sha-256\",\"value\":"
			   "\"AA\"}]}}");
}

static int make(void **state)
{
	int error = clients_make(state);

	bridge = *w.model.bridge;
	bridge.transport_parameters = transport_parameters;
	w.model.bridge = &bridge;
	whip = NULL;
	created = failed = ended = changed = 0;
	return error;
}

static int end(void **state)
{
	if (whip)
		cp_whip_free(whip);
	return clients_end(state);
}

static void on_created(struct cp_whip *s, const struct cp_fault *fault)
{
	if (fault)
		failure = *fault;
	*(fault ? &failed : &created) += 1;
}

static void on_ended(struct cp_whip *s, const char *reason)
{
	snprintf(end_reason, sizeof(end_reason), "%s", reason);
	ended++;
}

static void on_changed(struct cp_whip *s, unsigned events)
{
	changed |= events;
}

static const struct cp_whip_calls calls = {.created = on_created, .ended = on_ended, .changed = on_changed};

static void load(char out[8192], const char *name)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "../sdp/data/%s.sdp", name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(out, 1, 8191, f);
	fclose(f);
	out[len] = '\0';
}

static int publish_with(const struct cp_grant *grant, const char *room, const char *name)
{
	const struct cp_whip_client client = {.use = CP_SDP_PUBLISH,
		.room = room,
		.ip = "127.0.0.1",
		.address = the_address(),
		.grant = grant};
	char text[8192];

	load(text, name);
	return cp_whip_create(&whip, the_signaling(), &client, text, strlen(text), &calls, NULL, &failure);
}

static int publish(const char *name)
{
	const struct cp_grant grant = {.publish = true, .subscribe = true, .user = "anna"};

	return publish_with(&grant, "r", name);
}

static void publish_all(void)
{
	assert_int_equal(publish("obs-30.1"), 0);
	settle();
	assert_int_equal(created, 1);
}

static void nothing_is_left(void)
{
	if (whip)
		cp_whip_free(whip);
	whip = NULL;
	settle();
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.transports.count, 0);
	assert_int_equal(w.model.producers.count, 0);
	assert_int_equal(w.opened, w.closed);
}

/* --- creation -------------------------------------------------------------------------------- */

static void one_request_creates_everything(void **state)
{
	publish_all();
	assert_int_equal(failed, 0);
	assert_int_equal(w.opened, 1);
	assert_int_equal(w.connected, 1);
	assert_int_equal(w.model.producers.count, 2);
	assert_non_null(strstr(whip->answer, "\r\na=ice-ufrag:server\r\n"));
	assert_int_equal(whip->session->peer->host, true);
}

/* Each step begins when the data plane has acknowledged the one before. */
static void steps_wait_for_the_data_plane(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	assert_int_equal(w.pendings, 1);
	assert_int_equal(w.model.producers.count, 0);
	assert_int_equal(created, 0);
	w.hold = false;
	settle();
	assert_int_equal(created, 1);
}

static void an_offer_that_is_refused_creates_nothing(void **state)
{
	assert_int_not_equal(publish("chromium-whep"), 0);
	assert_int_equal(failure.code, CP_UNSUPPORTED);
	assert_null(whip);
	assert_int_equal(created + failed, 0);
	nothing_is_left();
}

/* OBS stops when one of its encodings is not accepted, or their order is another. */
static void all_encodings_of_simulcast_are_published(void **state)
{
	const struct cp_producer *p;

	assert_int_equal(publish("obs-32-3"), 0);
	settle();
	assert_int_equal(created, 1);
	assert_non_null(strstr(whip->answer, "\r\na=simulcast:recv 0;1;2\r\n"));
	p = TAILQ_FIRST(&TAILQ_FIRST(&whip->session->peer->transports)->producers);
	p = p->consumable.kind == SH_KIND_VIDEO ? p : TAILQ_NEXT(p, on_transport);
	assert_int_equal(p->signalled.count, 3);
	assert_int_equal(p->consumable.type, CP_STREAM_SIMULCAST);
}

static void who_may_not_publish_makes_no_room(void **state)
{
	const struct cp_grant grant = {.publish = false, .subscribe = true};
	const struct cp_grant other = {.publish = true, .room = "other"};

	assert_int_not_equal(publish_with(&grant, "r", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_int_not_equal(publish_with(&other, "r", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_int_not_equal(publish_with(&(struct cp_grant){.publish = true}, "", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_BAD_REQUEST);
	nothing_is_left();
}

static void without_a_data_plane_it_is_unavailable(void **state)
{
	w.up = false;
	assert_int_not_equal(publish("obs-30.1"), 0);
	assert_int_equal(failure.code, CP_UNAVAILABLE);
	nothing_is_left();
	w.up = true;
}

static void a_data_plane_that_is_full_fails_it_once(void **state)
{
	w.error = ENOSPC;
	assert_int_equal(publish("obs-30.1"), 0);
	settle();
	assert_int_equal(failed, 1);
	assert_int_equal(created, 0);
	w.error = 0;
	nothing_is_left();
}

/* The data plane acknowledges the transport and refuses the first producer. */
static void a_producer_that_fails_takes_the_transport_along(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	answer_all();
	w.error = ENOSPC;
	w.hold = false;
	settle();
	assert_int_equal(failed, 1);
	assert_int_equal(w.model.producers.count, 0);
	w.error = 0;
	nothing_is_left();
}

/* As for clients of signaling. */
static void an_address_has_a_budget_of_handshakes(void **state)
{
	limit_handshakes(1);
	for (unsigned i = 0; i < 11; i++) {
		assert_int_equal(publish("obs-30.1"), 0);
		settle();
		assert_int_equal(created, i < 10 ? i + 1 : 10);
		cp_whip_free(whip);
	}
	whip = NULL;
	assert_int_equal(failed, 1);
	assert_int_equal(failure.code, CP_TOO_MANY);
	assert_int_equal(refused(CP_REFUSED_HANDSHAKES), 1);
	nothing_is_left();
}

/* The client closes its connection while the data plane is asked. */
static void an_abandoned_creation_leaves_nothing(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	cp_whip_free(whip);
	whip = NULL;
	w.hold = false;
	settle();
	assert_int_equal(created + failed + ended, 0);
	nothing_is_left();
}

/* --- the end --------------------------------------------------------------------------------- */

static void it_ends_with_its_transport(void **state)
{
	publish_all();
	cp_transport_fail(TAILQ_FIRST(&whip->session->peer->transports), CP_NOT_FOUND, "consent has expired");
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "consent has expired");
	nothing_is_left();
	assert_int_equal(ended, 1);
}

static void it_ends_with_its_room(void **state)
{
	publish_all();
	cp_room_close(whip->session->peer->room, "an operator closed it");
	pass(100);
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "an operator closed it");
	nothing_is_left();
}

static void the_operator_can_remove_it(void **state)
{
	publish_all();
	cp_session_end(whip->session, "an operator ended it");
	assert_int_equal(ended, 1);
	nothing_is_left();
}

/* A user who publishes again replaces the old session, as after a crash of OBS. */
static void the_same_user_takes_over(void **state)
{
	struct cp_whip *first;

	publish_all();
	first = whip;
	assert_int_equal(publish("ffmpeg-8"), 0);
	settle();
	assert_int_equal(created, 2);
	assert_int_equal(ended, 1);
	assert_int_equal(w.model.producers.count, 2);
	cp_whip_free(first);
	nothing_is_left();
}

/* What the room is told is nothing that ends a publisher. */
static void notices_do_not_end_it(void **state)
{
	struct client *c;
	struct cp_fault fault;

	publish_all();
	c = open_client(&cp_json_dialect, "ben");
	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	produce(transport(c->session->peer, CP_PURPOSE_SEND), "audio");
	pass(1000);
	close_client(c);
	pass(1000);
	assert_int_equal(ended, 0);
}

/* --- players --------------------------------------------------------------------------------- */

static int play(const struct cp_grant *grant)
{
	const struct cp_whip_client client = {
		.use = CP_SDP_PLAY, .room = "r", .ip = "127.0.0.1", .address = the_address(), .grant = grant};
	char text[8192];

	load(text, "chromium-whep");
	return cp_whip_create(&whip, the_signaling(), &client, text, strlen(text), &calls, NULL, &failure);
}

static const struct cp_grant viewer = {.subscribe = true};

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

/* --- PATCH ----------------------------------------------------------------------------------- */

static int patch(const char *text, enum cp_whip_patch *what, char **answer)
{
	struct cp_sdp_fragment f;
	int rc;

	assert_int_equal(cp_sdp_fragment_read(&f, text, strlen(text), &failure), 0);
	rc = cp_whip_patch(whip, &f, what, answer, &failure);
	cp_sdp_fragment_free(&f);
	return rc;
}

static void other_credentials_restart_ice(void **state)
{
	char etag[CP_WHIP_ETAG_SIZE], *answer;
	enum cp_whip_patch what;

	publish_all();
	memcpy(etag, whip->etag, sizeof(etag));
	assert_int_equal(patch("a=end-of-candidates\r\n", &what, &answer), 0);
	assert_int_equal(what, CP_WHIP_TRICKLED);
	assert_int_equal(patch("a=ice-ufrag:nxcM\r\na=ice-pwd:ezjAjgSSLLvbRhUA1zc6Se\r\n", &what, &answer),
		0);
	assert_int_equal(what, CP_WHIP_TRICKLED);
	assert_null(answer);
	assert_string_equal(etag, whip->etag);

	for (int i = 0; i < 2; i++) { /* the second time they are its own */
		assert_int_equal(patch("a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n", &what,
					 &answer),
			0);
		assert_int_equal(what, i == 0 ? CP_WHIP_RESTARTED : CP_WHIP_TRICKLED);
		if (i == 0)
			assert_non_null(strstr(answer, "a=ice-ufrag:server\r\n"));
		free(answer);
	}
	assert_string_not_equal(etag, whip->etag);
}

static void a_session_that_has_ended_cannot_be_patched(void **state)
{
	enum cp_whip_patch what;
	char *answer;

	publish_all();
	cp_session_end(whip->session, "an operator ended it");
	assert_int_not_equal(patch("a=end-of-candidates\r\n", &what, &answer), 0);
	assert_int_equal(failure.code, CP_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_request_creates_everything, make, end),
		cmocka_unit_test_setup_teardown(steps_wait_for_the_data_plane, make, end),
		cmocka_unit_test_setup_teardown(an_offer_that_is_refused_creates_nothing, make, end),
		cmocka_unit_test_setup_teardown(all_encodings_of_simulcast_are_published, make, end),
		cmocka_unit_test_setup_teardown(who_may_not_publish_makes_no_room, make, end),
		cmocka_unit_test_setup_teardown(without_a_data_plane_it_is_unavailable, make, end),
		cmocka_unit_test_setup_teardown(a_data_plane_that_is_full_fails_it_once, make, end),
		cmocka_unit_test_setup_teardown(a_producer_that_fails_takes_the_transport_along, make, end),
		cmocka_unit_test_setup_teardown(an_address_has_a_budget_of_handshakes, make, end),
		cmocka_unit_test_setup_teardown(an_abandoned_creation_leaves_nothing, make, end),
		cmocka_unit_test_setup_teardown(it_ends_with_its_transport, make, end),
		cmocka_unit_test_setup_teardown(it_ends_with_its_room, make, end),
		cmocka_unit_test_setup_teardown(the_operator_can_remove_it, make, end),
		cmocka_unit_test_setup_teardown(the_same_user_takes_over, make, end),
		cmocka_unit_test_setup_teardown(notices_do_not_end_it, make, end),
		cmocka_unit_test_setup_teardown(a_player_needs_a_publisher, make, end),
		cmocka_unit_test_setup_teardown(a_player_gets_both_streams_as_it_offered, make, end),
		cmocka_unit_test_setup_teardown(a_player_gets_what_its_publisher_adds, make, end),
		cmocka_unit_test_setup_teardown(what_begins_before_the_answer_is_bound_after_it, make, end),
		cmocka_unit_test_setup_teardown(what_others_publish_is_not_added, make, end),
		cmocka_unit_test_setup_teardown(a_stream_that_ends_while_it_is_bound_ends_nothing, make, end),
		cmocka_unit_test_setup_teardown(a_player_ends_with_its_room, make, end),
		cmocka_unit_test_setup_teardown(a_player_is_bound_again_on_the_same_ssrc, make, end),
		cmocka_unit_test_setup_teardown(a_player_follows_a_user, make, end),
		cmocka_unit_test_setup_teardown(a_player_follows_others_only_when_it_may, make, end),
		cmocka_unit_test_setup_teardown(another_codec_needs_another_answer, make, end),
		cmocka_unit_test_setup_teardown(a_player_chooses_layers, make, end),
		cmocka_unit_test_setup_teardown(choices_that_wait_are_limited, make, end),
		cmocka_unit_test_setup_teardown(a_player_is_told_of_pauses, make, end),
		cmocka_unit_test_setup_teardown(only_known_events_can_be_asked_for, make, end),
		cmocka_unit_test_setup_teardown(who_may_not_subscribe_does_not_play, make, end),
		cmocka_unit_test_setup_teardown(a_publisher_that_stops_meanwhile_fails_it_once, make, end),
		cmocka_unit_test_setup_teardown(other_credentials_restart_ice, make, end),
		cmocka_unit_test_setup_teardown(a_session_that_has_ended_cannot_be_patched, make, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
