/* SPDX-License-Identifier: Apache-2.0 */

/* What clients are told of STUN and TURN servers, and the credentials that coturn accepts. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/signaling/ice_servers.h"

/* printf 1700086400:peer | openssl dgst -sha1 -hmac north -binary | base64 */
#define EXPECTED "dPL2Q4aHTLS2YhlfC8VcTdHH1Xo="

static struct sh_config config;

static int setup(void **state)
{
	memset(&config, 0, sizeof(config));
	config.ice_count = 2;
	config.ice[0] = (struct sh_config_ice){.url_count = 1, .url = {"stun:stun.example:3478"}};
	config.ice[1] = (struct sh_config_ice){.url_count = 2,
		.url = {"turn:turn.example?transport=udp", "turn:turn.example?transport=tcp"},
		.secret = "north",
		.ttl_s = 86400};
	return 0;
}

static void credentials_are_those_that_coturn_computes(void **state)
{
	struct cp_ice_credentials c;

	cp_ice_credentials(&config.ice[1], "peer", 1700000000, &c);
	assert_string_equal(c.username, "1700086400:peer");
	assert_string_equal(c.password, EXPECTED);
}

static void static_credentials_are_told_as_they_are(void **state)
{
	struct cp_ice_credentials c;

	config.ice[1] = (struct sh_config_ice){.username = "anna", .credential = "hush"};
	cp_ice_credentials(&config.ice[1], "peer", 1700000000, &c);
	assert_string_equal(c.username, "anna");
	assert_string_equal(c.password, "hush");
}

static void the_secret_is_told_to_nobody(void **state)
{
	cJSON *json = cp_ice_servers_json(&config, "peer", 1700000000);
	char *text = cJSON_PrintUnformatted(json), links[2000];
	struct cp_writer w = {.at = links, .end = links + sizeof(links)};

	assert_string_equal(text,
		"[{\"urls\":[\"stun:stun.example:3478\"]},{\"urls\":[\"turn:turn.example?transport=udp\","
		"\"turn:turn.example?transport=tcp\"],\"username\":\"1700086400:peer\",\"credential\":"
		"\"" EXPECTED "\"}]");
	cp_ice_servers_links(&w, &config, "peer", 1700000000);
	assert_string_equal(links,
		"link: <stun:stun.example:3478>; rel=\"ice-server\"\r\n"
		"link: <turn:turn.example?transport=udp>; rel=\"ice-server\"; username=\"1700086400:peer\"; "
		"credential=\"" EXPECTED "\"; credential-type=\"password\"\r\n"
		"link: <turn:turn.example?transport=tcp>; rel=\"ice-server\"; username=\"1700086400:peer\"; "
		"credential=\"" EXPECTED "\"; credential-type=\"password\"\r\n");
	assert_null(strstr(text, "north"));
	assert_null(strstr(links, "north"));
	cJSON_free(text);
	cJSON_Delete(json);
	config.ice_count = 0;
	assert_null(cp_ice_servers_json(&config, "peer", 1700000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(credentials_are_those_that_coturn_computes, setup),
		cmocka_unit_test_setup(static_credentials_are_told_as_they_are, setup),
		cmocka_unit_test_setup(the_secret_is_told_to_nobody, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
