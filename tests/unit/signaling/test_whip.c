/* SPDX-License-Identifier: Apache-2.0 */

/* WHIP sessions: all or nothing, and no session survives what it is made of. */

#include "tests/unit/signaling/whip_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"

/* --- creation -------------------------------------------------------------------------------- */

static void one_request_creates_everything(void **state)
{
	publish_all();
	assert_int_equal(failed, 0);
	assert_int_equal(w.opened, 1);
	assert_int_equal(w.connected, 1);
	assert_int_equal(w.model.producers.count, 2);
	assert_non_null(strstr(whip->answer, "\r\na=ice-ufrag:server\r\n"));
	assert_int_equal(whip->session->peer->host, true);
}

/* Each step begins when the data plane has acknowledged the one before. */
static void steps_wait_for_the_data_plane(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	assert_int_equal(w.pendings, 1);
	assert_int_equal(w.model.producers.count, 0);
	assert_int_equal(created, 0);
	w.hold = false;
	settle();
	assert_int_equal(created, 1);
}

static void an_offer_that_is_refused_creates_nothing(void **state)
{
	assert_int_not_equal(publish("chromium-whep"), 0);
	assert_int_equal(failure.code, CP_UNSUPPORTED);
	assert_null(whip);
	assert_int_equal(created + failed, 0);
	nothing_is_left();
}

/* OBS stops when one of its encodings is not accepted, or their order is another. */
static void all_encodings_of_simulcast_are_published(void **state)
{
	const struct cp_producer *p;

	assert_int_equal(publish("obs-32-3"), 0);
	settle();
	assert_int_equal(created, 1);
	assert_non_null(strstr(whip->answer, "\r\na=simulcast:recv 0;1;2\r\n"));
	p = TAILQ_FIRST(&TAILQ_FIRST(&whip->session->peer->transports)->producers);
	p = p->consumable.kind == SH_KIND_VIDEO ? p : TAILQ_NEXT(p, on_transport);
	assert_int_equal(p->signalled.count, 3);
	assert_int_equal(p->consumable.type, CP_STREAM_SIMULCAST);
}

