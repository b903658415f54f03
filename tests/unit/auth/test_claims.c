/* SPDX-License-Identifier: Apache-2.0 */
/* What a token says, and what it may not say. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/auth/internal.h"

enum { NOW = 1800000000, LEEWAY = 5 };

static struct sh_config config;

static int forget_config(void **state)
{
	config = (struct sh_config){0};
	return 0;
}

static struct cp_grant good(const char *payload)
{
	struct cp_grant grant = {0};
	struct cp_fault fault = {.message = ""};
	int status = cp_claims_read(&config, payload, strlen(payload), NOW, &grant, &fault);

	assert_string_equal(fault.message, "");
	assert_int_equal(status, 0);
	return grant;
}

static void bad_bytes(const char *payload, size_t len, const char *words)
{
	struct cp_grant grant;
	struct cp_fault fault = {.message = ""};

	assert_int_equal(cp_claims_read(&config, payload, len, NOW, &grant, &fault), EACCES);
	assert_string_equal(fault.message, words);
	assert_int_equal(fault.code, CP_FORBIDDEN);
}

static void bad(const char *payload, const char *words)
{
	bad_bytes(payload, strlen(payload), words);
}

static void what_is_granted(void **state)
{
	struct cp_grant g = good("{\"exp\":1800000060}");

	assert_string_equal(g.user, "");
	assert_string_equal(g.room, "");
	assert_false(g.publish);
	assert_true(g.subscribe);
	assert_false(g.close);
	assert_int_equal(g.expires_s, 1800000060 + LEEWAY);
	assert_int_equal(good("{\"exp\":1800000060.25}").expires_s, 1800000061 + LEEWAY);

	g = good("{\"sub\":\"alice\",\"room\":\"show-1\",\"publish\":true,\"subscribe\":false,"
		 "\"exp\":1800000060,\"iss\":\"app\",\"other\":[1,{\"exp\":0}]}");
	assert_string_equal(g.user, "alice");
	assert_string_equal(g.room, "show-1");
	assert_true(g.publish);
	assert_false(g.subscribe);

	g = good(" {\"exp\":1800000060,\"publish\":false,\"subscribe\":true}\r\n");
	assert_false(g.publish);
	assert_true(g.subscribe);
}

/*
 * A guest who speaks may publish and not close; who publishes may close unless the token says no.
 */
static void closing_is_granted_apart_from_publishing(void **state)
{
	assert_true(good("{\"exp\":1800000060,\"publish\":true}").close);
	assert_false(good("{\"exp\":1800000060,\"publish\":true,\"close\":false}").close);
	assert_true(good("{\"exp\":1800000060,\"close\":true}").close);
	bad("{\"exp\":1800000060,\"close\":1}", "token: close: must be true or false");
	bad("{\"exp\":1800000060,\"close\":true,\"close\":true}", "token: close: is given twice");
}

static void times(void **state)
{
	char text[100];

	snprintf(text, sizeof(text), "{\"exp\":%d}", NOW - LEEWAY + 1);
	good(text);
	snprintf(text, sizeof(text), "{\"exp\":%d}", NOW - LEEWAY);
	bad(text, "token: exp: it has expired");
	good("{\"exp\":1799999995.5}");
	good("{\"exp\":253402300799}");
	bad("{\"exp\":253402300800}", "token: exp: must be in seconds since 1970, up to 9999");
	bad("{\"exp\":1800000060000}", "token: exp: must be in seconds since 1970, up to 9999"); /* in ms */
	bad("{\"exp\":1e300}", "token: exp: must be in seconds since 1970, up to 9999");
	bad("{\"exp\":1e999}", "token: exp: must be in seconds since 1970, up to 9999");
	bad("{\"exp\":-1}", "token: exp: must be in seconds since 1970, up to 9999");
	bad("{\"exp\":0}", "token: exp: it has expired");

	snprintf(text, sizeof(text), "{\"exp\":1800000060,\"nbf\":%d}", NOW + LEEWAY);
	good(text);
	snprintf(text, sizeof(text), "{\"exp\":1800000060,\"nbf\":%d}", NOW + LEEWAY + 1);
	bad(text, "token: nbf: it is not valid yet");
	bad("{\"exp\":1800000060,\"nbf\":1e999}", "token: nbf: must be in seconds since 1970, up to 9999");

	bad("{}", "token: exp: is missing");
	bad("{\"sub\":\"alice\",\"Exp\":1800000060}", "token: exp: is missing");
}

