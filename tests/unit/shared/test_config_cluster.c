/* SPDX-License-Identifier: Apache-2.0 */
/* What a node of a cluster needs in its configuration, and addresses of Redis. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shared/config.h"
#include "shared/config_table.h"
#include "shared/redis_url.h"

static struct sh_config config;

static void set(char out[SH_PATH_MAX], const char *text)
{
	snprintf(out, SH_PATH_MAX, "%s", text);
}

static int begin(void **state)
{
	sh_config_defaults(&config);
	snprintf(config.node.id, sizeof(config.node.id), "fra-1");
	config.auth.algorithm = SH_AUTH_HS256;
	set(config.auth.key_file, "/k");
	config.cluster.redis_count = 1;
	set(config.cluster.redis[0], "redis://127.0.0.1");
	set(config.cluster.ca, "/ca.pem");
	set(config.cluster.certificate, "/c.pem");
	set(config.cluster.key, "/c.key");
	set(config.cluster.url, "https://fra-1.example");
	return 0;
}

static void assert_refused(const char *message)
{
	char err[300] = "";

	assert_int_not_equal(sh_config_check(&config, err, sizeof(err)), 0);
	assert_string_equal(err, message);
}

static void a_node_with_everything_is_good(void **state)
{
	char err[300];

	assert_int_equal(sh_config_check(&config, err, sizeof(err)), 0);
}

static void each_member_that_is_missing_is_named(void **state)
{
	struct {
		char *value;
		const char *message;
	} missing[] = {
		{config.node.id, "node.id: is missing; cluster.redis needs it"},
		{config.cluster.url, "cluster.url: is missing; cluster.redis needs it"},
		{config.cluster.ca, "cluster.ca: is missing; cluster.redis needs it"},
		{config.cluster.certificate, "cluster.certificate: is missing; cluster.redis needs it"},
		{config.cluster.key, "cluster.key: is missing; cluster.redis needs it"},
	};

	for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
		char saved = missing[i].value[0];

		missing[i].value[0] = '\0';
		assert_refused(missing[i].message);
		missing[i].value[0] = saved;
	}
	config.auth.algorithm = SH_AUTH_NONE;
	config.auth.key_file[0] = '\0';
	assert_refused("auth.algorithm: is none; cluster.redis needs tokens");
}

static void what_has_no_effect_is_refused(void **state)
{
	config.cluster.redis_count = 0;
	assert_refused("cluster.url: cluster.redis is empty, so that the node is alone");
	config.cluster.url[0] = '\0';
	assert_refused("cluster.certificate: cluster.redis is empty, so that the node is alone");
}

static void a_url_that_no_client_can_use_is_refused(void **state)
{
	set(config.cluster.url, "https://fra-1.example/");
	assert_refused("cluster.url: it ends without a slash");
}

static void tls_to_redis_is_refused_by_name(void **state)
{
	config.cluster.redis_count = 2;
	set(config.cluster.redis[1], "rediss://redis.example");
	assert_refused("cluster.redis[1]: rediss:// needs hiredis 1.0 or newer; run a TLS proxy on this "
		       "machine instead");
}

static void addresses_of_redis_are_read(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
		uint32_t database;
	} good[] = {
		{"redis://redis.example", "redis.example", 6379, 0},
		{"redis://10.0.0.1:6380/", "10.0.0.1", 6380, 0},
		{"redis://[2001:db8::1]:6380/3", "2001:db8::1", 6380, 3},
		{"redis://a/65535", "a", 6379, 65535},
	};
	static const char *const bad[] = {"", "redis://", "http://a", "redis://:6379", "redis://a:0",
		"redis://a:65536", "redis://a:", "redis://a:1x", "redis://a:6379x", "redis://a/x",
		"redis://a/1/2", "redis://a/65536", "redis://[::1", "redis://[::1]x", "redis://u:p@a",
		"redis://a/123456"};
	struct sh_redis_url url;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_null(sh_redis_url_read(&url, good[i].text));
		assert_string_equal(url.host, good[i].host);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.database, good[i].database);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!sh_redis_url_read(&url, bad[i]))
			fail_msg("%s was read", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_node_with_everything_is_good, begin),
		cmocka_unit_test_setup(each_member_that_is_missing_is_named, begin),
		cmocka_unit_test_setup(what_has_no_effect_is_refused, begin),
		cmocka_unit_test_setup(a_url_that_no_client_can_use_is_refused, begin),
		cmocka_unit_test_setup(tls_to_redis_is_refused_by_name, begin),
		cmocka_unit_test(addresses_of_redis_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
