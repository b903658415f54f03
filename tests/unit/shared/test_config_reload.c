/* SPDX-License-Identifier: Apache-2.0 */

/* Two configurations: what differs, how it is said, and what is taken over. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/config_reload.h"

static struct sh_config before, after;
static char told[4096];

static int make(void **state)
{
	sh_config_defaults(&before);
	after = before;
	told[0] = '\0';
	return 0;
}

static void tell(void *arg, const struct sh_config_change *change)
{
	size_t len = strlen(told);

	snprintf(told + len, sizeof(told) - len, "%s%s:%s>%s\n", change->path, change->reloads ? "" : "!",
		change->before, change->after);
}

static void nothing_differs(void **state)
{
	sh_config_compare(&before, &after, tell, NULL);
	assert_string_equal(told, "");
}

static void each_kind_is_said(void **state)
{
	after.log_level = SH_LOG_DEBUG;
	after.http.port = 80;
	after.http.room_list = false;
	snprintf(after.http.origins, sizeof(after.http.origins), "https://a.example, https://b.example");
	after.http.proxy_count = 2;
	sh_addr_parse(&after.http.proxy[0].addr, "10.0.0.0");
	after.http.proxy[0].bits = 8;
	sh_addr_parse(&after.http.proxy[1].addr, "fd00::1");
	after.http.proxy[1].bits = 128;
	after.codec_count = 2;
	after.limit.rooms = 5;
	sh_config_compare(&before, &after, tell, NULL);
	assert_string_equal(told, "log.level:info>debug\n"
				  "http.port!:3000>80\n"
				  "http.origins:*>\"https://a.example, https://b.example\"\n"
				  "http.room_list:true>false\n"
				  "http.trusted_proxies:\"\">10.0.0.0/8,fd00::1/128\n"
				  "codecs:opus,VP8,VP9,H264,AV1>opus,VP8\n"
				  "limits.rooms:10000>5\n");
}

static void secrets_are_not_said(void **state)
{
	snprintf(after.hooks.url, sizeof(after.hooks.url), "https://a.example/?key=hidden");
	snprintf(after.hooks.admission_url, sizeof(after.hooks.admission_url), "https://a.example/hidden");
	snprintf(after.auth.jwks_url, sizeof(after.auth.jwks_url), "https://a.example/hidden");
	after.ice_count = 1;
	snprintf(after.ice[0].secret, sizeof(after.ice[0].secret), "hidden");
	sh_config_compare(&before, &after, tell, NULL);
	assert_non_null(strstr(told, "hooks.url:\"\">\"(not shown)\"\n"));
	assert_non_null(strstr(told, "ice_servers:\"\">\"(not shown)\"\n"));
	assert_null(strstr(told, "hidden"));
}

static void what_reloads_is_taken_over(void **state)
{
	after.log_level = SH_LOG_ERROR;
	after.http.port = 80;
	after.ice_count = 1;
	snprintf(after.ice[0].url[0], sizeof(after.ice[0].url[0]), "stun:a.example");
	after.hooks.queue = 7;
	sh_config_take(&before, &after, "");
	assert_int_equal(before.log_level, SH_LOG_ERROR);
	assert_int_equal(before.http.port, 3000);
	assert_int_equal(before.ice_count, 1);
	assert_string_equal(before.ice[0].url[0], "stun:a.example");
	assert_int_equal(before.hooks.queue, 7);
}

static void a_group_is_taken_over_alone(void **state)
{
	after.log_level = SH_LOG_ERROR;
	after.hooks.queue = 7;
	sh_config_take(&before, &after, "hooks.");
	assert_int_equal(before.log_level, SH_LOG_INFO);
	assert_int_equal(before.hooks.queue, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_differs, make),
		cmocka_unit_test_setup(each_kind_is_said, make),
		cmocka_unit_test_setup(secrets_are_not_said, make),
		cmocka_unit_test_setup(what_reloads_is_taken_over, make),
		cmocka_unit_test_setup(a_group_is_taken_over_alone, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
