/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The list of recordings: who reports is in it, who does not is forgotten, and who is asked to end
 * hears it.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/operator/recordings.h"

#define ID_A "aaaaaaaa-0000-0000-0000-000000000000"
#define ID_B "bbbbbbbb-0000-0000-0000-000000000000"

static struct cp_recordings all;
static const char *error;

static int make(void **state)
{
	memset(&all, 0, sizeof(all));
	return 0;
}

/* What the recording hears: whether it must end. False also where it is refused; `error` says so. */
static bool report(const char *id, const char *room, const char *recording_state, uint64_t now_ms)
{
	cJSON *request = cJSON_CreateObject(), *reply = cJSON_CreateObject();
	bool stop;

	cJSON_AddStringToObject(request, "id", id);
	cJSON_AddStringToObject(request, "room", room);
	cJSON_AddStringToObject(request, "state", recording_state);
	cJSON_AddStringToObject(request, "file", "/srv/a.mkv");
	cJSON_AddNumberToObject(request, "files", 2);
	cp_recordings_report(&all, request, now_ms, reply, &error);
	stop = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(reply, "stop"));
	cJSON_Delete(request);
	cJSON_Delete(reply);
	return stop;
}

static bool stop(const char *id, uint64_t now_ms)
{
	cJSON *request = cJSON_CreateObject();
	bool found;

	cJSON_AddStringToObject(request, "id", id);
	found = cp_recordings_stop(&all, request, now_ms);
	cJSON_Delete(request);
	return found;
}

static void expect_list(uint64_t now_ms, const char *text)
{
	cJSON *list = cJSON_CreateArray();
	char *printed;

	cp_recordings_list(&all, now_ms, list);
	printed = cJSON_PrintUnformatted(list);
	assert_string_equal(printed, text);
	cJSON_free(printed);
	cJSON_Delete(list);
}

static void expect_metric(uint64_t now_ms, const char *line)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	cp_recordings_metrics(f, &all, now_ms);
	fclose(f);
	assert_non_null(strstr(text, line));
	free(text);
}

static void who_reports_is_listed_and_then_forgotten(void **state)
{
	expect_list(0, "[]");
	assert_false(report(ID_A, "r", "recording", 1000));
	assert_null(error);
	expect_list(6000, "[{\"id\":\"" ID_A "\",\"room\":\"r\",\"state\":\"recording\","
			  "\"file\":\"/srv/a.mkv\",\"files\":2}]");
	expect_list(6001, "[]");
}

static void who_is_asked_to_end_hears_it(void **state)
{
	report(ID_A, "r", "recording", 1000);
	report(ID_B, "r", "waiting", 1000);
	assert_true(stop(ID_A, 1500));
	assert_false(stop("x", 1500));
	assert_false(stop("", 1500));
	assert_true(report(ID_A, "r", "recording", 2000));
	assert_false(report(ID_B, "r", "waiting", 2000));
}

static void states_are_counted(void **state)
{
	report(ID_A, "r", "recording", 1000);
	report(ID_A, "r", "disk_full", 2000);
	report(ID_A, "r", "disk_full", 3000);
	report(ID_B, "s", "failing", 3000);
	expect_metric(3000, "spate_recordings{state=\"disk_full\"} 1\n");
	expect_metric(3000, "spate_recordings{state=\"recording\"} 0\n");
	expect_metric(3000, "spate_recording_stops_total{reason=\"disk_full\"} 1\n");
	expect_metric(3000, "spate_recording_stops_total{reason=\"failed\"} 1\n");
	expect_metric(9000, "spate_recordings{state=\"disk_full\"} 0\n");
}

static void wrong_reports_are_refused(void **state)
{
	char id[CP_ID_SIZE];

	report("short", "r", "recording", 0);
	assert_string_equal(error, "id: must be an id");
	report(ID_A, "", "recording", 0);
	assert_non_null(strstr(error, "room: "));
	report(ID_A, "r", "dancing", 0);
	assert_non_null(strstr(error, "state: "));
	for (unsigned i = 0; i < CP_RECORDINGS_MAX; i++) {
		snprintf(id, sizeof(id), "%08x-0000-0000-0000-000000000000", i);
		report(id, "r", "waiting", 0);
		assert_null(error);
	}
	report(ID_A, "r", "waiting", 0);
	assert_string_equal(error, "there are 64 recordings already");
	report(ID_A, "r", "waiting", 6000); /* the others have gone */
	assert_null(error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_reports_is_listed_and_then_forgotten, make),
		cmocka_unit_test_setup(who_is_asked_to_end_hears_it, make),
		cmocka_unit_test_setup(states_are_counted, make),
		cmocka_unit_test_setup(wrong_reports_are_refused, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
