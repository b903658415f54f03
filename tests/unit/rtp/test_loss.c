/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger of a viewer's losses: what it says of reports, against what was really lost on a wire
 * that loses, duplicates and re-orders.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/rtp/loss.h"

enum { FIRST = 32000, RTX_FIRST = 1000 };

static struct dp_loss ledger;
static struct dp_loss_sent sent;

static int setup(void **state)
{
	dp_loss_init(&ledger, FIRST, RTX_FIRST);
	sent = (struct dp_loss_sent){.next = FIRST};
	return 0;
}

static struct dp_loss_sums sums(void)
{
	return dp_loss_sums(&ledger, &sent);
}

/* Sends `n` packets, and leaves out `gap` numbers in front of them. */
static void send(unsigned gap, unsigned n)
{
	sent.next += gap + n;
	sent.packets += n;
}

static void report(int32_t lost)
{
	dp_loss_report(&ledger, &sent, (uint32_t)sent.next - 1, lost);
}

static void test_what_is_not_sent_was_lost_before(void **state)
{
	send(0, 10);
	send(3, 5);
	assert_int_equal(sums().before, 3);
	sent.packets++; /* a late one fills a gap */
	sent.late++;
	assert_int_equal(sums().before, 2);
	assert_int_equal(sums().after, 0);
}

/* Drops with a number are not lost before; those that the fan-out had counted are no gaps. */
static void test_drops(void **state)
{
	send(0, 10);
	send(4, 5);
	dp_loss_drop(&ledger, SH_LOSS_TOO_LONG, 1);
	assert_int_equal(sums().before, 3);
	dp_loss_unsent(&ledger, SH_LOSS_TX_AGE);
	assert_int_equal(sums().before, 3);
	dp_loss_drop(&ledger, SH_LOSS_NO_CONSENT, 100);
	dp_loss_drop(&ledger, SH_LOSS_UNPROVEN, 7);
	assert_int_equal(sums().before, 3);
	/* The viewer misses the gaps and the one that did not leave, and nothing else. */
	report(5);
	assert_int_equal(sums().after, 0);
}

/* Expired packets are dropped ones if the viewer goes on behind them. */
static void test_expired(void **state)
{
	send(0, 10);
	dp_loss_expired(&ledger, sent.next, 5, 2);
	dp_loss_settle(&ledger, sent.next);
	assert_true(dp_loss_pending(&ledger));
	assert_int_equal(ledger.dropped[SH_LOSS_TX_AGE], 0);
	send(8, 1); /* one of the eight never came */
	dp_loss_settle(&ledger, sent.next);
	assert_int_equal(ledger.dropped[SH_LOSS_TX_AGE], 5);
	assert_int_equal(ledger.dropped[SH_LOSS_TX_BEHIND], 2);
	assert_int_equal(sums().before, 1);

	/* It begins again at a key frame instead: nothing is missing in front of it. */
	dp_loss_expired(&ledger, sent.next, 4, 0);
	dp_loss_begin(&ledger, sent.next);
	send(0, 3);
	dp_loss_settle(&ledger, sent.next);
	assert_int_equal(ledger.dropped[SH_LOSS_TX_AGE], 5);
	assert_int_equal(sums().before, 1);

	/* Of those that expired only some were for the viewer. */
	dp_loss_expired(&ledger, sent.next, 4, 2);
	send(3, 1);
	dp_loss_gap(&ledger, 3);
	assert_int_equal(ledger.dropped[SH_LOSS_TX_AGE], 6);
	assert_int_equal(ledger.dropped[SH_LOSS_TX_BEHIND], 4);
	assert_int_equal(sums().before, 1);
}

static void test_lost_behind(void **state)
{
	send(0, 100);
	report(7);
	assert_int_equal(sums().after, 7);
	assert_int_equal(sums().unrepaired, 7);
	send(5, 100); /* lost before the server */
	report(12);
	report(12);
	assert_int_equal(sums().before, 5);
	assert_int_equal(sums().after, 7);
}

/* A report may be from before the newest gaps: they must not be taken for packets that arrived twice. */
static void test_old_report(void **state)
{
	send(0, 100);
	report(2);
	send(0, 50);
	dp_loss_report(&ledger, &sent, (uint32_t)sent.next - 1, 2);
	send(30, 1);
	dp_loss_report(&ledger, &sent, FIRST + 149, 2); /* written before the gap */
	assert_int_equal(sums().after, 2);
	report(32);
	report(32);
	assert_int_equal(sums().after, 2);
	send(0, 10);
	report(33);
	assert_int_equal(sums().after, 3);
}

/* Total losses of 24 bits with a sign, of which duplicates make negative ones. */
static void test_duplicates_and_24_bits(void **state)
{
	send(0, 100);
	report(-4 & 0xffffff);
	assert_int_equal(sums().after, 0);
	send(0, 100);
	report(-2); /* two were lost */
	assert_int_equal(sums().after, 2);
	/* It wraps. */
	setup(NULL);
	for (int32_t lost = 0; lost < 0x1800000; lost += 0x200000) {
		send(0, 0x300000);
		report((int32_t)((uint32_t)lost << 8) >> 8);
		assert_int_equal(sums().after, lost);
	}
}

