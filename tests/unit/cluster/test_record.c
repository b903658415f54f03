/* SPDX-License-Identifier: Apache-2.0 */
/* Who can make a record that a node believes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/cluster/record.h"
#include "tests/unit/cluster/fixture.h"

#define NAME "spate:node:fra-1"

static struct authority authority;
static struct cp_identity node, reader;

static int begin(void **state)
{
	authority = make_authority();
	node = make_node(&authority, "fra-1", "EC", 30);
	reader = make_node(&authority, "fra-2", "EC", 30);
	return 0;
}

static int end(void **state)
{
	cp_identity_free(&node);
	cp_identity_free(&reader);
	free_authority(&authority);
	return 0;
}

static char *write_with(const struct cp_identity *i, const char *json)
{
	cJSON *content = cJSON_Parse(json);
	char *text = cp_record_write(i, NAME, content);

	cJSON_Delete(content);
	return text;
}

static void assert_refused(const char *name, const char *text, size_t len, const char *part)
{
	char signer[SH_NODE_ID_MAX + 1];
	const char *why = NULL;
	cJSON *content = cp_record_read(&reader, name, text, len, signer, &why);

	assert_null(content);
	assert_non_null(why);
	if (part && !strstr(why, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why);
}

static void a_record_is_read_with_the_keys_of_all_kinds(void **state)
{
	static const char *const types[] = {"EC", "ED25519", "RSA"};

	for (unsigned i = 0; i < 3; i++) {
		struct cp_identity writer = make_node(&authority, "fra-1", types[i], 30);
		char *text = write_with(&writer, "{\"sequence\":7}"), signer[SH_NODE_ID_MAX + 1];
		const char *why = "";
		cJSON *content = cp_record_read(&reader, NAME, text, strlen(text), signer, &why);

		assert_non_null(content);
		assert_null(why);
		assert_string_equal(signer, "fra-1");
		assert_int_equal(cJSON_GetObjectItem(content, "sequence")->valueint, 7);
		cJSON_Delete(content);
		free(text);
		cp_identity_free(&writer);
	}
}

static void a_record_is_believed_under_its_own_name_only(void **state)
{
	char *text = write_with(&node, "{}");

	assert_refused("spate:node:fra-2", text, strlen(text), "the signature is wrong");
	assert_refused("spate:room:fra-1", text, strlen(text), "the signature is wrong");
	free(text);
}

static void no_byte_can_be_changed(void **state)
{
	char *text = write_with(&node, "{\"url\":\"https://fra-1.example\"}");
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++) {
		char saved = text[i];

		text[i] = saved == 'A' ? 'B' : 'A';
		assert_refused(NAME, text, len, NULL);
		text[i] = saved;
	}
	for (size_t i = 0; i < len; i += 3)
		assert_refused(NAME, text, i, NULL);
	free(text);
}

/* The signature is not signed: an equal one in another spelling would be a second record. */
static void a_signature_has_one_spelling(void **state)
{
	struct cp_identity writer = make_node(&authority, "fra-1", "ED25519", 30);
	char *text = write_with(&writer, "{}"), *spaced;
	size_t len = strlen(text);

	assert_string_equal(text + len - 2, "=="); /* 64 bytes: the last character carries 2 of its 6 bits */
	text[len - 3]++;
	assert_refused(NAME, text, len, "damaged");
	text[len - 3]--;
	assert_true(asprintf(&spaced, "%.*s    %s", (int)(strrchr(text, '.') + 1 - text), text,
			    strrchr(text, '.') + 1) > 0);
	assert_refused(NAME, spaced, strlen(spaced), "damaged");
	free(spaced);
	free(text);
	cp_identity_free(&writer);
}

static void a_certificate_of_another_authority_is_no_node(void **state)
{
	struct authority other = make_authority();
	struct cp_identity stranger = make_node(&other, "fra-1", "EC", 30);
	char *text = write_with(&stranger, "{}");

	assert_refused(NAME, text, strlen(text), "certificate");
	free(text);
	cp_identity_free(&stranger);
	free_authority(&other);
}

static void an_expired_certificate_is_refused(void **state)
{
	struct cp_identity late = make_node(&authority, "fra-1", "EC", -1);
	char *text = write_with(&late, "{}");

	assert_refused(NAME, text, strlen(text), "expired");
	free(text);
	cp_identity_free(&late);
}

static void a_name_that_can_be_no_id_is_refused(void **state)
{
	struct cp_identity odd = make_node(&authority, "fra 1\r\nX: y", "EC", 30);
	char *text = write_with(&odd, "{}");

	assert_refused(NAME, text, strlen(text), "common name");
	free(text);
	cp_identity_free(&odd);
}

static void what_is_no_record_is_refused(void **state)
{
	char *text = write_with(&node, "[1]"), *newer;
	char longest[CP_RECORD_MAX + 2];

	assert_refused(NAME, text, strlen(text), "no object");
	newer = strdup(text);
	newer[5] = '2';
	assert_refused(NAME, newer, strlen(newer), "version");
	memset(longest, 'A', sizeof(longest));
	assert_refused(NAME, longest, sizeof(longest), "damaged");
	assert_refused(NAME, "", 0, "damaged");
	assert_refused(NAME, "spate1...", 9, "damaged");
	assert_refused(NAME, "spate1.e30=.e30=.e30=.e30=", 26, "damaged");
	assert_refused(NAME, "spate1.e30=.====.====", 21, "damaged");
	free(newer);
	free(text);
}

static void a_record_that_would_be_too_long_is_not_written(void **state)
{
	char long_text[CP_RECORD_MAX];
	cJSON *content = cJSON_CreateObject();

	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	cJSON_AddStringToObject(content, "url", long_text);
	assert_null(cp_record_write(&node, NAME, content));
	cJSON_Delete(content);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read_with_the_keys_of_all_kinds),
		cmocka_unit_test(a_record_is_believed_under_its_own_name_only),
		cmocka_unit_test(no_byte_can_be_changed),
		cmocka_unit_test(a_signature_has_one_spelling),
		cmocka_unit_test(a_certificate_of_another_authority_is_no_node),
		cmocka_unit_test(an_expired_certificate_is_refused),
		cmocka_unit_test(a_name_that_can_be_no_id_is_refused),
		cmocka_unit_test(what_is_no_record_is_refused),
		cmocka_unit_test(a_record_that_would_be_too_long_is_not_written),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
