/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/ice/ice.h"
#include "tests/unit/ice/request.h"

static struct cp_ice ice;
static struct cp_ice_result result;
static uint64_t now;

static int start(void **state)
{
	now = 1000;
	return cp_ice_init(&ice);
}

static void check(const struct request *r, uint8_t host, uint16_t port)
{
	struct sh_path path = request_path(host, port);
	uint8_t data[600];
	size_t len = request_write(data, r);

	cp_ice_input(&ice, data, len, &path, now, &result);
}

static struct request good(void)
{
	return (struct request){.ufrag = ice.current.ufrag, .pwd = ice.current.pwd};
}

static void expect_code(int code)
{
	assert_int_equal(result.actions, CP_ICE_RESPOND);
	assert_int_equal(result.code, code);
	assert_int_equal(response_code(result.response, result.response_len), code);
	assert_int_equal(ice.tuple_count, 0);
}

/* --- credentials ------------------------------------------------------------------- */

static void credentials_are_long_and_differ(void **state)
{
	struct cp_ice other;

	assert_int_equal(strlen(ice.current.ufrag), CP_ICE_UFRAG_LEN);
	assert_true(strlen(ice.current.pwd) >= 22); /* RFC 8445, 5.3 */
	assert_int_equal(cp_ice_init(&other), 0);
	assert_string_not_equal(ice.current.ufrag, other.current.ufrag);
	assert_string_not_equal(ice.current.pwd, other.current.pwd);
	for (const char *c = ice.current.pwd; *c; c++)
		assert_non_null(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
			*c));
}

static void first_check_is_answered_and_bound(void **state)
{
	struct request r = good();
	struct sh_stun m;

	check(&r, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND);
	assert_int_equal(response_code(result.response, result.response_len), 0);
	assert_int_equal(sh_stun_parse(&m, result.response, result.response_len), 0);
	assert_true(m.fingerprint);
	assert_true(sh_stun_verify(&m, result.response, &ice.current.key));
	assert_int_equal(ice.tuple_count, 1);
	assert_int_equal(ice.selected, -1);
	check(&r, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND);
}

static void bad_checks_change_nothing(void **state)
{
	struct request r = good();

	r.no_fingerprint = true;
	check(&r, 1, 5000);
	expect_code(400);
	r = good();
	r.ufrag = NULL;
	check(&r, 1, 5000);
	expect_code(400);
	r = good();
	r.pwd = NULL;
	check(&r, 1, 5000);
	expect_code(400);
	r = good();
	r.pwd = "wrongwrongwrongwrongwrong";
	check(&r, 1, 5000);
	expect_code(401);
	r = good();
	r.ufrag = "AAAAAAAAAAAAAAAA";
	check(&r, 1, 5000);
	expect_code(401);
	r = good();
	r.unknown = true;
	check(&r, 1, 5000);
	expect_code(420);
	r = good();
	r.controlled = true;
	check(&r, 1, 5000);
	expect_code(487);
}

/* FFmpeg's checks. What authenticates a check is MESSAGE-INTEGRITY. */
static void a_check_without_priority_is_accepted(void **state)
{
	struct request r = good();

	r.no_priority = r.no_role = r.use_candidate = true;
	r.pwd = "wrongwrongwrongwrongwrong";
	check(&r, 1, 5000);
	expect_code(401);
	r.pwd = ice.current.pwd;
	check(&r, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND | CP_ICE_SELECT);
	assert_int_equal(response_code(result.response, result.response_len), 0);
}

static void garbage_gets_no_answer(void **state)
{
	struct sh_path path = request_path(1, 5000);
	struct request r = good();
	uint8_t data[600];
	size_t len = request_write(data, &r);

	for (size_t cut = 0; cut < len; cut++) {
		cp_ice_input(&ice, data, cut, &path, now, &result);
		assert_int_equal(result.actions, 0);
	}
	for (size_t i = 0; i < len; i++) { /* FINGERPRINT covers every byte, integrity nearly */
		data[i] ^= 0x10;
		cp_ice_input(&ice, data, len, &path, now, &result);
		assert_int_equal(ice.tuple_count, 0);
		data[i] ^= 0x10;
	}
	data[0] = 1, data[1] = 1; /* a success response */
	cp_ice_input(&ice, data, len, &path, now, &result);
	assert_int_equal(result.actions, 0);
}

