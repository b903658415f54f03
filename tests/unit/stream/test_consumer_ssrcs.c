/* SPDX-License-Identifier: Apache-2.0 */

/* Consumers found by SSRC: however many there are, of one transport and of several. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/tables/consumer_ssrcs.h"
#include "tests/unit/stream/world.h"

enum { FIRST_SSRC = 1000 };

static struct dp_worker *worker;

/* Consumers by turns of two transports; pairs have the same SSRC. */
static void add_all(void)
{
	worker = &world->worker[0];
	for (unsigned i = 0; i < WORLD_VIEWERS; i++) {
		struct dp_consumer *c = &world->consumer[i];

		world->transport[i % 2].slot = i % 2;
		c->transport = &world->transport[i % 2];
		c->egress.ssrc = FIRST_SSRC + i / 2;
		dp_consumer_ssrcs_add(worker, c);
	}
}

static const struct dp_consumer *find(unsigned viewer)
{
	return dp_consumer_ssrcs_find(worker, &world->transport[viewer % 2], FIRST_SSRC + viewer / 2);
}

static void each_consumer_is_found_on_its_transport(void **state)
{
	add_all();
	for (unsigned i = 0; i < WORLD_VIEWERS; i++)
		assert_ptr_equal(find(i), &world->consumer[i]);
	assert_null(dp_consumer_ssrcs_find(worker, &world->transport[0], FIRST_SSRC - 1));
	assert_null(dp_consumer_ssrcs_find(worker, &world->transport[2], FIRST_SSRC));
}

static void a_removed_consumer_is_not_found_and_others_are(void **state)
{
	add_all();
	for (unsigned i = 0; i < WORLD_VIEWERS; i += 3)
		dp_consumer_ssrcs_remove(worker, &world->consumer[i]);
	for (unsigned i = 0; i < WORLD_VIEWERS; i++)
		assert_ptr_equal(find(i), i % 3 ? &world->consumer[i] : NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_consumer_is_found_on_its_transport, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(a_removed_consumer_is_not_found_and_others_are, world_setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
