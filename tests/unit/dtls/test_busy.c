/* SPDX-License-Identifier: Apache-2.0 */

/* A thread of the pool that hangs is noticed, and one that waits or works is not. */

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/dtls/pool.h"

enum { SOME_MS = 100 };

static uv_loop_t loop;
static struct cp_cert cert;
static struct cp_dtls_pool *pool;
static sem_t begun, go_on;

/* Stands for the handshake: a datagram takes until the test says so. */
void __wrap_cp_dtls_input(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data,
	size_t len);

void __wrap_cp_dtls_input(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data,
	size_t len)
{
	sem_post(&begun);
	while (sem_wait(&go_on) != 0)
		;
}

static void nobody_sends(void *arg, const uint8_t *data, size_t len, uint32_t proven)
{
}

static void nothing_changes(void *arg, enum cp_dtls_state state, const struct sh_transport_keys *keys,
	const char *reason)
{
}

static void released(void *arg)
{
}

static const struct cp_dtls_events events = {
	.send = nobody_sends, .state = nothing_changes, .released = released};

static void turn(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
}

static void a_thread_that_hangs_is_noticed(void **state)
{
	static const struct cp_dtls_source from = {1, true};
	struct cp_dtls_session *s = cp_dtls_session_open(pool, &events, NULL);

	assert_non_null(s);
	usleep(SOME_MS * 1000); /* however long it waits */
	assert_int_equal(cp_dtls_pool_stuck_ms(pool), 0);
	assert_int_equal(cp_dtls_session_input(s, &from, (const uint8_t *)"x", 1), 0);
	assert_int_equal(cp_dtls_session_input(s, &from, (const uint8_t *)"y", 1), 0);
	turn();
	while (sem_wait(&begun) != 0)
		;
	usleep(SOME_MS * 1000);
	assert_in_range(cp_dtls_pool_stuck_ms(pool), SOME_MS, 60000);
	/* The next datagram is another piece of work, and its time begins anew. */
	sem_post(&go_on);
	while (sem_wait(&begun) != 0)
		;
	sem_post(&go_on);
	for (unsigned i = 0; cp_dtls_pool_stuck_ms(pool) != 0; i++) {
		assert_true(i < 1000);
		usleep(10000);
	}
	cp_dtls_session_close(s, false);
}

static int make(void **state)
{
	sem_init(&begun, 0, 0);
	sem_init(&go_on, 0, 0);
	return uv_loop_init(&loop) || cp_cert_create(&cert) || cp_dtls_pool_create(&pool, &loop, 2, &cert);
}

static int end(void **state)
{
	cp_dtls_pool_destroy(pool);
	uv_run(&loop, UV_RUN_DEFAULT);
	cp_cert_free(&cert);
	return uv_loop_close(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_thread_that_hangs_is_noticed, make, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
