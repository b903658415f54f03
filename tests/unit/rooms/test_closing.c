/* SPDX-License-Identifier: Apache-2.0 */

/* Closing a room: in order, in slices, and whatever happens meanwhile. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shared/log.h"
#include "tests/unit/rooms/world.h"

/* A room with a host that sends two streams, and two viewers: three peers, three transports. */
struct small {
	struct cp_peer *host, *one, *two;
	struct cp_transport *send, *recv;
	struct cp_producer *audio, *video;
	struct cp_room *room;
};

static struct small small_room(const char *name)
{
	struct small s = {.host = join(name, "h"), .one = join(name, "1"), .two = join(name, "2")};

	s.room = s.host->room;
	s.send = transport(s.host, CP_PURPOSE_SEND);
	s.audio = produce(s.send, "audio");
	s.video = produce(s.send, "video");
	s.recv = transport(s.one, CP_PURPOSE_RECV);
	consume(s.recv, s.audio);
	consume(s.recv, s.video);
	consume(transport(s.two, CP_PURPOSE_RECV), s.audio);
	w.heard[0] = w.ends[0] = '\0';
	w.answers = 0;
	return s;
}

static struct cp_room *large_room(const char *name, unsigned viewers)
{
	struct cp_peer *host = join(name, "h");
	struct cp_producer *p = produce(transport(host, CP_PURPOSE_SEND), "audio");

	for (unsigned i = 1; i < viewers; i++)
		consume(transport(join(name, "v"), CP_PURPOSE_RECV), p);
	w.heard[0] = w.ends[0] = '\0';
	w.answers = w.rooms_closed = 0;
	return host->room;
}

static unsigned objects(void)
{
	return w.model.peer_count + w.model.transports.count + w.model.producers.count +
	       w.model.consumers.count;
}

/* Turns until a room has no consumers left: it is in the middle. */
static void close_consumers(struct cp_room *room)
{
	while (room->consumer_count > 0)
		assert_int_equal(pass(1), 1);
}

static void only_a_host_closes_its_room(void **state)
{
	struct small s = small_room("r");
	struct cp_fault f;

	assert_int_equal(cp_room_close_by(s.one, &f), EACCES);
	assert_int_equal(f.code, CP_FORBIDDEN);
	assert_non_null(strstr(f.message, "host"));
	assert_int_equal(s.room->state, CP_ROOM_OPEN);
	s.host->close = false;
	assert_int_equal(cp_room_close_by(s.host, &f), EACCES);
	assert_int_equal(f.code, CP_FORBIDDEN);
	assert_string_equal(f.message, "close: it was not granted to this peer");
	assert_int_equal(w.model.closing_count, 0);
	s.host->close = true;
	assert_int_equal(cp_room_close_by(s.host, &f), 0);
	assert_int_equal(s.room->state, CP_ROOM_CLOSING);
	assert_int_equal(w.model.closing_count, 1);
	assert_string_equal(w.ends, ""); /* nothing happens before the call returns */
	assert_int_equal(cp_room_close_by(s.host, &f), 0);
	cp_room_close(s.room, "another reason");
	pass(100);
	assert_string_equal(w.reason, "its host closed it");
	assert_int_equal(objects(), 0);
	assert_int_equal(w.model.closing_count, 0);
	assert_false(w.asleep);
}

static void all_goes_in_order_and_peers_hear_of_the_room_alone(void **state)
{
	struct small s = small_room("r"), other = small_room("other");

	cp_room_close(s.room, "a test");
	pass(100);
	assert_string_equal(w.ends, "CCCPPTTTRRR");
	expect_heard("h:room-closed 1:room-closed 2:room-closed");
	assert_string_equal(w.reason, "a test");
	assert_int_equal(w.answers, 0);
	assert_int_equal(other.room->consumer_count, 3);
	assert_int_equal(w.model.peer_count, 3);
	assert_int_equal(other.room->state, CP_ROOM_OPEN);
}

