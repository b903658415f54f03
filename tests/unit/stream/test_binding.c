/* SPDX-License-Identifier: Apache-2.0 */
/* Each packet finds its stream, among the many of a transport, without a walk through all of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/binding.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/messages.h"
#include "tests/unit/stream/world.h"

enum { TRANSPORT = 0, OTHER = 1, RTX = 0x9000 };

/* Adds a stream in `slot` to a transport. */
static struct dp_stream *add(unsigned slot, unsigned transport, uint32_t ssrc)
{
	struct dp_op op = {.slot = slot, .slot2 = transport, .slot3 = slot};

	op.cmd.id = slot + 1;
	op.cmd.producer_add = SH_PRODUCER_ADD_SIMPLE;
	op.cmd.producer_add.kind = SH_KIND_VIDEO;
	op.cmd.producer_add.codec = SH_CODEC_VP8;
	op.cmd.producer_add.clock_rate = 90000;
	op.cmd.producer_add.ssrc = ssrc;
	op.cmd.producer_add.rtx_ssrc = RTX + slot;
	op.cmd.producer_add.pt = 96;
	op.cmd.producer_add.rtx_pt = 97;
	assert_int_equal(dp_stream_prepare(&world->stream[slot], &world->config, &op.cmd.producer_add, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	return &world->stream[slot];
}

static struct dp_stream *find(unsigned transport, uint32_t ssrc)
{
	struct dp_rtp rtp = {.ssrc = ssrc, .pt = 96};
	uint8_t packet[12] = {0x80, 96};
	enum sh_drop reason;

	return dp_stream_of_packet(&world->worker[0], &world->producer[transport], &rtp, packet, &reason);
}

static void test_no_walk(void **state)
{
	struct dp_stream *s[3], *first, *rest;

	for (unsigned i = 0; i < 3; i++)
		s[i] = add(i, TRANSPORT, 0x100 + i);
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(find(TRANSPORT, 0x100 + i), s[i]);
		assert_ptr_equal(find(TRANSPORT, RTX + i), s[i]);
	}
	first = world->producer[TRANSPORT].streams;
	rest = first->next_on_transport;
	first->next_on_transport = NULL; /* a walk would find the first one alone */
	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(find(TRANSPORT, 0x100 + i), s[i]);
		assert_ptr_equal(find(TRANSPORT, RTX + i), s[i]);
	}
	first->next_on_transport = rest;
	for (unsigned i = 0; i < 3; i++)
		world_stream_gone(i);
}

static void test_of_its_own_transport(void **state)
{
	struct dp_stream *a = add(0, TRANSPORT, 0x100), *b = add(1, OTHER, 0x100);

	for (unsigned i = 0; i < 3; i++) {
		assert_ptr_equal(find(TRANSPORT, 0x100), a);
		assert_ptr_equal(find(OTHER, 0x100), b);
	}
	world_stream_gone(0);
	world_stream_gone(1);
}

/* A stream that is gone is not found, nor is another one in its slot taken for it. */
static void test_gone(void **state)
{
	struct dp_stream *s;

	add(0, TRANSPORT, 0x100);
	add(1, TRANSPORT, 0x200);
	assert_non_null(find(TRANSPORT, 0x100));
	world_stream_gone(0);
	for (unsigned i = 0; i < DP_RECENT_STREAMS; i++)
		assert_ptr_not_equal(world->producer[TRANSPORT].streams->recent[i], &world->stream[0]);
	s = add(0, TRANSPORT, 0x300);
	assert_ptr_equal(find(TRANSPORT, 0x300), s);
	world_stream_gone(0);
	world_stream_gone(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_walk, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_of_its_own_transport, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_gone, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
