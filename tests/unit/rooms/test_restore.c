/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A control plane ends and its successor makes everything again from the blobs: the test plays the
 * data plane, which has kept them.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/saved.h"
#include "tests/unit/rooms/world.h"

enum { OBJECTS = 16 };

/* What the data plane has: whole blobs in the order in which they came. */
static struct sh_object objects[OBJECTS];
static unsigned count;

static struct sh_object *object(sh_id id)
{
	for (unsigned i = 0; i < count; i++)
		if (objects[i].id == id)
			return &objects[i];
	assert_true(count < OBJECTS);
	objects[count] = (struct sh_object){.id = id, .wishes = SH_WISHES_NONE};
	return &objects[count++];
}

/* Takes the blobs that were written since the last call. */
static void keep_blobs(void)
{
	pass(10);
	assert_true(w.blobs <= sizeof(w.blob) / sizeof(w.blob[0]));
	for (unsigned i = 0; i < w.blobs; i++) {
		const struct sh_blob *b = &w.blob[i].blob;
		struct sh_object *o = object(w.blob[i].id);
		size_t left = (size_t)b->size - b->at;

		memcpy(o->blob + b->at, b->data, left < SH_BLOB_PIECE ? left : SH_BLOB_PIECE);
		o->version = b->version;
		o->size = b->size;
		o->kind = o->blob[0];
	}
	w.blobs = 0;
}

/* A transport that has connected. */
static struct cp_transport *connected(struct cp_peer *peer, enum cp_purpose purpose)
{
	struct cp_transport *t = transport(peer, purpose);

	cp_transport_connected(t);
	return t;
}

static struct cp_peer *make_peer(void *arg, const struct cp_saved_transport *saved)
{
	const struct cp_join join = {.room = saved->peer.room,
		.id = saved->peer.id,
		.user = saved->peer.user,
		.publish = saved->peer.publish,
		.subscribe = saved->peer.subscribe,
		.listener = world_listener(),
		.session = (void *)(uintptr_t) "x"};

	return arg ? NULL : cp_room_restore(&w.model, &join, &saved->peer);
}

/* The process ends, and another one begins with what the data plane lists. */
static struct cp_restore_counts succeed(void *without_clients)
{
	struct cp_restore r = {.model = &w.model, .make_peer = make_peer, .arg = without_clients};
	struct sh_object end = {.kind = SH_OBJECT_END, .without = {0, 1, 2, 3}};

	world_end(NULL);
	world_make(NULL);
	assert_int_equal(cp_restore_begin(&r), 0);
	for (unsigned kind = SH_OBJECT_TRANSPORT; kind <= SH_OBJECT_CONSUMER; kind++)
		for (unsigned i = 0; i < count; i++)
			if (objects[i].kind == kind)
				cp_restore_object(&r, &objects[i]);
	cp_restore_end(&r, &end);
	return r.counts;
}

struct names {
	char host[CP_ID_SIZE], viewer[CP_ID_SIZE], send[CP_ID_SIZE], receive[CP_ID_SIZE];
	char producer[CP_ID_SIZE], consumer[CP_ID_SIZE];
	char *parameters;
	uint32_t ssrc, rtx_ssrc;
	sh_id consumer_dp_id, transport_dp_id;
};

/* A host with a camera and a viewer of it. */
static struct names a_room(void)
{
	struct cp_peer *a = join_as("room", "a", "ann"), *b = join("room", "b");
	struct cp_transport *send = connected(a, CP_PURPOSE_SEND), *receive = connected(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "video");
	struct cp_consumer *c = consume(receive, p);
	struct names n = {.ssrc = c->ssrc,
		.rtx_ssrc = c->rtx_ssrc,
		.parameters = strdup(c->rtp_parameters),
		.consumer_dp_id = c->dp_id,
		.transport_dp_id = receive->dp_id};

	strcpy(n.host, a->id);
	strcpy(n.viewer, b->id);
	strcpy(n.send, send->id);
	strcpy(n.receive, receive->id);
	strcpy(n.producer, p->id);
	strcpy(n.consumer, c->id);
	keep_blobs();
	object(n.transport_dp_id)->last_ssrc = c->rtx_ssrc ? c->rtx_ssrc : c->ssrc;
	object(n.transport_dp_id)->mid_len = 1;
	object(n.transport_dp_id)->mid[0] = '0';
	return n;
}

static int start(void **state)
{
	memset(objects, 0, sizeof(objects));
	count = 0;
	return world_make(state);
}

/* --- the cases -------------------------------------------------------------------------- */

