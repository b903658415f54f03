/* SPDX-License-Identifier: Apache-2.0 */

/* Where a transport sends: addresses that move, are forged, in use, or too many. */

#include "tests/unit/webrtc/webrtc_world.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void media_on_another_tuple_moves_the_selection(void **state)
{
	struct sh_event e = {.kind = SH_EV_PATH_CHANGED};
	struct sh_path first = browser.path;

	do_everything();
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	request.use_candidate = false;
	browser.stun_answers = 0;
	check();
	wait_for(&browser.stun_answers);
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 1);
	browser.transport = e.id = cp_webrtc_sh_id(transport);
	e.remote = browser.path.remote;
	cp_webrtc_server_event(server, &e);
	settle();
	assert_int_equal(browser.probes, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 0);
	assert_memory_equal(&last(SH_OP_TRANSPORT_BIND)->transport_bind.path, &browser.path,
		sizeof(struct sh_path));
	browser.path = first;
}

/* The data plane tells whose media comes from an address that nobody has checked. */
static void media_from_an_unknown_address_is_bound_and_proven(void **state)
{
	struct sh_path first = browser.path;
	struct sh_packet p = {.len = SH_MOVED_LEN, .data = {0x80, 201}};

	do_everything();
	p.transport = cp_webrtc_sh_id(transport);
	p.path = browser.path = request_path(2, 6000);
	browser.transport = p.transport;
	cp_webrtc_server_punt(server, &p);
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	wait_for(&browser.probes);
	settle();
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 0);
	assert_memory_equal(cp_webrtc_selected(transport), &browser.path, sizeof(struct sh_path));
	browser.path = first;
}

/* The answer to our probe comes before the ClientHello, which needs no cookie then. */
static void a_peer_that_answers_the_probe_needs_no_cookie(void **state)
{
	wait_for(&created);
	browser.transport = cp_webrtc_sh_id(transport); /* its answer comes from a bound address */
	do_everything();
	assert_int_equal(browser.cookies, 0);
	assert_int_equal(cp_webrtc_server_refusals(server)->unproven_address, 0);
}

static void a_peer_that_answers_no_probe_is_asked_for_a_cookie(void **state)
{
	browser.mute = true;
	do_everything();
	assert_int_equal(browser.cookies, 1);
	assert_int_equal(cp_webrtc_server_refusals(server)->unproven_address, 0);
	assert_true(transport->ice.tuple[0].proven);
}

/* Sends checks and the last datagram of DTLS from the browser's path, again and again. */
static void forge(size_t allowed)
{
	for (int i = 0; i < 40; i++) {
		if (i % 2)
			check();
		else
			browser_punt(&browser, browser.said, browser.said_len);
		settle();
		assert_true(browser.received <= browser.sent + allowed);
	}
}

/* Who knows the credentials forges a victim's address, which gets no more bytes than came from it. */
static void a_forged_address_gets_no_more_than_came_from_it(void **state)
{
	connect_dtls("client");
	do_ice();
	browser.deaf = true;
	browser_step(&browser); /* its ClientHello */
	forge(0);
	assert_int_equal(last_state, CP_WEBRTC_CHECKING);
	assert_true(browser.received > 0);
}

/* The same, after the cookie came back from the attacker's own address. */
static void a_cookie_proves_one_address_alone(void **state)
{
	struct sh_path own = browser.path;

	browser.mute = browser.only_cookies = true;
	connect_dtls("client");
	do_ice();
	browser_step(&browser);
	wait_for(&browser.cookies);
	settle(); /* it has sent the second ClientHello */
	browser.deaf = true;
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	browser.sent = browser.received = 0;
	check();
	settle();
	browser.transport = cp_webrtc_sh_id(transport);
	browser_punt(&browser, browser.said, browser.said_len); /* now our flight is repeated there */
	for (int i = 0; i < 50 && cp_webrtc_server_refusals(server)->unproven_address == 0; i++)
		settle();
	assert_true(browser.received <= browser.sent);
	assert_int_equal(transport->ice.tuple_count, 2);
	assert_true(cp_webrtc_server_refusals(server)->unproven_address > 0);
	browser.path = own;
}

/* Where Spate is the client it speaks first, and says little. */
static void a_forged_server_gets_a_few_client_hellos(void **state)
{
	connect_dtls("server");
	browser.deaf = true;
	request.use_candidate = true;
	check();
	for (int i = 0; i < 60; i++) {
		settle();
		fake_run_for(&loop, 30);
		assert_true(browser.received <= browser.sent + CP_WEBRTC_HELLO_BYTES);
	}
	assert_true(browser.received > 100);
}

/* Nominated, and nobody answers there: the media stays where it is; probes are few, and end. */
static void a_nominated_address_that_does_not_answer_gets_probes_alone(void **state)
{
	struct sh_path first = browser.path;

	do_everything();
	transport->ice.dtls_ms = 0;
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	browser.mute = true;
	check();
	for (int i = 0; i < 100; i++) {
		serve();
		fake_run_for(&loop, 20);
	}
	assert_int_equal(browser.probes, CP_ICE_PROBES);
	assert_null(server->proving);
	assert_false(uv_is_active((uv_handle_t *)server->probe));
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 0);
	browser.path = first;
}

static void an_address_that_is_in_use_gets_no_answer(void **state)
{
	wait_for(&created);
	refuse_op = SH_OP_TRANSPORT_BIND;
	refuse_error = EADDRINUSE;
	request.use_candidate = true;
	check();
	settle();
	assert_non_null(last(SH_OP_TRANSPORT_BIND));
	assert_int_equal(browser.stun_answers, 0);
	assert_int_equal(transport->ice.tuple_count, 0);
	assert_null(cp_webrtc_selected(transport));
	assert_int_equal(cp_webrtc_server_refusals(server)->address_in_use, 1);
	refuse_op = 0;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 1);
	assert_non_null(cp_webrtc_selected(transport));
}

static void too_many_addresses_are_counted(void **state)
{
	struct sh_path first = browser.path;
	uint8_t data[600];
	struct sh_packet p = {.len = (uint16_t)request_write(data, &request)};

	wait_for(&created);
	memcpy(p.data, data, p.len);
	hold_acks = true;
	for (uint16_t i = 0; i < CP_ICE_NEW_TUPLES + 5; i++) {
		p.path = request_path(7, (uint16_t)(7000 + i));
		cp_webrtc_server_punt(server, &p);
	}
	assert_int_equal(cp_webrtc_server_refusals(server)->too_many_addresses, 5);
	browser.path = first;
	settle();
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		T(media_from_an_unknown_address_is_bound_and_proven),
		T(media_on_another_tuple_moves_the_selection),
		T(a_peer_that_answers_the_probe_needs_no_cookie),
		T(a_peer_that_answers_no_probe_is_asked_for_a_cookie),
		T(a_forged_address_gets_no_more_than_came_from_it),
		T(a_cookie_proves_one_address_alone),
		T(a_forged_server_gets_a_few_client_hellos),
		T(a_nominated_address_that_does_not_answer_gets_probes_alone),
		T(an_address_that_is_in_use_gets_no_answer),
		T(too_many_addresses_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
