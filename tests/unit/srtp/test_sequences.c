/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Long sequences of packets as bad networks deliver them, to ipsec-mb with our replay windows and
 * roll-over counters and to libsrtp2 with its own: both take and refuse the same ones. Now and then
 * the keys change, while packets under the old ones are still on their way.
 */

#include <errno.h>
#include <string.h>

#include "tests/unit/srtp/help.h"

enum {
	PACKETS = 100000, /* given to both, per profile */
	MEMORY = 2048, /* packets that may come late, or once more */
	SSRCS = 2,
	KEYS = 8, /* that follow each other */
	ANCIENT = 8, /* packets of each sender that come again when many thousands have gone by */
};

struct sender {
	uint64_t next; /* ROC || SEQ of the next packet */
	struct packet sent[MEMORY]; /* the last ones, by index % MEMORY */
	struct packet ancient[ANCIENT];
};

struct two {
	struct pair ours, theirs; /* their sender is ours */
	struct dp_srtp_window window[SSRCS];
	struct sender sender[SSRCS];
	uint32_t random;
	unsigned taken, replayed, others, keys;
	uint64_t rounds; /* roll-overs under keys of before */
};

static uint32_t some(struct two *t, uint32_t upper)
{
	t->random = t->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)t->random * upper >> 32);
}

/* The next packet of a sender, into its memory. */
static void make(struct two *t, unsigned which)
{
	struct sender *s = &t->sender[which];
	struct shape shape = {.seq = (uint16_t)s->next, .ssrc = 100 + which, .payload = 20};
	struct packet *p = &s->sent[s->next % MEMORY];

	if (p->data)
		drop(p);
	*p = protect(&t->ours, &shape, (uint32_t)(s->next >> 16));
	s->next++;
	if (some(t, 256) == 0) {
		struct packet *a = &s->ancient[some(t, ANCIENT)];

		if (a->data)
			drop(a);
		*a = protect(&t->ours, &shape, (uint32_t)((s->next - 1) >> 16));
	}
}

/* Both say the same of a packet, and if they take it, it is the same one. */
static void give(struct two *t, const struct packet *p)
{
	struct packet ours, theirs;
	int error = unprotect(&t->ours, p, &ours);

	assert_int_equal(unprotect(&t->theirs, p, &theirs), error);
	if (!error) {
		assert_int_equal(ours.len, theirs.len);
		assert_memory_equal(ours.data, theirs.data, ours.len);
		t->taken++;
	} else {
		t->replayed += error == EALREADY;
		t->others += error != EALREADY;
	}
	drop(&ours);
	drop(&theirs);
}

/* One of the last packets, old or young: late or for the second time. */
static void give_again(struct two *t, struct sender *s)
{
	uint32_t back = 1 + some(t, some(t, 2) ? 8 : MEMORY - 1);
	const struct packet *p = &s->sent[(s->next - back) % MEMORY];

	if (some(t, 4) == 0) {
		p = &s->ancient[some(t, ANCIENT)];
		back = 0;
	}
	if (back <= s->next && p->data)
		give(t, p);
}

/* A packet whose tag is wrong, from before, now or after: it changes nothing. */
static void give_damaged(struct two *t, struct sender *s)
{
	struct packet *p = &s->sent[(s->next - 1) % MEMORY];

	if (!p->data)
		return;
	p->data[p->len - 1] ^= 1;
	p->data[2] ^= (uint8_t)(1 << some(t, 8));
	give(t, p);
	drop(p);
}

/* Lost: a few, hundreds, or so many that half of a round of numbers goes by. */
static void lose(struct two *t, struct sender *s)
{
	static const uint32_t most[] = {3, 40, 127, 130, 900, 1030, 5000, 32000};
	uint32_t n = 1 + some(t, most[some(t, 8)]);

	s->next += n;
	for (unsigned i = 0; i < MEMORY; i++)
		if (n > MEMORY && s->sent[i].data)
			drop(&s->sent[i]);
}

/* A handful in another order. */
static void shuffle(struct two *t, unsigned which)
{
	enum { MOST = 16 };
	struct sender *s = &t->sender[which];
	uint64_t from = s->next;
	unsigned n = 2 + some(t, MOST - 1), place[MOST + 1];

	for (unsigned i = 0; i < n; i++) {
		make(t, which);
		place[i] = i;
	}
	for (unsigned i = n - 1; i > 0; i--) {
		unsigned k = some(t, i + 1), other = place[k];

		place[k] = place[i];
		place[i] = other;
	}
	for (unsigned i = 0; i < n; i++)
		give(t, &s->sent[(from + place[i]) % MEMORY]);
}

static void step(struct two *t)
{
	unsigned which = some(t, SSRCS);
	struct sender *s = &t->sender[which];

	switch (some(t, 16)) {
	case 0: /* a receiver that hears nothing of half a round of numbers has lost its count for good */
		lose(t, s);
		make(t, which);
		give(t, &s->sent[(s->next - 1) % MEMORY]);
		break;
	case 1:
	case 2:
		shuffle(t, which);
		break;
	case 3:
	case 4:
	case 5:
	case 6:
	case 7:
		give_again(t, s);
		break;
	case 8:
		give_damaged(t, s);
		break;
	default:
		make(t, which);
		give(t, &s->sent[(s->next - 1) % MEMORY]);
	}
}