static void restart_keeps_old_credentials_until_new_ones_are_used(void **state)
{
	struct request old, new;
	char ufrag[CP_ICE_UFRAG_LEN + 1], pwd[CP_ICE_PWD_LEN + 1];

	strcpy(ufrag, ice.current.ufrag);
	strcpy(pwd, ice.current.pwd);
	old = (struct request){.ufrag = ufrag, .pwd = pwd};
	check(&old, 1, 5000);
	assert_int_equal(cp_ice_restart(&ice), 0);
	assert_true(ice.has_previous);
	assert_string_not_equal(ice.current.ufrag, ufrag);
	check(&old, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND);

	new = good();
	check(&new, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_CREDENTIALS);
	assert_false(ice.has_previous);
	check(&old, 1, 5000);
	assert_int_equal(result.code, 401);
}

static void second_restart_voids_the_middle_credentials(void **state)
{
	struct request first, middle;
	struct cp_ice_credentials a = ice.current, b;

	cp_ice_restart(&ice);
	b = ice.current;
	cp_ice_restart(&ice);
	first = (struct request){.ufrag = a.ufrag, .pwd = a.pwd};
	middle = (struct request){.ufrag = b.ufrag, .pwd = b.pwd};
	check(&middle, 1, 5000);
	assert_int_equal(result.code, 401);
	check(&first, 1, 5000);
	assert_int_equal(result.code, 0);
}

/* Old credentials with the new password, and the other way round. */
static void credentials_do_not_mix(void **state)
{
	struct request r;

	cp_ice_restart(&ice);
	r = (struct request){.ufrag = ice.previous.ufrag, .pwd = ice.current.pwd};
	check(&r, 1, 5000);
	expect_code(401);
	r = (struct request){.ufrag = ice.current.ufrag, .pwd = ice.previous.pwd};
	check(&r, 1, 5000);
	expect_code(401);
	assert_true(ice.has_previous);
}

/* --- nomination ------------------------------------------------------------------------ */

static void last_use_candidate_wins(void **state)
{
	struct request r = good();

	r.use_candidate = true;
	check(&r, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND | CP_ICE_SELECT);
	check(&r, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND | CP_ICE_SELECT);
	assert_int_equal(ice.selected, 1);
	check(&r, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND);
}

static void highest_nomination_wins(void **state)
{
	struct request r = good();

	r.nomination = 1;
	check(&r, 1, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND | CP_ICE_SELECT);
	r.nomination = 3;
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 1);
	r.nomination = 2; /* late */
	check(&r, 1, 5000);
	assert_int_equal(ice.selected, 1);
	r.nomination = 3; /* no more than the same */
	check(&r, 1, 5000);
	assert_int_equal(ice.selected, 1);
	r.nomination = 0;
	r.use_candidate = true; /* means nothing any more */
	check(&r, 1, 5000);
	assert_int_equal(ice.selected, 1);
	r.nomination = 4;
	check(&r, 1, 5000);
	assert_int_equal(ice.selected, 0);
}

static void nominations_begin_again_after_restart(void **state)
{
	struct request r = good();

	r.nomination = 9;
	check(&r, 1, 5000);
	cp_ice_restart(&ice);
	r = good();
	r.nomination = 1;
	check(&r, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND | CP_ICE_SELECT | CP_ICE_CREDENTIALS);
	assert_int_equal(ice.selected, 1);
}

static void aggressive_nomination_follows_dtls(void **state)
{
	struct sh_path first = request_path(1, 5000), unknown = request_path(9, 9);
	struct request r = good();
	bool selected;

	r.use_candidate = true;
	check(&r, 1, 5000);
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 1);
	assert_int_equal(cp_ice_dtls_seen(&ice, &first, now, &selected), 0);
	assert_true(selected);
	check(&r, 2, 5000); /* another pair is still being tried */
	assert_int_equal(ice.selected, 0);
	now += CP_ICE_DTLS_HOLD_MS - 1;
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 0);
	now += 1; /* much later it is a move */
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 1);
	assert_int_equal(cp_ice_dtls_seen(&ice, &unknown, now, &selected), -ENOENT);
	assert_false(selected);
}

static void dtls_does_not_overrule_renomination(void **state)
{
	struct sh_path first = request_path(1, 5000);
	struct request r = good();
	bool selected;

	check(&r, 1, 5000);
	r.nomination = 1;
	check(&r, 2, 5000);
	assert_int_equal(cp_ice_dtls_seen(&ice, &first, now, &selected), 0);
	assert_false(selected);
	assert_int_equal(ice.selected, 1);
	assert_int_equal(cp_ice_moved(&ice, &first.remote, now), -ENOENT);
	assert_int_equal(ice.selected, 1);
}

