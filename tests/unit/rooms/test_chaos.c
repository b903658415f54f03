/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Everything at once, in an order that is different each time and the same for each seed:
 * peers join, make things, leave, fail; rooms close; answers are late or the data plane is
 * lost. Sanitizers watch, and nothing may be left.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/rooms/quality.h"
#include "tests/unit/rooms/world.h"

enum { PEERS = 64, STEPS = 3000, SEEDS = 20 };

struct slot {
	struct cp_peer *peer;
	unsigned begun, answered; /* requests */
};

static struct slot slots[PEERS];
static unsigned rng;

static unsigned pick(unsigned n)
{
	rng = rng * 1103515245 + 12345;
	return (rng >> 16) % n;
}

static void ignore_producer(struct cp_peer *to, const struct cp_producer *p)
{
	assert_ptr_equal(((struct slot *)to->session)->peer, to);
}

static void ignore_state(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
	ignore_producer(to, p);
}

static void ignore_consumer(struct cp_peer *to, const struct cp_consumer *c)
{
	assert_ptr_equal(((struct slot *)to->session)->peer, to);
}

static void ignore_transport(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	assert_ptr_equal(((struct slot *)to->session)->peer, to);
}

static void gone(struct cp_peer *to, const char *reason)
{
	struct slot *s = to->session;

	assert_ptr_equal(s->peer, to);
	assert_int_equal(s->begun, s->answered);
	assert_int_equal(to->transport_count + to->producer_count + to->consumer_count, 0);
	s->peer = NULL;
}

static const struct cp_listener listener = {
	.new_producer = ignore_producer,
	.producer_closed = ignore_producer,
	.producer_paused = ignore_state,
	.consumer_closed = ignore_consumer,
	.layers = ignore_consumer,
	.layers_changed = ignore_consumer,
	.score = ignore_consumer,
	.transport_closed = ignore_transport,
	.room_closed = gone,
};

static void answered(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	struct slot *s = peer->session;

	assert_ptr_equal(s->peer, peer);
	s->answered++;
	assert_int_equal(s->begun, s->answered);
}

static void enter(struct slot *s)
{
	static const char *const rooms[] = {"a", "b", "c"}, *const users[] = {"", "", "", "x", "y"};
	const struct cp_join who = {
		.room = rooms[pick(3)],
		.user = users[pick(5)],
		.publish = pick(8) > 0,
		.subscribe = pick(8) > 0,
		.close = pick(8) > 0,
		.listener = &listener,
		.session = s,
	};
	struct cp_fault fault;

	s->begun = s->answered = 0;
	s->peer = cp_room_join(&w.model, &who, &fault);
}

static struct cp_transport *transport_of(struct cp_peer *peer, enum cp_purpose purpose)
{
	struct cp_transport *t;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	if (t->purpose == purpose && t->state != CP_TRANSPORT_OPENING)
		return t;
	return NULL;
}

/* One producer of the room, whichever. */
static struct cp_producer *producer_in(struct cp_room *room)
{
	struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	if (p->live && pick(3) == 0)
		return p;
	return NULL;
}

static struct cp_consumer *consumer_of(struct cp_peer *peer)
{
	struct cp_transport *t = transport_of(peer, CP_PURPOSE_RECV);
	struct cp_consumer *c = t ? TAILQ_FIRST(&t->consumers) : NULL;

	return c && c->live && !c->producer->ended ? c : NULL;
}

static void produce_something(struct cp_transport *t)
{
	static const char *const encodings[] = {"{\"rid\":\"0\"}",
		"{\"rid\":\"0\",\"scalabilityMode\":\"L1T3\"},{\"rid\":\"1\"},{\"rid\":\"2\"}",
		"{\"rid\":\"0\"},{\"rid\":\"1\"},{\"rid\":\"2\"},{\"rid\":\"3\"}"};
	static unsigned last_mid;
	char mid[12];

	snprintf(mid, sizeof(mid), "m%u", ++last_mid % 100000);
	begin_encodings_then(t, mid, encodings[pick(3)], pick(4) == 0, answered);
}

