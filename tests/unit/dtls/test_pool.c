/* SPDX-License-Identifier: Apache-2.0 */

/* Sessions of one pool talk to sessions of another, with real threads and the real clock. */

#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/dtls/pool.h"

enum { PAIRS = 40 };

struct end {
	struct end *other;
	struct cp_dtls_session *session; /* NULL once closed */
	struct sh_transport_keys keys;
	unsigned connected, closed, failed, released, sent;
};

static uv_loop_t loop;
static struct cp_cert server_cert, client_cert;
static struct cp_dtls_pool *servers, *clients;
static struct end end[2][PAIRS];
static unsigned connected, closed, released;

static const struct cp_dtls_source proven = {1, true};

static void on_send(void *arg, const uint8_t *data, size_t len, uint32_t path)
{
	struct end *e = arg;

	assert_int_equal(e->released, 0);
	e->sent++;
	if (e->other->session)
		cp_dtls_session_input(e->other->session, &proven, data, len);
}

static void on_state(void *arg, enum cp_dtls_state state, const struct sh_transport_keys *keys,
	const char *reason)
{
	struct end *e = arg;

	assert_non_null(e->session);
	if (state == CP_DTLS_CONNECTED) {
		e->keys = *keys;
		e->connected++;
		connected++;
	} else if (state == CP_DTLS_CLOSED) {
		assert_null(keys);
		e->closed++;
		closed++;
	} else {
		e->failed++;
	}
}

static void on_released(void *arg)
{
	struct end *e = arg;

	e->released++;
	released++;
}

static const struct cp_dtls_events events = {on_send, on_state, on_released};

static int start(void **state)
{
	memset(end, 0, sizeof(end));
	connected = closed = released = 0;
	uv_loop_init(&loop);
	assert_int_equal(cp_cert_create(&server_cert), 0);
	assert_int_equal(cp_cert_create(&client_cert), 0);
	assert_int_equal(cp_dtls_pool_create(&servers, &loop, 2, &server_cert), 0);
	assert_int_equal(cp_dtls_pool_create(&clients, &loop, 2, &client_cert), 0);
	for (int i = 0; i < PAIRS; i++) {
		end[0][i].other = &end[1][i];
		end[1][i].other = &end[0][i];
		end[0][i].session = cp_dtls_session_open(servers, &events, &end[0][i]);
		end[1][i].session = cp_dtls_session_open(clients, &events, &end[1][i]);
	}
	return 0;
}

static void forget_sessions(int side)
{
	for (int i = 0; i < PAIRS; i++)
		end[side][i].session = NULL;
}

static int stop(void **state)
{
	if (servers)
		cp_dtls_pool_destroy(servers);
	forget_sessions(0);
	if (clients)
		cp_dtls_pool_destroy(clients);
	forget_sessions(1);
	servers = clients = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(released, 2 * PAIRS);
	cp_cert_free(&server_cert);
	cp_cert_free(&client_cert);
	return 0;
}

static void on_alarm(uv_timer_t *t)
{
	*(bool *)t->data = true;
}

static void run_until(const unsigned *count, unsigned want)
{
	bool late = false;
	uv_timer_t alarm;

	uv_timer_init(&loop, &alarm);
	alarm.data = &late;
	uv_timer_start(&alarm, on_alarm, 30000, 0);
	while (*count < want && !late)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&alarm, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(*count, want);
}

static void shake_hands(void)
{
	struct cp_fingerprint f[2];

	cp_fingerprint_parse(&f[0], "sha-256", client_cert.fingerprint);
	cp_fingerprint_parse(&f[1], "sha-256", server_cert.fingerprint);
	for (int i = 0; i < PAIRS; i++) {
		cp_dtls_session_start(end[1][i].session, CP_DTLS_CLIENT, &f[1], 1); /* hellos come early */
		cp_dtls_session_start(end[0][i].session, CP_DTLS_SERVER, &f[0], 1);
		cp_dtls_session_start(end[0][i].session, CP_DTLS_CLIENT, &f[0], 1); /* once is enough */
	}
	run_until(&connected, 2 * PAIRS);
}