static void media_moves_the_selection(void **state)
{
	struct sh_path second = request_path(2, 5000), unknown = request_path(3, 5000);
	struct request r = good();

	r.use_candidate = true;
	check(&r, 1, 5000);
	r.use_candidate = false;
	check(&r, 2, 5000);
	assert_int_equal(cp_ice_moved(&ice, &second.remote, now), 1);
	assert_int_equal(cp_ice_moved(&ice, &second.remote, now), -ENOENT);
	assert_int_equal(cp_ice_moved(&ice, &unknown.remote, now), -ENOENT);
	assert_int_equal(ice.selected, 1);
}

/* --- proof of an address ---------------------------------------------------------------------- */

/* Nominated and established at host 1; host 2 has checked. */
static void establish(uint32_t nomination)
{
	struct sh_path first = request_path(1, 5000);
	struct request r = good();
	bool selected;

	r.use_candidate = !nomination;
	r.nomination = nomination;
	check(&r, 1, 5000);
	cp_ice_dtls_seen(&ice, &first, now, &selected);
	assert_false(cp_ice_established(&ice, &first, now));
	assert_true(ice.tuple[0].proven);
	now += CP_ICE_DTLS_HOLD_MS;
	r.use_candidate = false;
	r.nomination = 0;
	check(&r, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND);
	ice.tuple[0].bound = ice.tuple[1].bound = true;
}

/* An answer of `type` to the probe that is due, from that host. */
static void answer(unsigned type, uint8_t host, bool right)
{
	struct sh_path path = request_path(host, 5000);
	uint8_t data[SH_STUN_MAX];

	assert_int_equal(cp_ice_probe(&ice, now, data), 28);
	data[0] = (uint8_t)(type >> 8);
	data[1] = (uint8_t)type;
	data[19] ^= !right;
	data[3] = 0; /* without FINGERPRINT */
	cp_ice_input(&ice, data, 20, &path, now, &result);
}

static void a_nominated_address_must_answer_first(void **state)
{
	struct request r = good();

	establish(0);
	assert_false(cp_ice_proving(&ice));
	r.use_candidate = true;
	check(&r, 2, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND);
	assert_int_equal(ice.selected, 0);
	answer(0x0101, 2, true); /* anybody's STUN server answers so */
	assert_int_equal(result.actions, 0);
	now += CP_ICE_PROBE_MS;
	answer(0x0111, 1, true);
	assert_int_equal(result.actions, 0);
	now += 2 * CP_ICE_PROBE_MS;
	answer(0x0111, 2, false);
	assert_int_equal(result.actions, 0);
	assert_int_equal(ice.selected, 0);
	now += 4 * CP_ICE_PROBE_MS;
	answer(0x0111, 2, true);
	assert_int_equal(result.actions, CP_ICE_SELECT);
	assert_int_equal(result.tuple, 1);
	assert_int_equal(ice.selected, 1);
	assert_false(cp_ice_proving(&ice));
	check(&r, 1, 5000); /* both are proven now: it may go back at once */
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_SELECT);
}

static void probes_are_few(void **state)
{
	uint8_t data[SH_STUN_MAX];
	struct request r = good();
	unsigned sent = 0;

	establish(0);
	r.use_candidate = true;
	check(&r, 2, 5000);
	for (unsigned i = 0; i < 100; i++, now += 50)
		sent += cp_ice_probe(&ice, now, data) > 0;
	assert_int_equal(sent, CP_ICE_PROBES);
	for (unsigned i = 0; i < 100; i++, now += 50) {
		check(&r, 2, 5000); /* it goes on asking: one more a second */
		sent += cp_ice_probe(&ice, now, data) > 0;
	}
	assert_in_range(sent, CP_ICE_PROBES + 4, CP_ICE_PROBES + 6);
	assert_int_equal(ice.selected, 0);
}