/* The statistics and the events of a data plane that does as it likes. */
static void measure(struct cp_room *room)
{
	struct cp_encoding_sample sample[SH_MAX_ENCODINGS];
	struct cp_producer *p = producer_in(room);

	if (!p)
		return;
	for (uint8_t i = 0; i < SH_MAX_ENCODINGS; i++)
		sample[i] = (struct cp_encoding_sample){.found = pick(4) > 0,
			.packets = pick(1000),
			.lost = pick(100),
			.bitrate = pick(1000),
			.height = pick(2) * 180,
			.spatial = (uint8_t)pick(5),
			.active = pick(2) == 0};
	cp_producer_sample(p, sample);
}

static void change_layers(const struct cp_consumer *c)
{
	const struct sh_layers layers = {.spatial = (uint8_t)pick(4), .temporal = (uint8_t)pick(256)};

	cp_model_layers_changed(&w.model, c->dp_id, &layers);
}

static void ask(struct slot *s)
{
	struct cp_transport *send = transport_of(s->peer, CP_PURPOSE_SEND);
	struct cp_transport *recv = transport_of(s->peer, CP_PURPOSE_RECV);
	struct cp_producer *p = producer_in(s->peer->room);
	struct cp_consumer *c = consumer_of(s->peer);
	cJSON *rtp, *kind;

	if (s->peer->call)
		return;
	s->begun++;
	if (c && pick(4) == 0) {
		change_layers(c);
		cp_consumer_prefer_layers(c, (uint8_t)pick(256), (uint8_t)pick(256), answered);
	} else if (send && pick(3) == 0) {
		produce_something(send);
	} else if (send && pick(2) == 0) {
		kind = cJSON_CreateString("audio");
		rtp = parameters("audio");
		cp_producer_create(send, kind, rtp, false, answered);
		cJSON_Delete(kind);
		cJSON_Delete(rtp);
	} else if (recv && p) {
		cp_consumer_create(recv, p, w.capabilities, false, answered);
	} else {
		cp_transport_create(s->peer, pick(2) == 0 ? CP_PURPOSE_SEND : CP_PURPOSE_RECV, answered);
	}
}

static void step(struct slot *s)
{
	struct cp_transport *t;
	struct cp_fault fault;

	if (!s->peer) {
		enter(s);
		return;
	}
	switch (pick(40)) {
	case 0:
		cp_room_leave(s->peer);
		s->peer = NULL;
		break;
	case 1:
		t = TAILQ_FIRST(&s->peer->transports);
		if (t && t->state != CP_TRANSPORT_OPENING)
			cp_transport_fail(t, CP_INTERNAL, "chaos");
		break;
	case 2:
		if (pick(4) == 0)
			cp_room_close_by(s->peer, &fault);
		break;
	case 3:
		if (pick(4) == 0)
			cp_room_close(s->peer->room, "chaos");
		break;
	case 4:
		if (pick(10) == 0)
			cp_model_lose_transports(&w.model);
		break;
	case 5:
		pass(pick(3000));
		break;
	case 6:
	case 7:
	case 8:
	case 9:
		w.error = pick(8) == 0 ? ENOSPC : 0;
		answer_all();
		break;
	case 10:
		pass(1);
		break;
	case 11:
	case 12:
		measure(s->peer->room);
		break;
	default:
		ask(s);
		break;
	}
	if (w.pendings > 50)
		answer_all();
}

static void whatever_happens_nothing_is_left(void **state)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		rng = seed;
		w.hold = true;
		w.config.limit.notices_per_second = seed % 2 == 0 ? 1000 : 50000;
		for (unsigned i = 0; i < STEPS; i++)
			step(&slots[pick(PEERS)]);
		for (unsigned i = 0; i < PEERS; i++) {
			if (slots[i].peer)
				cp_room_leave(slots[i].peer);
			slots[i].peer = NULL;
		}
		answer_all();
		pass(60000);
		assert_int_equal(w.model.peer_count + w.model.rooms.count + w.model.transports.count +
					 w.model.producers.count + w.model.consumers.count,
			0);
		assert_int_equal(w.model.encoding_count + w.model.consumers_by_dp_id.count, 0);
		assert_int_equal(w.model.grace_count + w.model.closing_count, 0);
		assert_true(TAILQ_EMPTY(&w.model.room_list));
		assert_int_equal(w.opened, w.closed);
		assert_false(w.asleep);
	}
	assert_true(w.opened > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whatever_happens_nothing_is_left, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