static void a_closing_room_refuses_everything(void **state)
{
	struct small s = small_room("r");
	struct cp_consumer *c = TAILQ_FIRST(&s.recv->consumers);
	char transport_id[CP_ID_SIZE], producer_id[CP_ID_SIZE], consumer_id[CP_ID_SIZE];

	strcpy(transport_id, s.recv->id);
	strcpy(producer_id, s.audio->id);
	strcpy(consumer_id, c->id);
	cp_room_close(s.room, "a test");
	w.failed = true;
#define REFUSED(what)                                                                                        \
	w.fault = (struct cp_fault){0};                                                                      \
	what;                                                                                                \
	expect_fault(CP_NOT_FOUND, "room: it is closing")
	REFUSED(assert_null(cp_peer_transport(s.one, transport_id, &w.fault)));
	REFUSED(assert_null(cp_peer_visible_producer(s.one, producer_id, &w.fault)));
	REFUSED(assert_null(cp_peer_producer(s.host, producer_id, &w.fault)));
	REFUSED(assert_null(cp_peer_consumer(s.one, consumer_id, &w.fault)));
	REFUSED(cp_transport_create(s.one, CP_PURPOSE_SEND, done));
	REFUSED(begin_produce(s.send, "audio", false));
	REFUSED(cp_consumer_create(s.recv, s.audio, w.capabilities, false, done));
	REFUSED(cp_producer_pause(s.audio, true, done));
	REFUSED(cp_consumer_pause(c, true, done));
	REFUSED(cp_consumer_request_keyframe(c, done));
#undef REFUSED
	assert_int_equal(w.answers, 6);
	assert_null(join("r", "n"));
	expect_fault(CP_UNAVAILABLE, "room: it is closing");
	assert_null(cp_room_find(&w.model, "r"));
}

static void count(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	++*(unsigned *)arg;
}

static void a_closing_room_shows_no_producers(void **state)
{
	struct small s = small_room("r");
	unsigned n = 0;

	cp_peer_each_visible_producer(s.one, count, &n);
	assert_int_equal(n, 2);
	cp_room_close(s.room, "a test");
	cp_peer_each_visible_producer(s.one, count, &n);
	assert_int_equal(n, 2);
}

static void requests_under_way_fail_once(void **state)
{
	struct small s = small_room("r");

	w.hold = true;
	cp_transport_create(s.one, CP_PURPOSE_SEND, done);
	begin_produce(s.send, "video", false);
	cp_consumer_pause(TAILQ_FIRST(&TAILQ_FIRST(&s.two->transports)->consumers), true, done);
	cp_room_close(s.room, "a test");
	assert_int_equal(w.answers, 0);
	pass(100);
	assert_int_equal(w.answers, 3);
	expect_fault(CP_NOT_FOUND, "room: it is closing");
	answer_all();
	assert_int_equal(w.answers, 3);
	assert_int_equal(objects(), 0);
	expect_heard("h:room-closed 1:room-closed 2:room-closed");
}

static void answer_too_late(int error)
{
	struct small s = small_room("r");

	w.hold = true;
	cp_transport_create(s.one, CP_PURPOSE_SEND, done);
	begin_produce(s.send, "video", false);
	cp_consumer_pause(TAILQ_FIRST(&TAILQ_FIRST(&s.two->transports)->consumers), true, done);
	cp_room_close(s.room, "a test");
	w.error = error;
	answer_all();
	assert_int_equal(w.answers, 3);
	expect_fault(CP_NOT_FOUND, "room: it is closing");
	w.hold = false;
	pass(100);
	assert_int_equal(w.answers, 3);
	assert_int_equal(objects(), 0);
	assert_int_equal(w.opened, w.closed);
	expect_heard("h:room-closed 1:room-closed 2:room-closed"); /* and of no new producer */
}

static void an_acknowledgement_that_comes_too_late_changes_nothing(void **state)
{
	answer_too_late(0);
}

static void a_refusal_that_comes_too_late_changes_nothing(void **state)
{
	answer_too_late(ENOSPC);
}

