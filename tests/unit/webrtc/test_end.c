/* SPDX-License-Identifier: Apache-2.0 */

/* The end of a transport: consent, goodbyes of both sides, and either process that goes away. */

#include "tests/unit/webrtc/webrtc_world.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void consent_expires(void **state)
{
	do_everything();
	close_in_callback = true;
	fake_tell(&fake, SH_EV_TRANSPORT_IDLE, cp_webrtc_sh_id(transport));
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_string_equal(reason, "consent expired");
	settle();
	assert_non_null(last(SH_OP_TRANSPORT_DEL));
	assert_null(transport);
}

static void the_browser_says_goodbye(void **state)
{
	do_everything();
	SSL_shutdown(browser.ssl);
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_non_null(strstr(reason, "peer"));
}

/* The session is freed some seconds after media came; that the peer closes is noticed all the same. */
static void the_browser_says_goodbye_late(void **state)
{
	uint8_t forged[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0};

	do_everything();
	fake_tell(&fake, SH_EV_TRANSPORT_MEDIA, cp_webrtc_sh_id(transport));
	settle();
	assert_non_null(transport->dtls);
	transport->media_ms -= CP_WEBRTC_LINGER_MS;
	fake_run_for(&loop, 1100);
	assert_null(transport->dtls);
	browser_punt(&browser, forged, sizeof(forged));
	forged[4] = 1;
	browser_punt(&browser, forged, sizeof(forged));
	settle();
	assert_int_equal(last_state, CP_WEBRTC_CONNECTED);
	SSL_shutdown(browser.ssl);
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_non_null(strstr(reason, "peer"));
	settle();
	assert_int_equal(cmds[cmd_count - 1].op, SH_OP_TRANSPORT_DEL);
}

/* The owner learns what happens in the data plane, so that it can measure a join. */
static void milestones_are_told(void **state)
{
	do_everything();
	assert_true(reached[CP_WEBRTC_BOUND] > 0);
	for (unsigned i = CP_WEBRTC_RECEIVED; i <= CP_WEBRTC_REPORTED; i++)
		assert_int_equal(reached[i], 0);
	fake_tell(&fake, SH_EV_TRANSPORT_SENT, cp_webrtc_sh_id(transport));
	fake_tell(&fake, SH_EV_TRANSPORT_MEDIA, cp_webrtc_sh_id(transport));
	fake_tell(&fake, SH_EV_TRANSPORT_REPORTED, cp_webrtc_sh_id(transport));
	fake_tell(&fake, SH_EV_TRANSPORT_SENT, cp_webrtc_sh_id(transport) ^ 1);
	settle();
	for (unsigned i = CP_WEBRTC_RECEIVED; i <= CP_WEBRTC_REPORTED; i++)
		assert_int_equal(reached[i], 1);
}

/* That media came may be lost on the way up: the session is freed all the same, later. */
static void without_word_of_media_the_session_is_freed_later(void **state)
{
	do_everything();
	settle();
	fake_run_for(&loop, 1100);
	assert_non_null(transport->dtls);
	transport->connected_ms -= CP_WEBRTC_LINGER_MAX_MS;
	fake_run_for(&loop, 1100);
	assert_null(transport->dtls);
	assert_int_equal(last_state, CP_WEBRTC_CONNECTED);
}

static void we_say_goodbye(void **state)
{
	do_everything();
	states = 0;
	close_it(transport);
	settle();
	assert_true(browser.closed);
	assert_int_equal(states, 0);
	assert_int_equal(cmds[cmd_count - 1].op, SH_OP_TRANSPORT_DEL);
}

/* A control plane that ends leaves media as it is: nobody is told anything. */
static void media_goes_on_without_us(void **state)
{
	unsigned before;

	do_everything();
	before = cmd_count;
	cp_dp_destroy(dp);
	dp = NULL;
	fake_run_for(&loop, 5);
	close_it(transport);
	fake_run_for(&loop, 50);
	serve();
	assert_int_equal(cmd_count, before);
	assert_false(browser.closed);
}

static void a_lost_data_plane_makes_all_unreachable(void **state)
{
	struct cp_webrtc *more[3];
	sh_id id;

	for (int i = 0; i < 3; i++)
		assert_int_equal(cp_webrtc_create(&more[i], server, 0, &events, NULL), 0);
	do_everything();
	id = cp_webrtc_sh_id(transport);
	assert_ptr_equal(cp_webrtc_find(server, id), transport);
	states = 0;
	fake_hang_up(&fake);
	wait_for(&losses);
	assert_int_equal(states, 0); /* their owners close them, a few at a time */
	assert_null(cp_webrtc_find(server, id));
	assert_int_equal(server->ids.count, 4);
	for (int i = 0; i < 3; i++)
		cp_webrtc_close(more[i]);
	close_it(transport);
	assert_int_equal(server->ids.count, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		T(consent_expires),
		T(the_browser_says_goodbye),
		T(the_browser_says_goodbye_late),
		T(milestones_are_told),
		T(without_word_of_media_the_session_is_freed_later),
		T(we_say_goodbye),
		T(media_goes_on_without_us),
		T(a_lost_data_plane_makes_all_unreachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
