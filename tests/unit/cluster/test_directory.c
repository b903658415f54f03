/* SPDX-License-Identifier: Apache-2.0 */
/* What a node believes of the others, for how long, and whose a room is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/cluster/directory.h"

#define START "00112233445566ff"

static struct cp_directory directory;

static int begin(void **state)
{
	directory = (struct cp_directory){.away = false};
	return 0;
}

static int end(void **state)
{
	cp_directory_free(&directory);
	assert_int_equal(directory.nodes.count, 0);
	return 0;
}

static enum cp_heard hear_json(const char *id, const char *json, uint64_t now_ms)
{
	cJSON *content = cJSON_Parse(json);
	enum cp_heard heard = cp_directory_hear(&directory, id, content, now_ms);

	assert_non_null(content);
	cJSON_Delete(content);
	return heard;
}

static enum cp_heard hear(const char *id, const char *start, unsigned sequence, uint64_t now_ms)
{
	char json[300];

	snprintf(json, sizeof(json),
		"{\"start\":\"%s\",\"sequence\":%u,\"url\":\"https://"
		"%s.example\",\"region\":\"eu\",\"viewers\":5,"
		"\"capacity\":40000,\"rooms\":2,\"draining\":false,\"later\":[]}",
		start, sequence, id);
	return hear_json(id, json, now_ms);
}

static const struct cp_node *node(const char *id)
{
	return cp_index_find(&directory.nodes, id);
}

static void a_node_is_there_until_it_is_silent_for_ten_seconds(void **state)
{
	assert_int_equal(hear("b", START, 1, 1000), CP_HEARD_NEW);
	assert_string_equal(node("b")->url, "https://b.example");
	assert_int_equal(node("b")->capacity, 40000);
	assert_int_equal(hear("b", START, 2, 4000), CP_HEARD_AGAIN);
	cp_directory_expire(&directory, false, 13999);
	assert_true(cp_node_alive(&directory, node("b"), 13999));
	assert_false(cp_node_alive(&directory, node("b"), 14000));
	assert_int_equal(hear("b", START, 3, 20000), CP_HEARD_NEW);
	cp_directory_expire(&directory, false, 80001);
	assert_null(node("b"));
}

static void a_record_that_is_repeated_is_not_news(void **state)
{
	hear("b", START, 5, 1000);
	assert_int_equal(hear("b", START, 5, 2000), CP_HEARD_OLD);
	assert_int_equal(hear("b", START, 4, 9000), CP_HEARD_OLD);
	assert_false(cp_node_alive(&directory, node("b"), 11000));
	assert_int_equal(hear("b", "ffffffffffffffff", 1, 12000), CP_HEARD_NEW);
}

static void nobody_is_gone_while_redis_is_away(void **state)
{
	hear("b", START, 1, 1000);
	cp_directory_expire(&directory, true, 2000);
	cp_directory_expire(&directory, true, 900000);
	assert_true(cp_node_alive(&directory, node("b"), 900000));
	/* Redis is back: each node has ten seconds to be heard. */
	cp_directory_expire(&directory, false, 900100);
	assert_true(cp_node_alive(&directory, node("b"), 910099));
	cp_directory_expire(&directory, false, 910100);
	assert_false(cp_node_alive(&directory, node("b"), 910100));
}

static void a_member_that_is_wrong_is_refused(void **state)
{
	static const char *const wrong[] = {
		"{}",
		"{\"start\":\"" START
		"\",\"sequence\":1,\"url\":\"x\",\"region\":\"\",\"viewers\":1,\"capacity\":1,\"rooms\":1}",
		"{\"start\":\"0011\",\"sequence\":1,\"url\":\"x\",\"region\":\"\",\"viewers\":1,\"capacity\":"
		"1,\"rooms\":1,"
		"\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":-1,\"url\":\"x\",\"region\":\"\",\"viewers\":1,\"capacity\":1,"
		"\"rooms\":1,\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":1.5,\"url\":\"x\",\"region\":\"\",\"viewers\":1,\"capacity\":1,"
		"\"rooms\":1,\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":1e300,\"url\":\"x\",\"region\":\"\",\"viewers\":1,\"capacity\":1,"
		"\"rooms\":1,\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":1,\"url\":\"a\\r\\nb\",\"region\":\"\",\"viewers\":1,\"capacity\":1,"
		"\"rooms\":1,\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":1,\"url\":\"x\",\"region\":7,\"viewers\":1,\"capacity\":1,\"rooms\":1,"
		"\"draining\":false}",
		"{\"start\":\"" START
		"\",\"sequence\":1,\"url\":\"x\",\"region\":\"\",\"viewers\":4294967296,\"capacity\":1,"
		"\"rooms\":1,\"draining\":false}",
	};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (hear_json("b", wrong[i], 1) != CP_HEARD_BAD)
			fail_msg("believed: %s", wrong[i]);
	assert_int_equal(directory.nodes.count, 0);
}

static void the_nodes_that_are_remembered_are_bounded(void **state)
{
	char id[SH_NODE_ID_MAX + 1];

	for (unsigned i = 0; i < CP_NODES_MAX; i++) {
		snprintf(id, sizeof(id), "n%u", i);
		assert_int_equal(hear(id, START, 1, 1), CP_HEARD_NEW);
	}
	assert_int_equal(hear("one-more", START, 1, 1), CP_HEARD_BAD);
	assert_int_equal(hear("n7", START, 2, 1), CP_HEARD_AGAIN);
}

static void of_two_claims_exactly_one_is_better(void **state)
{
	const struct cp_claim claims[] = {
		{1, "00000000000000aa"}, {1, "00000000000000ab"}, {2, "0000000000000000"}};

	for (unsigned i = 0; i < 3; i++)
		for (unsigned j = 0; j < 3; j++)
			assert_int_equal(cp_claim_beats(&claims[i], &claims[j]), i > j);
}

static void a_claim_needs_an_epoch_and_a_life(void **state)
{
	static const char *const wrong[] = {"{\"start\":\"" START "\"}",
		"{\"start\":\"" START "\",\"epoch\":0}", "{\"epoch\":3}",
		"{\"start\":\"" START "\",\"epoch\":\"3\"}"};
	struct cp_claim claim;
	cJSON *content = cJSON_Parse("{\"start\":\"" START "\",\"epoch\":3}");

	assert_int_equal(cp_claim_read(&claim, content), 0);
	assert_int_equal(claim.epoch, 3);
	assert_string_equal(claim.start, START);
	cJSON_Delete(content);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		content = cJSON_Parse(wrong[i]);
		assert_int_not_equal(cp_claim_read(&claim, content), 0);
		cJSON_Delete(content);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_node_is_there_until_it_is_silent_for_ten_seconds, begin,
			end),
		cmocka_unit_test_setup_teardown(a_record_that_is_repeated_is_not_news, begin, end),
		cmocka_unit_test_setup_teardown(nobody_is_gone_while_redis_is_away, begin, end),
		cmocka_unit_test_setup_teardown(a_member_that_is_wrong_is_refused, begin, end),
		cmocka_unit_test_setup_teardown(the_nodes_that_are_remembered_are_bounded, begin, end),
		cmocka_unit_test(of_two_claims_exactly_one_is_better),
		cmocka_unit_test(a_claim_needs_an_epoch_and_a_life),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