static void a_large_room_takes_several_turns(void **state)
{
	struct cp_room *room = large_room("r", 2000);
	unsigned turns = 0, before, longest = 0;

	assert_int_equal(objects(), 2000 + 2000 + 1 + 1999);
	cp_room_close(room, "a test");
	while (w.model.closing_count > 0) {
		before = objects();
		assert_true(w.asleep);
		assert_true(w.wake_at - w.now <= 1);
		turns += pass(1);
		if (before - objects() > longest)
			longest = before - objects();
	}
	assert_true(turns >= 6000 / 256);
	assert_true(turns <= 4 * 6000 / 256);
	assert_true(longest <= 256);
	assert_int_equal(w.rooms_closed, 2000);
	assert_int_equal(objects(), 0);
	assert_int_equal(w.opened, w.closed);
}

static void a_small_room_does_not_wait_for_a_large_one(void **state)
{
	struct cp_room *large = large_room("large", 700);
	struct small s = small_room("small");

	cp_room_close(large, "a test");
	cp_room_close(s.room, "a test");
	assert_true(pass(3) <= 3);
	assert_null(cp_index_find(&w.model.rooms, "small"));
	assert_int_equal(w.rooms_closed, 3);
	assert_ptr_equal(cp_index_find(&w.model.rooms, "large"), large);
	pass(1000);
	assert_int_equal(objects(), 0);
}

static void whoever_hears_of_the_end_may_come_again(void **state)
{
	struct cp_room *old = large_room("r", 600);
	struct cp_peer *again;

	cp_room_close(old, "a test");
	while (w.rooms_closed == 0) {
		assert_null(join("r", "n"));
		pass(1);
	}
	assert_true(w.rooms_closed < 600); /* others have not heard yet */
	again = join("r", "n");
	assert_non_null(again);
	assert_ptr_not_equal(again->room, old);
	assert_ptr_equal(cp_room_find(&w.model, "r"), again->room);
	produce(transport(again, CP_PURPOSE_SEND), "audio");
	w.heard[0] = '\0';
	pass(1000);
	assert_int_equal(w.rooms_closed, 600);
	assert_null(strstr(w.heard, "n:"));
	assert_int_equal(w.model.peer_count, 1);
	assert_int_equal(again->room->state, CP_ROOM_OPEN);
	assert_ptr_equal(cp_room_find(&w.model, "r"), again->room);
}

static void peers_leave_meanwhile(void **state)
{
	struct cp_room *room = large_room("r", 1000);

	cp_room_close(room, "a test");
	leave(TAILQ_FIRST(&room->peers)); /* whose turn it is, and who produces */
	pass(1);
	leave(TAILQ_FIRST(&room->peers));
	leave(room->end.next);
	leave(TAILQ_LAST(&room->peers, cp_peer_list));
	close_consumers(room);
	leave(TAILQ_FIRST(&room->peers));
	leave(room->end.next);
	while (w.rooms_closed == 0)
		pass(1);
	leave(TAILQ_FIRST(&room->peers));
	pass(1000);
	assert_int_equal(w.model.closing_count, 0);
	assert_int_equal(w.rooms_closed, 1000 - 7);
	assert_int_equal(objects(), 0);
	assert_null(strstr(w.heard, "-closed:"));
	assert_null(strstr(w.heard, "consumer-closed"));
	assert_null(strstr(w.heard, "producer-closed"));
}

static void the_last_peer_leaves_meanwhile(void **state)
{
	struct small s = small_room("r");

	cp_room_close(s.room, "a test");
	leave(s.host);
	leave(s.one);
	leave(s.two);
	assert_int_equal(w.model.closing_count, 0);
	assert_int_equal(objects(), 0);
	assert_int_equal(w.model.rooms.count, 0);
	pass(100);
	assert_false(w.asleep);
	expect_heard("");
	assert_non_null(join("r", "n"));
}

static void the_data_plane_is_lost_meanwhile(void **state)
{
	struct cp_room *room = large_room("r", 600);

	cp_room_close(room, "a test");
	pass(1);
	w.up = false;
	cp_model_lose_transports(&w.model);
	pass(20); /* the transports close in slices, too */
	assert_int_equal(w.model.transports.count, 0);
	assert_null(strstr(w.heard, "lost"));
	pass(1000);
	assert_int_equal(w.rooms_closed, 600);
	assert_int_equal(objects(), 0);
}

