/* SPDX-License-Identifier: Apache-2.0 */

/* What a watcher outside of the rooms is told, and the rooms whose numbers of viewers have changed. */

#include "tests/unit/rooms/world.h"

#include <stdio.h>
#include <string.h>

static char told[256];

static void tell(const char *what, const char *which)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s:%.8s ", what, which);
}

static void room_opened(void *arg, const struct cp_room *room)
{
	tell("open", room->name);
}

static void room_closed(void *arg, const struct cp_room *room)
{
	tell("closed", room->name);
}

static void producer_came(void *arg, const struct cp_producer *p)
{
	tell("came", p->transport->peer->room->name);
}

static void producer_went(void *arg, const struct cp_producer *p)
{
	tell("went", p->transport->peer->room->name);
}

static const struct cp_watch watch = {.room_opened = room_opened,
	.room_closed = room_closed,
	.producer_came = producer_came,
	.producer_went = producer_went};

static int make(void **state)
{
	int error = world_make(state);

	w.model.watch.calls = &watch;
	told[0] = '\0';
	return error;
}

static void expect(const char *text)
{
	assert_string_equal(told, text);
	told[0] = '\0';
}

static void expect_viewers(const char *room, uint32_t viewers)
{
	const struct cp_room *taken = cp_watch_take(&w.model);

	assert_non_null(taken);
	assert_string_equal(taken->name, room);
	assert_int_equal(cp_room_viewers(taken), viewers);
}

static void rooms_and_producers_are_told_once(void **state)
{
	struct cp_peer *host = join("r", "a"), *viewer = join("r", "b");
	struct cp_producer *p;

	expect("open:r ");
	p = produce(transport(host, CP_PURPOSE_SEND), "audio");
	expect("came:r ");
	cp_producer_close(p);
	expect("went:r ");
	leave(viewer);
	expect("");
	leave(host);
	expect("closed:r ");
}

static void the_end_of_a_room_tells_of_its_producers(void **state)
{
	struct cp_peer *host = join("r", "a");

	produce(transport(host, CP_PURPOSE_SEND), "audio");
	expect("open:r came:r ");
	cp_room_close(host->room, "test");
	pass(100);
	expect("went:r closed:r ");
}

static void a_producer_that_failed_was_never_there(void **state)
{
	struct cp_peer *host = join("r", "a");
	struct cp_transport *t = transport(host, CP_PURPOSE_SEND);

	w.error = 12;
	begin_produce(t, "audio", false);
	answer_all();
	expect("open:r ");
	w.error = 0;
	leave(host);
}

static void only_rooms_with_another_number_are_listed(void **state)
{
	struct cp_peer *host = join("r", "a"), *viewer = join("r", "b"), *other = join("s", "c");

	expect_viewers("r", 2); /* nobody has published yet */
	expect_viewers("s", 1);
	assert_null(cp_watch_take(&w.model));
	produce(transport(host, CP_PURPOSE_SEND), "audio");
	expect_viewers("r", 1);
	assert_null(cp_watch_take(&w.model));
	leave(join("s", "d")); /* comes and goes */
	assert_null(cp_watch_take(&w.model));
	leave(viewer);
	leave(other); /* its room is gone */
	expect_viewers("r", 0);
	assert_null(cp_watch_take(&w.model));
	leave(host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rooms_and_producers_are_told_once, make, world_end),
		cmocka_unit_test_setup_teardown(the_end_of_a_room_tells_of_its_producers, make, world_end),
		cmocka_unit_test_setup_teardown(a_producer_that_failed_was_never_there, make, world_end),
		cmocka_unit_test_setup_teardown(only_rooms_with_another_number_are_listed, make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