static struct dp_srtp_window *window_of(const void *arg, uint32_t ssrc)
{
	return (struct dp_srtp_window *)(uintptr_t)arg + (ssrc - 100);
}

/* New keys for the same SSRCs, in the same memory: their counters and windows start over. */
static void change_keys(struct two *t, uint16_t profile)
{
	struct pair *both[] = {&t->ours, &t->theirs};
	unsigned seed = 2 + t->keys++;

	for (unsigned i = 0; i < 2; i++) {
		struct pair *p = both[i];

		close_session(p->out_engine, p->out);
		close_session(p->in_engine, p->in);
		p->out = open_session(p->out_engine, DP_SRTP_OUT, profile, seed, 0);
		p->in = open_session(p->in_engine, DP_SRTP_IN, profile, seed, SSRCS);
	}
	memset(t->window, 0, sizeof(t->window));
	dp_srtp_keep(t->ours.in_engine, t->ours.in, window_of, t->window);
	for (unsigned i = 0; i < SSRCS; i++) {
		t->rounds += t->sender[i].next >> 16;
		t->sender[i].next = some(t, 32768);
	}
}

static void sequences(const struct engine *e, uint16_t profile, uint32_t seed)
{
	static struct two t;
	uint64_t rounds = 0;

	memset(&t, 0, sizeof(t));
	t.random = seed;
	pair_open(&t.ours, e, e, profile, SSRCS);
	pair_open(&t.theirs, libsrtp2, libsrtp2, profile, SSRCS);
	dp_srtp_keep(t.ours.in_engine, t.ours.in, window_of, t.window);
	for (unsigned i = 0; i < SSRCS; i++)
		t.sender[i].next = some(&t, 32768);
	while (t.taken + t.replayed + t.others < PACKETS) {
		step(&t);
		if (t.taken + t.replayed + t.others > (t.keys + 1) * (PACKETS / KEYS))
			change_keys(&t, profile);
	}
	rounds = t.rounds;
	for (unsigned i = 0; i < SSRCS; i++) {
		rounds += t.sender[i].next >> 16;
		for (unsigned k = 0; k < ANCIENT; k++)
			if (t.sender[i].ancient[k].data)
				drop(&t.sender[i].ancient[k]);
		for (unsigned k = 0; k < MEMORY; k++)
			if (t.sender[i].sent[k].data)
				drop(&t.sender[i].sent[k]);
	}
	print_message("%u taken, %u replayed or too old, %u damaged or of old keys, %lu roll-overs\n",
		t.taken, t.replayed, t.others, rounds);
	assert_true(t.taken > PACKETS / 2 && t.replayed > PACKETS / 20 && t.others > PACKETS / 100);
	assert_true(rounds > 50 && t.keys >= KEYS - 1);
	pair_close(&t.ours);
	pair_close(&t.theirs);
}

static void test_gcm(void **state)
{
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	sequences(ipsec_mb, SH_SRTP_AEAD_AES_128_GCM, 1);
}

static void test_gcm_256(void **state)
{
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	sequences(ipsec_mb, SH_SRTP_AEAD_AES_256_GCM, 4);
}

static void test_cm(void **state)
{
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	sequences(ipsec_mb, SH_SRTP_AES128_CM_SHA1_80, 2);
}

/* SRTCP carries its index: late, again and lost, without an estimate. */
static void test_rtcp(void **state)
{
	struct two t = {.random = 3};
	struct packet sent[MEMORY] = {{0}};

	if (!dp_srtp_available(DP_SRTP_IPSEC_MB))
		skip();
	pair_open(&t.ours, ipsec_mb, ipsec_mb, SH_SRTP_AEAD_AES_128_GCM, 1);
	pair_open(&t.theirs, libsrtp2, libsrtp2, SH_SRTP_AEAD_AES_128_GCM, 1);
	for (unsigned n = 0; n < PACKETS; n++) {
		struct packet *p = &sent[n % MEMORY];
		int error;

		if (p->data)
			drop(p);
		*p = protect_rtcp(&t.ours, 40, 7);
		if (some(&t, 8) == 0)
			continue; /* lost, or late */
		if (some(&t, 4) == 0)
			p = &sent[some(&t, n < MEMORY ? n + 1 : MEMORY)];
		error = unprotect_rtcp(&t.ours, p, NULL);
		assert_int_equal(unprotect_rtcp(&t.theirs, p, NULL), error);
		t.taken += !error;
		t.replayed += error == EALREADY;
	}
	print_message("%u taken, %u replayed or too old\n", t.taken, t.replayed);
	assert_true(t.taken > PACKETS / 2 && t.replayed > PACKETS / 20);
	for (unsigned i = 0; i < MEMORY; i++)
		drop(&sent[i]);
	pair_close(&t.ours);
	pair_close(&t.theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gcm),
		cmocka_unit_test(test_gcm_256),
		cmocka_unit_test(test_cm),
		cmocka_unit_test(test_rtcp),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
