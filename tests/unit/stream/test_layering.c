/* SPDX-License-Identifier: Apache-2.0 */
/* Which packets pass at the points of a stream, by its codec and by what its producer sends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/tables/layering.h"
#include "tests/unit/stream/world.h"

enum { ENTRIES = 64, LAYERS = 3 };

static enum dp_point_rule rule_of(enum sh_codec codec, unsigned spatial, enum sh_svc svc, bool descriptor)
{
	struct sh_producer_add p = SH_PRODUCER_ADD_SIMPLE;
	struct dp_layering *l;
	enum dp_point_rule rule;

	p.codec = (uint8_t)codec;
	p.spatial_layers = (uint8_t)spatial;
	p.temporal_layers = LAYERS;
	p.svc = (uint8_t)svc;
	p.ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = descriptor ? 8 : 0;
	l = dp_layering_new(&p, ENTRIES, 0);
	assert_non_null(l);
	assert_int_equal(l->points, spatial * LAYERS);
	rule = (enum dp_point_rule)l->point[l->points - 1].rule;
	dp_layering_free(l);
	return rule;
}

/*
 * Browsers negotiate the descriptor with every codec, and send it or not: it counts once there is
 * one. The payload of VP8 and VP9 names the layers in any case.
 */
static void test_rules(void **state)
{
	for (unsigned descriptor = 0; descriptor < 2; descriptor++) {
		assert_int_equal(rule_of(SH_CODEC_VP8, 1, SH_SVC_NONE, descriptor), DP_POINT_TEMPORAL);
		assert_int_equal(rule_of(SH_CODEC_VP9, LAYERS, SH_SVC_FULL, descriptor), DP_POINT_SVC);
		assert_int_equal(rule_of(SH_CODEC_VP9, LAYERS, SH_SVC_KEY, descriptor), DP_POINT_KEY_SVC);
		assert_int_equal(rule_of(SH_CODEC_AV1, LAYERS, SH_SVC_KEY, descriptor), DP_POINT_ALL);
		assert_int_equal(rule_of(SH_CODEC_H264, 1, SH_SVC_NONE, descriptor), DP_POINT_ALL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
