/* SPDX-License-Identifier: Apache-2.0 */

/* What a capture says about packets that were dropped before they were made, and about whose. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/capture.h"
#include "tests/unit/stream/world.h"

enum { FIRST = 70000, PACKETS = 10, HEADERS = 14 + 20 + 8 };

static struct dp_capture capture;

static int setup(void **state)
{
	world_setup(state);
	capture = (struct dp_capture){.transport = &world->transport[0], .id = 7};
	for (unsigned i = 0; i < 2; i++) {
		struct dp_transport *t = &world->transport[i];

		t->id = 7 + i;
		t->encap = (struct dp_encap){
			.mtu = 1500, .family = 4, .len = HEADERS, .ip_offset = 14, .udp_offset = 34};
	}
	return 0;
}

/* Two viewers, of whom neither is heard any more. */
static void drop_all(struct dp_capture *c)
{
	struct dp_stream *s = world_stream(0);

	world->worker[0].capture = c;
	for (unsigned i = 0; i < 2; i++) {
		world->transport[i].can_send = true;
		assert_int_equal(world_join(i, 0, 0), 0);
	}
	for (unsigned i = 0; i < 2; i++) {
		world->transport[i].can_send = false;
		world->transport[i].idle = true;
	}
	for (unsigned i = 0; i < PACKETS; i++)
		world_packet(s, FIRST + i);
	dp_fanout(&world->worker[0]);
	for (unsigned i = 0; i < 2; i++)
		world_leave(i);
	world_stream_gone(0);
}

static void one_record_says_how_many_were_dropped(void **state)
{
	const struct sh_captured *r = &world->captured[0];

	drop_all(&capture);
	assert_int_equal(world->captures, 1);
	assert_int_equal(r->skipped, PACKETS);
	assert_int_equal(r->dropped, 1);
	assert_int_equal(r->reason, SH_DROP_NO_CONSENT);
	assert_int_equal(r->direction, SH_CAPTURE_OUT);
	assert_int_equal(r->len, HEADERS);
	assert_int_equal(r->caplen, HEADERS);
	assert_int_equal(world->stats[0].drop[SH_DROP_NO_CONSENT], 2 * PACKETS);
}

static void without_a_capture_there_is_none(void **state)
{
	drop_all(NULL);
	assert_int_equal(world->captures, 0);
}

/* The slot of a transport that is gone may be another one's. */
static void another_transport_in_the_slot_is_not_captured(void **state)
{
	capture.id = 6;
	drop_all(&capture);
	assert_int_equal(world->captures, 0);
}

static void a_port_has_all_transports_of_its_worker(void **state)
{
	world->worker[0].udp_port = 20000;
	capture = (struct dp_capture){.port = 20000};
	drop_all(&capture);
	assert_int_equal(world->captures, 2);
	capture.port = 20001;
	drop_all(&capture);
	assert_int_equal(world->captures, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_record_says_how_many_were_dropped, setup, world_teardown),
		cmocka_unit_test_setup_teardown(without_a_capture_there_is_none, setup, world_teardown),
		cmocka_unit_test_setup_teardown(another_transport_in_the_slot_is_not_captured, setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(a_port_has_all_transports_of_its_worker, setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
