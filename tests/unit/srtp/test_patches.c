/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Jobs that share a payload, each with a patch of its own: whatever the order, and whatever the
 * engine does ahead of a job, every packet carries its own patch.
 */

#include <string.h>

#include "shared/bytes.h"
#include "tests/unit/srtp/help.h"

enum { HEADER = 12, PAYLOAD = 300, JOBS = 7 };

/* Which payload each job has: twice the same in a row, in turn, and the same again. */
static const unsigned payload_of[JOBS] = {0, 0, 1, 0, 1, 1, 0};
static void make_job(struct dp_srtp_job *job, struct dp_srtp_session *session, uint8_t *dst, uint8_t *payload,
	unsigned i)
{
	memset(dst, 0, HEADER);
	dst[0] = 0x80;
	sh_put_be16(dst + 2, (uint16_t)i);
	sh_put_be32(dst + 8, 1);
	*job = (struct dp_srtp_job){.session = session,
		.dst = dst,
		.payload = payload,
		.hdr_len = HEADER,
		.payload_len = PAYLOAD,
		.patch_at = 2,
		.patch_len = DP_SRTP_PATCH_MAX};
	memset(job->patch, 0xa0 + (int)i, sizeof(job->patch));
}

static void run(struct dp_srtp_engine *e, uint16_t profile)
{
	static uint8_t payload[2][PAYLOAD], together[JOBS][ROOM], alone[ROOM], whole[PAYLOAD];
	struct dp_srtp_session *s = open_session(e, DP_SRTP_OUT, profile, 1, 0);
	struct dp_srtp_session *again = open_session(e, DP_SRTP_OUT, profile, 1, 0);
	struct dp_srtp_job job[JOBS], one;

	for (unsigned i = 0; i < 2; i++)
		memset(payload[i], (int)i, PAYLOAD);
	for (unsigned i = 0; i < JOBS; i++)
		make_job(&job[i], s, together[i], payload[payload_of[i]], i);
	dp_srtp_protect_rtp(e, job, JOBS);
	for (unsigned i = 0; i < JOBS; i++) {
		memset(whole, (int)payload_of[i], PAYLOAD);
		dp_srtp_patch(&job[i], whole);
		make_job(&one, again, alone, whole, i);
		one.patch_len = 0;
		dp_srtp_protect_rtp(e, &one, 1);
		assert_true(one.out_len > HEADER + PAYLOAD);
		assert_int_equal(job[i].out_len, one.out_len);
		assert_memory_equal(together[i], alone, one.out_len);
	}
	close_session(e, s);
	close_session(e, again);
}

static void test_patches(void **state)
{
	const struct engine *all[ENGINES];
	unsigned n = engines(all);

	for (unsigned i = 0; i < n; i++) {
		struct dp_srtp_engine *e = all[i]->make();

		assert_non_null(e);
		for (unsigned p = 0; p < sizeof(profiles) / sizeof(profiles[0]); p++)
			run(e, profiles[p]);
		dp_srtp_engine_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patches)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
