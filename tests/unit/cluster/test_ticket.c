/* SPDX-License-Identifier: Apache-2.0 */
/* Whom a ticket lets in: the right client, at the right node, once, and not for long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/cluster/record.h"
#include "controlplane/cluster/ticket.h"
#include "tests/unit/cluster/fixture.h"

enum { NOW = 1700000000 };

static struct authority authority, others;
static struct cp_identity sender, target, third, stranger;
static struct cp_used_tickets used;
static struct cp_ticket_content content, read;

static int begin(void **state)
{
	authority = make_authority();
	others = make_authority();
	sender = make_node(&authority, "fra-1", "EC", 30);
	target = make_node(&authority, "fra-2", "ED25519", 30);
	third = make_node(&authority, "fra-3", "EC", 30);
	stranger = make_node(&others, "fra-1", "EC", 30);
	content = (struct cp_ticket_content){.node = "fra-2",
		.room = "a show/\xc3\xa4",
		.user = "auth0|17",
		.user_proven = true,
		.subscribe = true,
		.expires_s = NOW + 500,
		.redirects = 1};
	return 0;
}

static int end(void **state)
{
	cp_used_tickets_free(&used);
	cp_identity_free(&sender);
	cp_identity_free(&target);
	cp_identity_free(&third);
	cp_identity_free(&stranger);
	free_authority(&authority);
	free_authority(&others);
	return 0;
}

/* Writes a ticket by `from` and uses it at `at`, `later` seconds after: what cp_ticket_use() says. */
static const char *try(const struct cp_identity *from, const struct cp_identity *at, int later)
{
	char *text = cp_ticket_write(from, &content, NOW);
	const char *why;

	assert_non_null(text);
	why = cp_ticket_use(&used, at, text, NOW + later, &read);
	free(text);
	return why;
}

static void a_ticket_says_what_was_written(void **state)
{
	assert_null(try(&sender, &target, 0));
	assert_string_equal(read.room, content.room);
	assert_string_equal(read.user, content.user);
	assert_true(read.user_proven && read.subscribe && !read.publish && !read.close);
	assert_int_equal(read.expires_s, NOW + 500);
	assert_int_equal(read.redirects, 1);
}

static void it_is_good_at_one_node_only(void **state)
{
	assert_string_equal(try(&sender, &third, 0), "it is for another node");
}

static void it_is_good_once(void **state)
{
	char *text = cp_ticket_write(&sender, &content, NOW);

	assert_null(cp_ticket_use(&used, &target, text, NOW - CP_TICKET_SKEW_S, &read));
	for (int later = 0; later <= CP_TICKET_LIFE_S + CP_TICKET_SKEW_S; later++)
		assert_string_equal(cp_ticket_use(&used, &target, text, NOW + later, &read),
			"it was used before");
	free(text);
}

static void it_is_good_for_a_while(void **state)
{
	assert_null(try(&sender, &target, CP_TICKET_LIFE_S + CP_TICKET_SKEW_S));
	assert_non_null(try(&sender, &target, CP_TICKET_LIFE_S + CP_TICKET_SKEW_S + 1));
	assert_null(try(&sender, &target, -CP_TICKET_SKEW_S));
	assert_non_null(try(&sender, &target, -CP_TICKET_SKEW_S - 1));
}

static void a_stranger_cannot_make_one(void **state)
{
	assert_non_null(try(&stranger, &target, 0));
}

static void a_changed_one_is_refused(void **state)
{
	char *text = cp_ticket_write(&sender, &content, NOW);
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i += 7) {
		char was = text[i];

		text[i] = was == 'A' ? 'B' : 'A';
		assert_non_null(cp_ticket_use(&used, &target, text, NOW, &read));
		text[i] = was;
	}
	assert_null(cp_ticket_use(&used, &target, text, NOW, &read));
	free(text);
}

static void another_record_is_no_ticket(void **state)
{
	cJSON *json = cJSON_Parse("{\"node\":\"fra-2\"}");
	char *text = cp_record_write(&sender, "spate:node:fra-1", json);

	assert_string_equal(cp_ticket_use(&used, &target, text, NOW, &read), "the signature is wrong");
	cJSON_Delete(json);
	free(text);
}

static void a_third_redirect_is_refused(void **state)
{
	content.redirects = CP_REDIRECTS_MAX;
	assert_null(try(&sender, &target, 0));
	content.redirects++;
	assert_non_null(try(&sender, &target, 0));
	content.redirects = 0;
	assert_non_null(try(&sender, &target, 0));
}

static void used_ones_are_forgotten(void **state)
{
	assert_null(try(&sender, &target, 0));
	assert_null(try(&sender, &target, 1));
	assert_int_equal(used.by_nonce.count, 2);
	content.expires_s = 0;
	char *text = cp_ticket_write(&sender, &content, NOW + 100);

	assert_null(cp_ticket_use(&used, &target, text, NOW + 100, &read));
	assert_int_equal(used.by_nonce.count, 1);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_ticket_says_what_was_written, begin, end),
		cmocka_unit_test_setup_teardown(it_is_good_at_one_node_only, begin, end),
		cmocka_unit_test_setup_teardown(it_is_good_once, begin, end),
		cmocka_unit_test_setup_teardown(it_is_good_for_a_while, begin, end),
		cmocka_unit_test_setup_teardown(a_stranger_cannot_make_one, begin, end),
		cmocka_unit_test_setup_teardown(a_changed_one_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(another_record_is_no_ticket, begin, end),
		cmocka_unit_test_setup_teardown(a_third_redirect_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(used_ones_are_forgotten, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
