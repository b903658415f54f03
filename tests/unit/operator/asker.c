/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/operator/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/base/clock.h"
#include "controlplane/operator/commands.h"
#include "controlplane/operator/loop_lag.h"
#include "controlplane/signaling/signaling.h"

static struct sh_stats_reader stats;
static struct cp_loop_lag lag;
static struct cp_signaling signaling = {.config = &w.config, .model = &w.model};
struct cp_upgrade upgraded;
const char *restart_refusal;

static int begin_upgrade(struct cp_dataplane *p, bool both, char *err, size_t err_size)
{
	snprintf(err, err_size, "%s", restart_refusal ? restart_refusal : "");
	if (!restart_refusal)
		upgraded = (struct cp_upgrade){.stage = CP_UPGRADE_RUNNING, .both = both};
	return restart_refusal ? EIO : 0;
}

static struct cp_view view = {
	.model = &w.model,
	.stats = &stats,
	.dataplane = (struct cp_dataplane *)(void *)&upgraded,
	.upgrade = &upgraded,
	.begin_upgrade = begin_upgrade,
	.lag = &lag,
	.signaling = &signaling,
};

/* No event loop runs, and no session is there to be told. */
static void wake_drain(void *arg)
{
}

static char dir_path[] = "/tmp/spate-asker-XXXXXX";

static void remove_dir(void)
{
	unlinkat(view.dir, "drain", 0);
	rmdir(dir_path);
}

int control_dir(void)
{
	if (view.dir > 0)
		return view.dir;
	assert_non_null(mkdtemp(dir_path));
	view.dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(view.dir > 0);
	atexit(remove_dir);
	return view.dir;
}

struct cp_signaling *the_signaling(void)
{
	return &signaling;
}

uint64_t cp_now_ns(void)
{
	return 0;
}

static struct cp_admin_asker asker;
static char *said; /* the answer, when it has come */

static void answered(struct cp_admin_asker *to, char *text)
{
	assert_ptr_equal(to, &asker);
	assert_null(said);
	said = text;
}

void begin(const char *line)
{
	asker.answer = answered;
	signaling.wake_drain = wake_drain;
	TAILQ_INIT(&signaling.sessions);
	control_dir();
	cp_admin_serve(&view, line, strlen(line), &asker);
}

void hang_up(void)
{
	cp_admin_abandon(&view, &asker);
}

bool has_answer(void)
{
	return said != NULL;
}

cJSON *answer_now(void)
{
	cJSON *answer = cJSON_Parse(said);

	assert_non_null(answer);
	assert_int_equal(said[strlen(said) - 1], '\n');
	free(said);
	said = NULL;
	return answer;
}

void turns(void)
{
	for (unsigned i = 0; i < 20; i++) {
		pass(1);
		answer_all();
	}
}

cJSON *ask(const char *line)
{
	begin(line);
	turns();
	return answer_now();
}

void expect_ok(const char *line)
{
	cJSON *answer = ask(line);

	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
	assert_null(cJSON_GetObjectItem(answer, "error"));
	cJSON_Delete(answer);
}

void expect_refused(const char *line, const char *error)
{
	cJSON *answer = ask(line);

	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(answer, "ok")));
	assert_non_null(strstr(cJSON_GetObjectItem(answer, "error")->valuestring, error));
	cJSON_Delete(answer);
}