/* Without RTX the same packet arrives a second time, and the loss falls or does not rise. */
static void test_repair_without_rtx(void **state)
{
	send(0, 100);
	report(5);
	sent.resent = 4;
	report(1);
	assert_int_equal(sums().repaired, 4);
	assert_int_equal(sums().unrepaired, 1);
	/* Lost and repaired between two reports. */
	send(0, 100);
	sent.resent += 6;
	report(1);
	assert_int_equal(sums().repaired, 10);
	assert_int_equal(sums().unrepaired, 1);
	/* Retransmissions that do not arrive repair nothing. */
	setup(NULL);
	send(0, 100);
	sent.resent = 3;
	report(3);
	report(3);
	assert_int_equal(sums().repaired, 0);
	assert_int_equal(sums().after, 3);
}

static void test_repair_by_rtx(void **state)
{
	send(0, 100);
	sent.resent = 8;
	report(10);
	/* The last two are on their way; one is lost. */
	dp_loss_rtx_report(&ledger, &sent, RTX_FIRST + 5, 1, 8);
	assert_int_equal(sums().after, 10);
	assert_int_equal(sums().repaired, 5);
	assert_int_equal(sums().unrepaired, 5);
	/* Half of what goes out there is padding. */
	dp_loss_rtx_report(&ledger, &sent, RTX_FIRST + 15, 0, 16);
	assert_int_equal(sums().repaired, 8);
	/* More retransmissions than losses: what was only late. */
	sent.resent = 100;
	dp_loss_rtx_report(&ledger, &sent, RTX_FIRST + 99, 0, 100);
	assert_int_equal(sums().repaired, 10);
	assert_int_equal(sums().unrepaired, 0);
}

/* Whatever a viewer reports: no sum exceeds what it was sent, and later reports are understood. */
static void test_absurd_reports(void **state)
{
	static const int32_t absurd[] = {0x7fffff, -0x800000, 0, 0x7fffff, 1, -1, INT32_MAX, INT32_MIN};

	send(3, 50);
	sent.resent = 10;
	for (unsigned i = 0; i < 4000; i++) {
		dp_loss_report(&ledger, &sent, (uint32_t)rand(), absurd[i % 8]);
		dp_loss_rtx_report(&ledger, &sent, (uint32_t)rand(), absurd[(i + 3) % 8], i % 40);
		assert_in_range(sums().after, 0, 50);
		assert_int_equal(sums().after, sums().repaired + sums().unrepaired);
		assert_int_equal(sums().before, 3);
	}
}

/* --- a wire ------------------------------------------------------------------------------------ */

/*
 * Packets are lost before and behind us, and late ones fill gaps. At the end, when the reports have
 * caught up, the ledger is exact.
 */
static void test_random_wire(void **state)
{
	enum { DELAY = 40 }; /* packets that are sent until the receiver reports one */

	for (unsigned seed = 0; seed < 300; seed++) {
		unsigned before = 0, after = 0, fill = 0, late = 0, quiet = 0;
		int32_t lost_at[DELAY] = {0}; /* the receiver's loss, of so many packets ago */
		uint32_t next_at[DELAY];

		setup(NULL);
		srand(seed);
		for (unsigned i = 0; i < DELAY; i++)
			next_at[i] = FIRST;
		for (unsigned i = 0; i < 4000; i++) {
			quiet = i > 3800;
			if (!quiet && rand() % 100 < (int)(seed % 7)) {
				sent.next++;
				before++;
				fill += rand() % 2;
				send(0, 1);
			} else if (fill && rand() % 20 == 0) { /* it came late */
				fill--;
				late++;
				sent.packets++;
				sent.late++;
			} else {
				send(0, 1);
			}
			after += !quiet && rand() % 100 < (int)(seed / 7 % 6);
			lost_at[i % DELAY] = (int32_t)(before - late + after);
			next_at[i % DELAY] = (uint32_t)sent.next;
			if (i >= DELAY && rand() % 30 == 0) {
				unsigned old = (i + 1) % DELAY;

				dp_loss_report(&ledger, &sent, next_at[old] - 1, lost_at[old]);
			}
		}
		for (unsigned i = 0; i < 3; i++)
			report((int32_t)(before - late + after));
		assert_int_equal(sums().before, before - late);
		assert_int_equal(sums().after, after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_what_is_not_sent_was_lost_before, setup),
		cmocka_unit_test_setup(test_drops, setup),
		cmocka_unit_test_setup(test_expired, setup),
		cmocka_unit_test_setup(test_lost_behind, setup),
		cmocka_unit_test_setup(test_old_report, setup),
		cmocka_unit_test_setup(test_duplicates_and_24_bits, setup),
		cmocka_unit_test_setup(test_repair_without_rtx, setup),
		cmocka_unit_test_setup(test_repair_by_rtx, setup),
		cmocka_unit_test_setup(test_absurd_reports, setup),
		cmocka_unit_test(test_random_wire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