static void wrong_types(void **state)
{
	bad("{\"exp\":\"1800000060\"}", "token: exp: must be a number");
	bad("{\"exp\":null}", "token: exp: must be a number");
	bad("{\"exp\":[1800000060]}", "token: exp: must be a number");
	bad("{\"exp\":1800000060,\"nbf\":\"0\"}", "token: nbf: must be a number");
#define CLAIM(text) "{\"exp\":1800000060," text "}"
	bad(CLAIM("\"sub\":7"), "token: sub: must be text");
	bad(CLAIM("\"sub\":null"), "token: sub: must be text");
	bad(CLAIM("\"room\":[\"show\"]"), "token: room: must be text");
	bad(CLAIM("\"publish\":1"), "token: publish: must be true or false");
	bad(CLAIM("\"publish\":\"true\""), "token: publish: must be true or false");
	bad(CLAIM("\"subscribe\":null"), "token: subscribe: must be true or false");
}

/* RFC 7519, 4.1.3: one text or a list of texts, of which one must be ours. */
static void audience(void **state)
{
	static const char other[] = "token: aud: it is for another service";
	static const char type[] = "token: aud: must be text or a list of texts";

	good(CLAIM("\"sub\":\"a\""));
	bad(CLAIM("\"aud\":\"billing.example\""), other); /* a server without a name is never meant */
	bad(CLAIM("\"aud\":\"\""), other);
	bad(CLAIM("\"aud\":[]"), other);
	strcpy(config.auth.audience, "spate.example");
	good(CLAIM("\"aud\":\"spate.example\""));
	good(CLAIM("\"aud\":[\"billing.example\",\"spate.example\"]"));
	bad(CLAIM("\"sub\":\"a\""), "token: aud: is missing");
	bad(CLAIM("\"aud\":\"billing.example\""), other);
	bad(CLAIM("\"aud\":\"Spate.example\""), other);
	bad(CLAIM("\"aud\":\"spate.example.org\""), other);
	bad(CLAIM("\"aud\":[\"billing.example\",\"tv.example\"]"), other);
	bad(CLAIM("\"aud\":[]"), other);
	bad(CLAIM("\"aud\":7"), type);
	bad(CLAIM("\"aud\":null"), type);
	bad(CLAIM("\"aud\":{\"a\":\"spate.example\"}"), type);
	bad(CLAIM("\"aud\":[\"spate.example\",7]"), type);
	bad(CLAIM("\"aud\":[[\"spate.example\"]]"), type);
	bad(CLAIM("\"aud\":\"x\",\"aud\":\"spate.example\""), "token: aud: is given twice");
}

static void issuer(void **state)
{
	good(CLAIM("\"iss\":\"https://id.example\""));
	bad(CLAIM("\"iss\":7"), "token: iss: must be text");
	strcpy(config.auth.issuer, "https://id.example");
	good(CLAIM("\"iss\":\"https://id.example\""));
	bad(CLAIM("\"sub\":\"a\""), "token: iss: is missing");
	bad(CLAIM("\"iss\":\"https://id.example/\""), "token: iss: it is from another issuer");
	bad(CLAIM("\"iss\":[\"https://id.example\"]"), "token: iss: must be text");
	bad(CLAIM("\"iss\":\"https://id.example\",\"iss\":\"x\""), "token: iss: is given twice");
}

