/* SPDX-License-Identifier: Apache-2.0 */

/* /healthz says whether the threads of the process work, and nothing of what is outside of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/operator/pages.h"
#include "controlplane/webrtc/webrtc.h"

static uint64_t stuck_ms;
static struct sh_stats_reader stats;

uint64_t __wrap_cp_webrtc_server_stuck_ms(const struct cp_webrtc_server *s);

uint64_t __wrap_cp_webrtc_server_stuck_ms(const struct cp_webrtc_server *s)
{
	assert_non_null(s);
	return stuck_ms;
}

static void expect(const struct cp_view *v, bool healthy, const char *text)
{
	char *page = cp_health_text(v);

	assert_int_equal(cp_is_healthy(v), healthy);
	assert_non_null(page);
	if (strcmp(page, text) != 0)
		fail_msg("%s", page);
	free(page);
}

static void a_thread_that_hangs_fails_it(void **state)
{
	static char server;
	struct cp_webrtc_server *webrtc = NULL;
	const struct cp_view view = {.stats = &stats, .webrtc = &webrtc};
	const struct cp_view bare = {.stats = &stats};

	stuck_ms = 60000;
	expect(&bare, true, "{\"status\":\"ok\",\"dataplane\":\"away\"}");
	expect(&view, true, "{\"status\":\"ok\",\"dataplane\":\"away\"}"); /* it has been stopped */
	webrtc = (struct cp_webrtc_server *)&server;
	expect(&view, false,
		"{\"status\":\"failing\",\"reason\":\"a DTLS thread hangs\",\"dataplane\":\"away\"}");
	stuck_ms = 200; /* it works */
	expect(&view, true, "{\"status\":\"ok\",\"dataplane\":\"away\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_that_hangs_fails_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