static void everything_is_as_it_was(void **state)
{
	struct names n = a_room();
	struct cp_restore_counts counts;
	const struct cp_consumer *c;
	const struct cp_producer *p;
	const struct cp_transport *t;

	object(n.consumer_dp_id)->paused = 1;
	object(n.consumer_dp_id)->wishes.priority = 9;
	object(n.transport_dp_id)->max_bps = 1000000;
	counts = succeed(NULL);
	assert_int_equal(counts.restored[SH_OBJECT_TRANSPORT], 2);
	assert_int_equal(counts.restored[SH_OBJECT_PRODUCER], 1);
	assert_int_equal(counts.restored[SH_OBJECT_CONSUMER], 1);
	assert_int_equal(counts.other_version + counts.damaged + counts.orphaned, 0);
	assert_int_equal(counts.without_blob, 6);
	assert_int_equal(w.cmds + w.blobs, 0); /* the data plane has it all */

	c = cp_index_find(&w.model.consumers, n.consumer);
	p = cp_index_find(&w.model.producers, n.producer);
	t = cp_index_find(&w.model.transports, n.receive);
	assert_non_null(c);
	assert_ptr_equal(c->producer, p);
	assert_ptr_equal(c->transport, t);
	assert_true(c->live && c->paused && c->dp_id == n.consumer_dp_id);
	assert_int_equal(c->wishes.priority, 9);
	assert_int_equal(c->ssrc, n.ssrc);
	assert_int_equal(c->rtx_ssrc, n.rtx_ssrc);
	assert_string_equal(c->rtp_parameters, n.parameters);
	assert_ptr_equal(cp_model_consumer(&w.model, n.consumer_dp_id), c);
	assert_true(t->state == CP_TRANSPORT_CONNECTED && t->max_bps == 1000000);
	assert_string_equal(t->peer->id, n.viewer);
	assert_true(p->live && !p->paused);
	assert_string_equal(p->transport->id, n.send);
	assert_string_equal(p->transport->peer->id, n.host);
	assert_string_equal(p->transport->peer->user, "ann");
	assert_true(p->transport->peer->host);
	assert_int_equal(t->peer->room->host_count, 1);
	assert_int_equal(t->peer->room->state, CP_ROOM_OPEN);
	free(n.parameters);
}

static void ssrcs_and_mids_go_on(void **state)
{
	struct names n = a_room();
	struct cp_transport *t;
	struct cp_consumer *c;

	succeed(NULL);
	t = cp_index_find(&w.model.transports, n.receive);
	c = consume(t, produce(cp_index_find(&w.model.transports, n.send), "audio"));
	assert_int_equal(c->ssrc, (n.rtx_ssrc ? n.rtx_ssrc : n.ssrc) + 1);
	assert_non_null(strstr(c->rtp_parameters, "\"mid\":\"1\""));
	free(n.parameters);
}

/* Without a new blob: it was made again, and its blob is still what it was. */
static void a_second_successor_finds_the_same(void **state)
{
	struct names n = a_room();

	succeed(NULL);
	keep_blobs();
	assert_int_equal(succeed(NULL).restored[SH_OBJECT_CONSUMER], 1);
	assert_non_null(cp_index_find(&w.model.consumers, n.consumer));
	free(n.parameters);
}

static void a_room_without_a_host_is_in_grace(void **state)
{
	struct names n = a_room();
	const struct cp_room *room;
	struct cp_restore_counts counts;

	for (unsigned i = 0; i < count; i++) /* the host's transport is damaged */
		if (objects[i].kind == SH_OBJECT_TRANSPORT && objects[i].id != n.transport_dp_id)
			objects[i].size--;
	counts = succeed(NULL);
	assert_int_equal(counts.damaged, 1);
	assert_int_equal(counts.orphaned, 2); /* its producer, and the consumer of that */
	assert_int_equal(counts.restored[SH_OBJECT_TRANSPORT], 1);
	room = cp_room_find(&w.model, "room");
	assert_int_equal(room->state, CP_ROOM_GRACE);
	free(n.parameters);
}

static void another_version_and_lost_clients_leave_nothing(void **state)
{
	struct names n = a_room();
	struct cp_restore_counts counts = succeed((void *)(uintptr_t) "no clients");

	assert_int_equal(counts.orphaned, 4);
	assert_int_equal(w.model.peer_count + w.model.rooms.count, 0);
	for (unsigned i = 0; i < count; i++)
		objects[i].version++;
	counts = succeed(NULL);
	assert_int_equal(counts.other_version, 4);
	assert_int_equal(w.model.peer_count + w.model.rooms.count, 0);
	free(n.parameters);
}

/* The data plane would be asked for what it does not have any more. */
static void a_transport_that_cannot_be_made_leaves_no_peer(void **state)
{
	struct names n = a_room();

	objects[0].worker = 0;
	w.refuse_restore = true;
	world_end(NULL);
	world_make(NULL);
	w.refuse_restore = true;
	{
		struct cp_restore r = {.model = &w.model, .make_peer = make_peer};

		assert_int_equal(cp_restore_begin(&r), 0);
		for (unsigned i = 0; i < count; i++)
			assert_false(cp_restore_object(&r, &objects[i]));
		cp_restore_end(&r, NULL);
	}
	assert_int_equal(w.model.peer_count + w.model.rooms.count, 0);
	free(n.parameters);
}

/* Not before its DTLS is done; then once for all changes of one turn, and again when its peer changes. */
static void a_transport_is_saved_when_it_has_connected(void **state)
{
	struct cp_peer *a = join("room", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);

	cp_peer_save(a);
	pass(10);
	assert_int_equal(w.blobs, 0);
	cp_transport_connected(t);
	cp_transport_save(t);
	pass(10);
	keep_blobs();
	assert_int_equal(count, 1);
	produce(t, "audio"); /* it is a host now */
	assert_int_equal(w.blobs > 0, 1);
	w.blobs = 0;
	pass(10);
	assert_int_equal(w.blob[0].id, t->dp_id);
}