static void a_room_can_be_required(void **state)
{
	config.auth.require_room = true;
	assert_string_equal(good(CLAIM("\"room\":\"show\"")).room, "show");
	bad(CLAIM("\"sub\":\"a\""), "token: room: is missing");
}

static void names(void **state)
{
#define RULE "must be 1 to 255 bytes of UTF-8 without control characters"
	static const char *const fit[] = {"auth0|0123456789abcdef01234567", "anna.maria+tv@example.com",
		"https://id.example.org/users/42?x=1#me", "urn:uuid:0c1a8b3e", "CN=Anna, O=\\\"Example\\\"",
		" ", "..", "\xe5\xae\x89\xe5\xa8\x9c", "\xd8\xa2\xd9\x86\xd8\xa7", "\xf0\x9f\x8e\xac"};
	static const char *const bad_names[] = {"a\\nb", "\\u001b[2J", "a\x7f", "\\u0085", "\xc2\x9b",
		"\\u2028", "\xe2\x80\xa9", "\xff", "\xc0\xaf", "\xed\xa0\x80", "caf\xe9"};
	char text[400], fill[300];

	memset(fill, 'x', sizeof(fill));
	snprintf(text, sizeof(text), CLAIM("\"sub\":\"%.*s\""), 255, fill);
	assert_int_equal(strlen(good(text).user), 255);
	snprintf(text, sizeof(text), CLAIM("\"sub\":\"%.*s\""), 256, fill);
	bad(text, "token: sub: " RULE);
	bad(CLAIM("\"sub\":\"\""), "token: sub: " RULE);
	bad(CLAIM("\"room\":\"a\\tb\""), "token: room: " RULE);
	bad(CLAIM("\"room\":\"\""), "token: room: " RULE);
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++) {
		snprintf(text, sizeof(text), CLAIM("\"sub\":\"%s\",\"room\":\"%s\""), fit[i], fit[i]);
		assert_string_equal(good(text).user, good(text).room);
	}
	assert_string_equal(good(CLAIM("\"sub\":\"anna@example.com\"")).user, "anna@example.com");
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		snprintf(text, sizeof(text), CLAIM("\"sub\":\"%s\""), bad_names[i]);
		bad(text, "token: sub: " RULE);
	}
#undef RULE
}

static void given_twice(void **state)
{
	bad("{\"exp\":1800000060,\"exp\":1800000060}", "token: exp: is given twice");
	bad(CLAIM("\"sub\":\"a\",\"sub\":\"b\""), "token: sub: is given twice");
	bad(CLAIM("\"publish\":false,\"publish\":true"), "token: publish: is given twice");
}

/* One user must not pass for another by what follows a NUL. */
static void nul(void **state)
{
	static const char bytes[] = CLAIM("\"sub\":\"alice\0x\"");

	bad(CLAIM("\"sub\":\"alice\\u0000x\""), "token: its payload is no JSON object");
	bad_bytes(bytes, sizeof(bytes) - 1, "token: its payload is no JSON object");
}
#undef CLAIM

static void no_object(void **state)
{
	static const char *const payloads[] = {"", " ", "[]", "7", "null", "\"exp\"", "{",
		"{\"exp\":1800000060", "{\"exp\":1800000060}x", "{\"exp\":1800000060}{}", "exp=1800000060",
		"\xff\xfe{}"};

	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++)
		bad(payloads[i], "token: its payload is no JSON object");
	bad_bytes("{\"exp\":1800000060}", 10, "token: its payload is no JSON object");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_granted),
		cmocka_unit_test(closing_is_granted_apart_from_publishing),
		cmocka_unit_test(times),
		cmocka_unit_test(wrong_types),
		cmocka_unit_test_setup(audience, forget_config),
		cmocka_unit_test_setup(issuer, forget_config),
		cmocka_unit_test_setup(a_room_can_be_required, forget_config),
		cmocka_unit_test_setup(names, forget_config),
		cmocka_unit_test(given_twice),
		cmocka_unit_test(nul),
		cmocka_unit_test(no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
