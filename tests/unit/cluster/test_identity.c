/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator is told about files that do not belong together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cluster/fixture.h"

static struct authority authority;
static struct cp_identity node;
static struct sh_config config;

static void set(char out[SH_PATH_MAX], const char *path)
{
	snprintf(out, SH_PATH_MAX, "%s", path);
}

static int begin(void **state)
{
	authority = make_authority();
	node = make_node(&authority, "fra-1", "EC", 30);
	begin_files();
	sh_config_defaults(&config);
	snprintf(config.node.id, sizeof(config.node.id), "fra-1");
	set(config.cluster.ca, write_certificate(PEM_CA, authority.certificate));
	set(config.cluster.certificate, write_certificate(PEM_CERTIFICATE, node.certificate));
	set(config.cluster.key, write_key(PEM_KEY, node.key));
	return 0;
}

static int end(void **state)
{
	end_files();
	cp_identity_free(&node);
	free_authority(&authority);
	return 0;
}

static void assert_refused(const char *member, const char *part)
{
	struct cp_identity read;
	char err[300] = "";

	assert_int_not_equal(cp_identity_read(&read, &config, err, sizeof(err)), 0);
	if (strncmp(err, member, strlen(member)) != 0 || !strstr(err, part))
		fail_msg("\"%s\" does not begin with %s, or has no \"%s\"", err, member, part);
	assert_null(read.key);
}

static void files_that_belong_together_are_read(void **state)
{
	struct cp_identity read;
	char err[300];

	assert_int_equal(cp_identity_read(&read, &config, err, sizeof(err)), 0);
	assert_string_equal(read.node, "fra-1");
	cp_identity_free(&read);
}

static void each_file_that_is_wrong_is_named(void **state)
{
	struct authority other = make_authority();
	struct cp_identity stranger = make_node(&other, "fra-1", "EC", 30);

	write_text(PEM_CA, "nothing");
	assert_refused("cluster.ca", "no certificate");
	write_certificate(PEM_CA, other.certificate);
	assert_refused("cluster.certificate", "certificate signature failure");
	write_certificate(PEM_CA, authority.certificate);

	write_text(PEM_KEY, "nothing");
	assert_refused("cluster.key", "no private key");
	write_key(PEM_KEY, stranger.key);
	assert_refused("cluster.key", "not the key of cluster.certificate");
	write_key(PEM_KEY, node.key);

	write_text(PEM_CERTIFICATE, "nothing");
	assert_refused("cluster.certificate", "no certificate");
	set(config.cluster.certificate, "/nowhere/node.pem");
	assert_refused("cluster.certificate", "No such file");
	cp_identity_free(&stranger);
	free_authority(&other);
}

static void a_certificate_of_another_node_is_refused(void **state)
{
	snprintf(config.node.id, sizeof(config.node.id), "fra-2");
	assert_refused("cluster.certificate", "is that of \"fra-1\", and node.id is \"fra-2\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(files_that_belong_together_are_read, begin, end),
		cmocka_unit_test_setup_teardown(each_file_that_is_wrong_is_named, begin, end),
		cmocka_unit_test_setup_teardown(a_certificate_of_another_node_is_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