static void a_transport_fails_meanwhile(void **state)
{
	struct small s = small_room("r");

	cp_room_close(s.room, "a test");
	cp_transport_fail(s.send, CP_INTERNAL, "DTLS");
	pass(100);
	expect_heard("h:room-closed 1:room-closed 2:room-closed");
}

static void a_room_in_grace_may_be_closed(void **state)
{
	struct small s = small_room("r");

	leave(s.host);
	assert_int_equal(w.model.grace_count, 1);
	cp_room_close(s.room, "the operator closed it");
	assert_int_equal(w.model.grace_count, 0);
	pass(100);
	assert_string_equal(w.reason, "the operator closed it");
	pass(60000);
	assert_int_equal(w.rooms_closed, 2);
}

static void the_counts_go_to_the_log(void **state)
{
	struct small s = small_room("r");
	int log = memfd_create("log", 0), terminal = dup(STDERR_FILENO);
	char text[4096] = "";

	cp_room_close(s.room, "a test");
	sh_log_init("test", SH_LOG_INFO);
	dup2(log, STDERR_FILENO);
	pass(100);
	dup2(terminal, STDERR_FILENO);
	assert_true(pread(log, text, sizeof(text) - 1, 0) > 0);
	close(log);
	close(terminal);
	assert_non_null(strstr(text,
		" room-closed room=r reason=\"a test\" peers=3 consumers=3 producers=2 transports=3\n"));
	assert_ptr_equal(strchr(text, '\n') + 1, text + strlen(text)); /* one line for all of it */
}

static void a_thousand_rooms_leave_nothing_behind(void **state)
{
	char name[16];

	w.config.limit.producers = 4096;

	for (unsigned i = 0; i < 1000; i++) {
		struct small s;
		struct cp_fault f;

		snprintf(name, sizeof(name), "room-%u", i);
		s = small_room(name);
		switch (i % 4) {
		case 0:
			assert_int_equal(cp_room_close_by(s.host, &f), 0);
			break;
		case 1:
			cp_room_close(s.room, "the operator closed it");
			break;
		case 2:
			leave(s.host); /* the grace time does it */
			break;
		default:
			leave(s.one);
			leave(s.host);
			leave(s.two);
			break;
		}
	}
	assert_int_equal(w.model.closing_count, 500);
	assert_int_equal(w.model.grace_count, 250);
	assert_int_equal(w.model.rooms.count, 750);
	pass(20000);
	assert_int_equal(objects(), 0);
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.closing_count, 0);
	assert_int_equal(w.model.grace_count, 0);
	assert_true(TAILQ_EMPTY(&w.model.room_list));
	assert_int_equal(w.rooms_closed, 500 * 3 + 250 * 2);
	assert_int_equal(w.opened, 3000);
	assert_int_equal(w.closed, 3000);
	assert_false(w.asleep);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_a_host_closes_its_room),
		TEST(all_goes_in_order_and_peers_hear_of_the_room_alone),
		TEST(a_closing_room_refuses_everything),
		TEST(a_closing_room_shows_no_producers),
		TEST(requests_under_way_fail_once),
		TEST(an_acknowledgement_that_comes_too_late_changes_nothing),
		TEST(a_refusal_that_comes_too_late_changes_nothing),
		TEST(a_large_room_takes_several_turns),
		TEST(a_small_room_does_not_wait_for_a_large_one),
		TEST(whoever_hears_of_the_end_may_come_again),
		TEST(peers_leave_meanwhile),
		TEST(the_last_peer_leaves_meanwhile),
		TEST(the_data_plane_is_lost_meanwhile),
		TEST(a_transport_fails_meanwhile),
		TEST(a_room_in_grace_may_be_closed),
		TEST(the_counts_go_to_the_log),
		TEST(a_thousand_rooms_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
