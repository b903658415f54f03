/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The administration socket: each line of the input is a command. A first line that begins with '#'
 * makes a room with a publisher and a viewer first; @t, @p and @c in a command stand for the ids of
 * the viewer's transport, the producer and the consumer. Each command is answered once, with an
 * object that says whether it succeeded and, if not, why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/operator/commands.h"
#include "controlplane/operator/loop_lag.h"
#include "tests/fuzz/expand.h"
#include "tests/unit/rooms/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURNS = 40, COMMAND_MAX = 4096 };

static struct sh_stats_reader stats;
static struct cp_loop_lag lag;
static const struct cp_view view = {.model = &w.model, .stats = &stats, .lag = &lag};
static unsigned answers;

uint64_t cp_now_ns(void)
{
	return w.now * 1000000;
}

static void must(bool what)
{
	if (!what)
		abort();
}

static void answered(struct cp_admin_asker *asker, char *text)
{
	cJSON *answer, *ok;

	answers++;
	must(text && text[0] && text[strlen(text) - 1] == '\n');
	answer = cJSON_Parse(text);
	ok = cJSON_GetObjectItem(answer, "ok");
	must(cJSON_IsTrue(ok) || (cJSON_IsFalse(ok) && cJSON_IsString(cJSON_GetObjectItem(answer, "error"))));
	cJSON_Delete(answer);
	free(text);
}

static char ids[3][CP_ID_SIZE]; /* "": there is none */

static void ask(const char *line, size_t line_len)
{
	struct cp_admin_asker asker = {.answer = answered};
	static char text[COMMAND_MAX];
	size_t len = expand(text, COMMAND_MAX, line, line_len, ids);
	char *copy = malloc(len ? len : 1); /* so that a read past its end is seen */

	must(copy);
	memcpy(copy, text, len);
	answers = 0;
	w.cmds = 0;
	cp_admin_serve(&view, copy, len, &asker);
	free(copy);
	for (unsigned i = 0; i < TURNS && answers == 0; i++) {
		pass(1);
		answer_all();
	}
	must(answers == 1);
}

static void furnish(void)
{
	struct cp_peer *host = join("r", "h"), *viewer = join("r", "v");
	struct cp_producer *p = produce(transport(host, CP_PURPOSE_SEND), "video");
	struct cp_transport *t = transport(viewer, CP_PURPOSE_RECV);

	strcpy(ids[0], t->id);
	strcpy(ids[1], p->id);
	strcpy(ids[2], consume(t, p)->id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *line;

	world_make(NULL);
	memset(ids, 0, sizeof(ids));
	if (size > 0 && *p == '#')
		furnish();
	for (unsigned n = 0; p < end && n < 16; p = line + 1, n++) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (!line)
			line = end;
		ask(p, (size_t)(line - p));
	}
	pass(1);
	answer_all();
	world_end(NULL);
	return 0;
}