static void who_may_not_publish_makes_no_room(void **state)
{
	const struct cp_grant grant = {.publish = false, .subscribe = true};
	const struct cp_grant other = {.publish = true, .room = "other"};

	assert_int_not_equal(publish_with(&grant, "r", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_int_not_equal(publish_with(&other, "r", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_int_not_equal(publish_with(&(struct cp_grant){.publish = true}, "", "obs-30.1"), 0);
	assert_int_equal(failure.code, CP_BAD_REQUEST);
	nothing_is_left();
}

static void without_a_data_plane_it_is_unavailable(void **state)
{
	w.up = false;
	assert_int_not_equal(publish("obs-30.1"), 0);
	assert_int_equal(failure.code, CP_UNAVAILABLE);
	nothing_is_left();
	w.up = true;
}

static void a_data_plane_that_is_full_fails_it_once(void **state)
{
	w.error = ENOSPC;
	assert_int_equal(publish("obs-30.1"), 0);
	settle();
	assert_int_equal(failed, 1);
	assert_int_equal(created, 0);
	w.error = 0;
	nothing_is_left();
}

/* The data plane acknowledges the transport and refuses the first producer. */
static void a_producer_that_fails_takes_the_transport_along(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	answer_all();
	w.error = ENOSPC;
	w.hold = false;
	settle();
	assert_int_equal(failed, 1);
	assert_int_equal(w.model.producers.count, 0);
	w.error = 0;
	nothing_is_left();
}

/* As for clients of signaling. */
static void an_address_has_a_budget_of_handshakes(void **state)
{
	limit_handshakes(1);
	for (unsigned i = 0; i < 11; i++) {
		assert_int_equal(publish("obs-30.1"), 0);
		settle();
		assert_int_equal(created, i < 10 ? i + 1 : 10);
		cp_whip_free(whip);
	}
	whip = NULL;
	assert_int_equal(failed, 1);
	assert_int_equal(failure.code, CP_TOO_MANY);
	assert_int_equal(refused(CP_REFUSED_HANDSHAKES), 1);
	nothing_is_left();
}

/* The client closes its connection while the data plane is asked. */
static void an_abandoned_creation_leaves_nothing(void **state)
{
	w.hold = true;
	assert_int_equal(publish("obs-30.1"), 0);
	cp_whip_free(whip);
	whip = NULL;
	w.hold = false;
	settle();
	assert_int_equal(created + failed + ended, 0);
	nothing_is_left();
}

/* --- the end --------------------------------------------------------------------------------- */

static void it_ends_with_its_transport(void **state)
{
	publish_all();
	cp_transport_fail(TAILQ_FIRST(&whip->session->peer->transports), CP_NOT_FOUND, "consent has expired");
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "consent has expired");
	nothing_is_left();
	assert_int_equal(ended, 1);
}

static void it_ends_with_its_room(void **state)
{
	publish_all();
	cp_room_close(whip->session->peer->room, "an operator closed it");
	pass(100);
	assert_int_equal(ended, 1);
	assert_string_equal(end_reason, "an operator closed it");
	nothing_is_left();
}

static void the_operator_can_remove_it(void **state)
{
	publish_all();
	cp_session_end(whip->session, "an operator ended it");
	assert_int_equal(ended, 1);
	nothing_is_left();
}

/* A user who publishes again replaces the old session, as after a crash of OBS. */
static void the_same_user_takes_over(void **state)
{
	struct cp_whip *first;

	publish_all();
	first = whip;
	assert_int_equal(publish("ffmpeg-8"), 0);
	settle();
	assert_int_equal(created, 2);
	assert_int_equal(ended, 1);
	assert_int_equal(w.model.producers.count, 2);
	cp_whip_free(first);
	nothing_is_left();
}

/* What the room is told is nothing that ends a publisher. */
static void notices_do_not_end_it(void **state)
{
	struct client *c;
	struct cp_fault fault;

	publish_all();
	c = open_client(&cp_json_dialect, "ben");
	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	produce(transport(c->session->peer, CP_PURPOSE_SEND), "audio");
	pass(1000);
	close_client(c);
	pass(1000);
	assert_int_equal(ended, 0);
}

/* --- PATCH ----------------------------------------------------------------------------------- */

static int patch(const char *text, enum cp_whip_patch *what, char **answer)
{
	struct cp_sdp_fragment f;
	int rc;

	assert_int_equal(cp_sdp_fragment_read(&f, text, strlen(text), &failure), 0);
	rc = cp_whip_patch(whip, &f, what, answer, &failure);
	cp_sdp_fragment_free(&f);
	return rc;
}

static void other_credentials_restart_ice(void **state)
{
	char etag[CP_WHIP_ETAG_SIZE], *answer;
	enum cp_whip_patch what;

	publish_all();
	memcpy(etag, whip->etag, sizeof(etag));
	assert_int_equal(patch("a=end-of-candidates\r\n", &what, &answer), 0);
	assert_int_equal(what, CP_WHIP_TRICKLED);
	assert_int_equal(patch("a=ice-ufrag:nxcM\r\na=ice-pwd:ezjAjgSSLLvbRhUA1zc6Se\r\n", &what, &answer),
		0);
	assert_int_equal(what, CP_WHIP_TRICKLED);
	assert_null(answer);
	assert_string_equal(etag, whip->etag);

	for (int i = 0; i < 2; i++) { /* the second time they are its own */
		assert_int_equal(patch("a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n", &what,
					 &answer),
			0);
		assert_int_equal(what, i == 0 ? CP_WHIP_RESTARTED : CP_WHIP_TRICKLED);
		if (i == 0)
			assert_non_null(strstr(answer, "a=ice-ufrag:server\r\n"));
		free(answer);
	}
	assert_string_not_equal(etag, whip->etag);
}

/* Its owner waits with the answer: a successor would not know the new credentials. */
static void a_restart_is_known_when_it_is_saved(void **state)
{
	enum cp_whip_patch what;
	char *answer;

	publish_all();
	cp_transport_connected(TAILQ_FIRST(&whip->session->peer->transports));
	pass(10);
	settle();
	assert_true(cp_whip_is_saved(whip));
	saved = 0;
	w.hold = true;
	assert_int_equal(patch("a=ice-ufrag:other\r\na=ice-pwd:0123456789012345678901\r\n", &what, &answer),
		0);
	free(answer);
	pass(10);
	assert_false(cp_whip_is_saved(whip));
	assert_int_equal(saved, 0);
	w.hold = false;
	settle();
	assert_int_equal(saved, 1);
}

static void a_session_that_has_ended_cannot_be_patched(void **state)
{
	enum cp_whip_patch what;
	char *answer;

	publish_all();
	cp_session_end(whip->session, "an operator ended it");
	assert_int_not_equal(patch("a=end-of-candidates\r\n", &what, &answer), 0);
	assert_int_equal(failure.code, CP_NOT_FOUND);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, whip_make, whip_end)
	const struct CMUnitTest tests[] = {
		T(one_request_creates_everything),
		T(steps_wait_for_the_data_plane),
		T(an_offer_that_is_refused_creates_nothing),
		T(all_encodings_of_simulcast_are_published),
		T(who_may_not_publish_makes_no_room),
		T(without_a_data_plane_it_is_unavailable),
		T(a_data_plane_that_is_full_fails_it_once),
		T(a_producer_that_fails_takes_the_transport_along),
		T(an_address_has_a_budget_of_handshakes),
		T(an_abandoned_creation_leaves_nothing),
		T(it_ends_with_its_transport),
		T(it_ends_with_its_room),
		T(the_operator_can_remove_it),
		T(the_same_user_takes_over),
		T(notices_do_not_end_it),
		T(other_credentials_restart_ice),
		T(a_restart_is_known_when_it_is_saved),
		T(a_session_that_has_ended_cannot_be_patched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