static void many_handshakes_at_once(void **state)
{
	shake_hands();
	for (int i = 0; i < PAIRS; i++) {
		const struct sh_transport_keys *s = &end[0][i].keys, *c = &end[1][i].keys;

		assert_int_equal(s->profile, SH_SRTP_AEAD_AES_128_GCM);
		assert_memory_equal(&s->in, &c->out, sizeof(s->in));
		assert_memory_equal(&s->out, &c->in, sizeof(s->in));
		assert_int_equal(end[0][i].connected + end[1][i].connected, 2);
		assert_int_equal(end[0][i].failed + end[1][i].failed, 0);
	}
}

static void goodbye_is_sent_and_heard(void **state)
{
	shake_hands();
	for (int i = 0; i < PAIRS; i++) {
		cp_dtls_session_close(end[0][i].session, true);
		end[0][i].session = NULL;
	}
	run_until(&closed, PAIRS);
	run_until(&released, PAIRS);
	for (int i = 0; i < PAIRS; i++) {
		assert_int_equal(end[0][i].closed, 0); /* it knows, it asked */
		assert_int_equal(end[1][i].closed, 1);
	}
}

static _Atomic unsigned trims;

/* In place of the C library's. It takes as long as with the heap of very many peers. */
int malloc_trim(size_t pad)
{
	trims++;
	usleep(20000);
	return 1;
}

static void run_for(unsigned ms)
{
	bool over = false;
	uv_timer_t alarm;

	uv_timer_init(&loop, &alarm);
	alarm.data = &over;
	uv_timer_start(&alarm, on_alarm, ms, 0);
	while (!over)
		uv_run(&loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&alarm, NULL);
	uv_run(&loop, UV_RUN_NOWAIT);
}

/* Memory goes back when a thread is idle; as that is dear, not for each session of a trickle. */
static void memory_is_returned_rarely_when_that_takes_long(void **state)
{
	shake_hands();
	trims = 0;
	for (int i = 0; i < 2; i++) {
		cp_dtls_session_close(end[0][i].session, true);
		end[0][i].session = NULL;
		run_for(1300);
		assert_int_equal(trims, 1);
	}
}

static void destroying_releases_and_says_goodbye(void **state)
{
	shake_hands();
	cp_dtls_pool_destroy(servers);
	servers = NULL;
	assert_int_equal(released, PAIRS);
	forget_sessions(0);
	run_until(&closed, PAIRS);
}

static void releasing_without_a_word(void **state)
{
	unsigned sent;

	shake_hands();
	sent = end[0][0].sent;
	cp_dtls_session_close(end[0][0].session, false);
	end[0][0].session = NULL;
	run_until(&released, 1);
	assert_int_equal(end[0][0].sent, sent);
}

static void queues_are_bounded(void **state)
{
	uint8_t junk[SH_DATAGRAM_MAX + 1] = {22};
	int error = 0;

	assert_int_equal(cp_dtls_session_input(end[0][0].session, &proven, junk, sizeof(junk)), EMSGSIZE);
	/* faster than a thread takes them out, sooner or later */
	for (int i = 0; i < 1000000 && !error; i++)
		error = cp_dtls_session_input(end[0][0].session, &proven, junk, 1000);
	assert_int_equal(error, ENOBUFS);
	shake_hands(); /* it was noise, and is over */
}

static void thread_counts_are_checked(void **state)
{
	struct cp_dtls_pool *p;

	assert_int_equal(cp_dtls_pool_create(&p, &loop, 0, &server_cert), EINVAL);
	assert_int_equal(cp_dtls_pool_create(&p, &loop, 65, &server_cert), EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(many_handshakes_at_once, start, stop),
		cmocka_unit_test_setup_teardown(goodbye_is_sent_and_heard, start, stop),
		cmocka_unit_test_setup_teardown(memory_is_returned_rarely_when_that_takes_long, start, stop),
		cmocka_unit_test_setup_teardown(destroying_releases_and_says_goodbye, start, stop),
		cmocka_unit_test_setup_teardown(releasing_without_a_word, start, stop),
		cmocka_unit_test_setup_teardown(queues_are_bounded, start, stop),
		cmocka_unit_test_setup_teardown(thread_counts_are_checked, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