static void a_silent_mover_is_followed_unproven(void **state)
{
	struct sh_path first = request_path(1, 5000), second = request_path(2, 5000);

	establish(0);
	assert_int_equal(cp_ice_moved(&ice, &second.remote, now), -ENOENT);
	assert_true(cp_ice_proving(&ice));
	now += 1000;
	assert_int_equal(cp_ice_moved(&ice, &second.remote, now), 1);
	assert_int_equal(ice.selected, 1);
	assert_false(ice.tuple[1].proven);
	answer(0x0111, 2, true); /* late: it is still asked */
	assert_int_equal(result.actions, CP_ICE_SELECT);
	assert_true(ice.tuple[1].proven);
	assert_int_equal(cp_ice_moved(&ice, &first.remote, now), 0);
}

/* The data plane has authenticated media along a path that nobody has checked. */
static void media_makes_a_tuple_and_proves_it(void **state)
{
	struct sh_path first = request_path(1, 5000), second = request_path(2, 5000);

	assert_int_equal(cp_ice_found(&ice, &second, now), -ENOTCONN);
	assert_int_equal(ice.tuple_count, 0);
	establish(0);
	assert_int_equal(cp_ice_found(&ice, &second, now), 1);
	assert_int_equal(ice.selected, 0);
	assert_true(cp_ice_proving(&ice));
	now += CP_ICE_BIND_MS;
	answer(0x0111, 2, true);
	assert_int_equal(result.actions, CP_ICE_SELECT);
	assert_int_equal(ice.selected, 1);
	/* The data plane has dropped the first tuple, which is proven. */
	ice.tuple[0].bound = true;
	assert_int_equal(cp_ice_found(&ice, &first, now), 0);
	assert_int_equal(ice.selected, 0);
	assert_false(ice.tuple[0].bound);
}

static void media_makes_few_tuples(void **state)
{
	unsigned made = 0;

	establish(0);
	for (uint16_t port = 6000; port < 6000 + 2 * CP_ICE_NEW_TUPLES; port++) {
		struct sh_path path = request_path(2, port);

		made += cp_ice_found(&ice, &path, now) >= 0;
	}
	assert_in_range(made, CP_ICE_NEW_TUPLES - 2, CP_ICE_NEW_TUPLES);
	assert_int_equal(ice.selected, 0);
}

static void a_move_is_followed_whatever_was_nominated(void **state)
{
	struct sh_path first = request_path(1, 5000), second = request_path(2, 5000);
	struct request r = good();

	establish(7);
	assert_int_equal(cp_ice_moved(&ice, &second.remote, now), -ENOENT);
	answer(0x0111, 2, true);
	assert_int_equal(ice.selected, 1);
	/* The last packets of the path that it has left do not bring the media back. */
	assert_int_equal(cp_ice_moved(&ice, &first.remote, now), -ENOENT);
	now += CP_ICE_MOVED_MS + 1;
	assert_int_equal(cp_ice_moved(&ice, &first.remote, now), -ENOENT);
	now += 1000;
	assert_int_equal(cp_ice_moved(&ice, &first.remote, now), 0);
	r.nomination = 8; /* it can nominate as before */
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 1);
}

static void a_handshake_over_two_paths_proves_none(void **state)
{
	struct request r = good();

	r.use_candidate = true;
	check(&r, 1, 5000);
	assert_true(cp_ice_established(&ice, NULL, now));
	assert_int_equal(ice.selected, 0);
	assert_false(ice.tuple[0].proven);
	assert_true(cp_ice_proving(&ice));
	now += CP_ICE_BIND_MS;
	answer(0x0111, 1, true);
	assert_int_equal(result.actions, CP_ICE_SELECT);
	assert_true(ice.tuple[0].proven);
}

static void the_handshake_s_path_is_proven_and_not_the_nominated_one(void **state)
{
	struct sh_path first = request_path(1, 5000);
	struct request r = good();

	check(&r, 1, 5000);
	r.nomination = 1;
	check(&r, 2, 5000);
	assert_int_equal(ice.selected, 1);
	assert_true(cp_ice_established(&ice, &first, now));
	assert_int_equal(ice.selected, 0);
	now += CP_ICE_BIND_MS;
	answer(0x0111, 2, true);
	assert_int_equal(ice.selected, 1);
}

static void ever_new_addresses_are_refused(void **state)
{
	struct request r = good();
	unsigned taken = 0;

	for (uint16_t port = 1; port <= 200; port++) {
		check(&r, 1, port);
		taken += (result.actions & CP_ICE_BIND) != 0;
		assert_int_equal(result.too_many, !result.actions);
	}
	assert_int_equal(taken, CP_ICE_NEW_TUPLES);
	check(&r, 1, CP_ICE_NEW_TUPLES); /* a known one is answered */
	assert_int_equal(result.actions, CP_ICE_RESPOND);
	now += CP_ICE_NEW_TUPLE_MS;
	check(&r, 1, 300);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND);
}