/* Who asks is told when the last change is acknowledged, and not before. */
static void a_change_is_saved_when_the_data_plane_says_so(void **state)
{
	struct cp_peer *a = join("room", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND), *other = transport(a, CP_PURPOSE_RECV);

	assert_true(cp_peer_is_saved(a));
	w.hold = true;
	cp_transport_connected(t);
	assert_false(cp_peer_is_saved(a));
	pass(10);
	assert_true(w.blobs > 0);
	assert_false(cp_peer_is_saved(a));
	cp_transport_connected(other);
	cp_transport_save(t); /* again, while the first is under way */
	answer_all();
	assert_false(cp_peer_is_saved(a));
	pass(10);
	assert_false(cp_peer_is_saved(a));
	assert_int_equal(w.saved, 0);
	answer_all();
	assert_true(cp_peer_is_saved(a));
	assert_int_equal(w.saved, 1);
}

static void nobody_waits_for_the_blob_of_what_has_closed(void **state)
{
	struct cp_peer *a = join("room", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND), *other = transport(a, CP_PURPOSE_RECV);

	w.hold = true;
	cp_transport_connected(t);
	pass(10);
	cp_transport_connected(other);
	cp_transport_close(t); /* its blob is under way */
	assert_false(cp_peer_is_saved(a));
	cp_transport_close(other); /* its blob has not been written yet */
	assert_true(cp_peer_is_saved(a));
	assert_int_equal(w.saved, 1);
	pass(10);
	answer_all();
	assert_int_equal(w.saved, 1);
}

static void a_blob_that_is_refused_stops_nobody(void **state)
{
	struct cp_peer *a = join("room", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);

	w.error = EINVAL;
	cp_transport_connected(t);
	pass(10);
	w.error = 0;
	assert_true(cp_peer_is_saved(a));
	assert_int_equal(w.saved, 1);
}

static void who_asks_for_levels_asks_on(void **state)
{
	struct cp_peer *a = join("room", "a");
	struct cp_transport *t = connected(a, CP_PURPOSE_RECV);
	char id[CP_ID_SIZE];

	strcpy(id, t->id);
	assert_int_equal(cp_peer_observe_audio(a, 800, 5), 0);
	keep_blobs();
	succeed(NULL);
	t = cp_index_find(&w.model.transports, id);
	assert_int_equal(t->peer->audio.entries, 5);
	assert_int_equal(CP_SPEAKER_TICK_MS << t->peer->audio.interval, 800);
	assert_int_equal(cp_peer_observe_audio(t->peer, 0, 0), 0);
	keep_blobs();
	succeed(NULL);
	t = cp_index_find(&w.model.transports, id);
	assert_int_equal(t->peer->audio.entries, 0);
}

/* The user was quicker than the list: the new peer has taken the place of the old one. */
static void who_has_joined_again_is_not_made_again(void **state)
{
	const struct cp_saved_peer saved = {.host = true};
	struct cp_peer *a = join_as("room", "a", "ann");
	struct cp_join again = {.room = "room",
		.id = "b",
		.user = "ann",
		.listener = world_listener(),
		.session = (void *)(uintptr_t) "b"};

	assert_null(cp_room_restore(&w.model, &again, &saved));
	again.user = "ben";
	assert_non_null(cp_room_restore(&w.model, &again, &saved));
	again.session = (void *)(uintptr_t) "c";
	assert_non_null(cp_room_restore(&w.model, &again, &saved)); /* both are of a predecessor */
	assert_int_equal(a->room->peer_count, 3);
	transport(a, CP_PURPOSE_SEND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everything_is_as_it_was, start, world_end),
		cmocka_unit_test_setup_teardown(ssrcs_and_mids_go_on, start, world_end),
		cmocka_unit_test_setup_teardown(a_second_successor_finds_the_same, start, world_end),
		cmocka_unit_test_setup_teardown(a_room_without_a_host_is_in_grace, start, world_end),
		cmocka_unit_test_setup_teardown(another_version_and_lost_clients_leave_nothing, start,
			world_end),
		cmocka_unit_test_setup_teardown(a_transport_that_cannot_be_made_leaves_no_peer, start,
			world_end),
		cmocka_unit_test_setup_teardown(a_transport_is_saved_when_it_has_connected, start, world_end),
		cmocka_unit_test_setup_teardown(a_change_is_saved_when_the_data_plane_says_so, start,
			world_end),
		cmocka_unit_test_setup_teardown(nobody_waits_for_the_blob_of_what_has_closed, start,
			world_end),
		cmocka_unit_test_setup_teardown(a_blob_that_is_refused_stops_nobody, start, world_end),
		cmocka_unit_test_setup_teardown(who_asks_for_levels_asks_on, start, world_end),
		cmocka_unit_test_setup_teardown(who_has_joined_again_is_not_made_again, start, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
