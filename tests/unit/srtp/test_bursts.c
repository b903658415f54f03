/* SPDX-License-Identifier: Apache-2.0 */
/* Bursts of SRTCP: each packet has the result that it has alone, after those before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/unit/srtp/help.h"

enum { PEERS = 6, PACKETS = 23, BURSTS = 60 };

/* Several peers of one engine, and the same peers of another one, which gets each packet alone. */
struct world {
	struct dp_srtp_engine *out, *burst, *alone;
	struct dp_srtp_session *send[PEERS], *in_burst[PEERS], *in_alone[PEERS];
};

static uint32_t seed;

static unsigned any(unsigned below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 16) % below;
}

static void open_world(struct world *w, const struct engine *e)
{
	w->out = libsrtp2->make();
	w->burst = e->make();
	w->alone = e->make();
	assert_true(w->out && w->burst && w->alone);
	for (unsigned i = 0; i < PEERS; i++) {
		uint16_t profile = profiles[i % 3];

		w->send[i] = open_session(w->out, DP_SRTP_OUT, profile, 100 + i, 0);
		w->in_burst[i] = open_session(w->burst, DP_SRTP_IN, profile, 100 + i, 3);
		w->in_alone[i] = open_session(w->alone, DP_SRTP_IN, profile, 100 + i, 3);
	}
}

static void close_world(struct world *w)
{
	for (unsigned i = 0; i < PEERS; i++) {
		close_session(w->out, w->send[i]);
		close_session(w->burst, w->in_burst[i]);
		close_session(w->alone, w->in_alone[i]);
	}
	dp_srtp_engine_free(w->out);
	dp_srtp_engine_free(w->burst);
	dp_srtp_engine_free(w->alone);
}

struct sent {
	unsigned peer;
	size_t len;
	uint8_t data[ROOM];
};

static void send_one(struct world *w, struct sent *s)
{
	s->peer = any(PEERS);
	s->len = 8 + 4 * any(any(8) ? 40 : 250);
	make_rtcp(s->data, s->len, any(5));
	assert_int_equal(dp_srtp_protect_rtcp(w->out, w->send[s->peer], s->data, &s->len, ROOM), 0);
	if (any(10) == 0)
		s->data[any((unsigned)s->len)] ^= (uint8_t)(1 << any(8));
	if (any(20) == 0)
		s->len = any((unsigned)s->len);
}

/* Some packets twice in one burst, and some of bursts before. */
static void make_burst(struct world *w, struct sent *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		if (i > 0 && any(6) == 0)
			s[i] = s[any(i)];
		else if (any(20) != 0)
			send_one(w, &s[i]);
	}
}

static void run(const struct engine *e)
{
	static struct sent sent[PACKETS];
	static uint8_t copy[PACKETS][ROOM];
	unsigned replayed = 0, full = 0, forged = 0, malformed = 0, accepted = 0;
	struct world w;

	seed = 7;
	open_world(&w, e);
	for (unsigned i = 0; i < PACKETS; i++)
		send_one(&w, &sent[i]);
	for (unsigned round = 0; round < BURSTS; round++) {
		struct dp_srtp_rtcp burst[PACKETS];
		unsigned n = any(PACKETS + 1);

		make_burst(&w, sent, n);
		for (unsigned i = 0; i < n; i++) {
			memcpy(copy[i], sent[i].data, sent[i].len);
			burst[i] = (struct dp_srtp_rtcp){w.in_burst[sent[i].peer], copy[i], sent[i].len, -1};
		}
		dp_srtp_unprotect_rtcp_burst(w.burst, burst, n);
		for (unsigned i = 0; i < n; i++) {
			uint8_t data[ROOM];
			size_t len = sent[i].len;
			int error;

			memcpy(data, sent[i].data, len);
			error = dp_srtp_unprotect_rtcp(w.alone, w.in_alone[sent[i].peer], data, &len);
			/* What is refused unread, alone, may have been read in a burst. */
			assert_true(burst[i].error == error || (error && burst[i].error == EBADMSG));
			assert_int_equal(burst[i].len, len);
			if (!error)
				assert_memory_equal(copy[i], data, len);
			accepted += error == 0;
			replayed += error == EALREADY;
			full += error == ENOSPC;
			forged += error == EBADMSG;
			malformed += error == EINVAL;
		}
	}
	assert_true(accepted > 100 && replayed > 10 && full > 10 && forged > 5 && malformed > 5);
	close_world(&w);
}

static void test_as_alone(void **state)
{
	const struct engine *e[ENGINES];
	unsigned n = engines(e);

	for (unsigned i = 0; i < n; i++)
		run(e[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