/* --- tuples ---------------------------------------------------------------------------------- */

static void ninth_tuple_pushes_out_the_oldest_but_never_the_selected(void **state)
{
	struct sh_path first = request_path(1, 5000), second = request_path(2, 5000),
		       third = request_path(3, 5000);
	struct request r = good();

	r.use_candidate = true;
	check(&r, 1, 5000); /* selected, and the oldest */
	r.use_candidate = false;
	for (uint8_t host = 2; host <= SH_MAX_TUPLES; host++)
		check(&r, host, 5000);
	assert_int_equal(ice.tuple_count, SH_MAX_TUPLES);
	check(&r, 2, 5000); /* heard of again: not the oldest any more */
	check(&r, 100, 5000);
	assert_int_equal(result.actions, CP_ICE_RESPOND | CP_ICE_BIND);
	assert_int_equal(ice.tuple_count, SH_MAX_TUPLES);
	assert_true(cp_ice_find(&ice, &first) >= 0);
	assert_int_equal(cp_ice_find(&ice, &first), ice.selected);
	assert_true(cp_ice_find(&ice, &second) >= 0);
	assert_int_equal(cp_ice_find(&ice, &third), -ENOENT);
}

static void forgetting_keeps_the_selection_right(void **state)
{
	struct sh_path first = request_path(1, 5000), last = request_path(3, 5000);
	struct request r = good();

	check(&r, 1, 5000);
	check(&r, 2, 5000);
	r.use_candidate = true;
	check(&r, 3, 5000);
	assert_int_equal(ice.selected, 2);
	cp_ice_forget(&ice, &first);
	assert_int_equal(cp_ice_find(&ice, &last), ice.selected);
	cp_ice_forget(&ice, &last);
	assert_int_equal(ice.selected, -1);
	cp_ice_forget(&ice, &last);
	assert_int_equal(ice.tuple_count, 1);
}

static void local_address_is_part_of_a_tuple(void **state)
{
	struct sh_path path = request_path(1, 5000);
	struct request r = good();

	check(&r, 1, 5000);
	path.local.ip[3]++;
	assert_int_equal(cp_ice_find(&ice, &path), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(credentials_are_long_and_differ, start),
		cmocka_unit_test_setup(first_check_is_answered_and_bound, start),
		cmocka_unit_test_setup(bad_checks_change_nothing, start),
		cmocka_unit_test_setup(a_check_without_priority_is_accepted, start),
		cmocka_unit_test_setup(garbage_gets_no_answer, start),
		cmocka_unit_test_setup(restart_keeps_old_credentials_until_new_ones_are_used, start),
		cmocka_unit_test_setup(second_restart_voids_the_middle_credentials, start),
		cmocka_unit_test_setup(credentials_do_not_mix, start),
		cmocka_unit_test_setup(last_use_candidate_wins, start),
		cmocka_unit_test_setup(highest_nomination_wins, start),
		cmocka_unit_test_setup(nominations_begin_again_after_restart, start),
		cmocka_unit_test_setup(aggressive_nomination_follows_dtls, start),
		cmocka_unit_test_setup(dtls_does_not_overrule_renomination, start),
		cmocka_unit_test_setup(media_moves_the_selection, start),
		cmocka_unit_test_setup(a_nominated_address_must_answer_first, start),
		cmocka_unit_test_setup(probes_are_few, start),
		cmocka_unit_test_setup(a_silent_mover_is_followed_unproven, start),
		cmocka_unit_test_setup(media_makes_a_tuple_and_proves_it, start),
		cmocka_unit_test_setup(media_makes_few_tuples, start),
		cmocka_unit_test_setup(a_move_is_followed_whatever_was_nominated, start),
		cmocka_unit_test_setup(a_handshake_over_two_paths_proves_none, start),
		cmocka_unit_test_setup(the_handshake_s_path_is_proven_and_not_the_nominated_one, start),
		cmocka_unit_test_setup(ever_new_addresses_are_refused, start),
		cmocka_unit_test_setup(ninth_tuple_pushes_out_the_oldest_but_never_the_selected, start),
		cmocka_unit_test_setup(forgetting_keeps_the_selection_right, start),
		cmocka_unit_test_setup(local_address_is_part_of_a_tuple, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
