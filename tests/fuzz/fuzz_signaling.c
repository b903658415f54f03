/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text messages of two hosts and two viewers in both dialects. A line of the input is a message;
 * its first character says whose ('0' to '3'; odd ones speak Socket.IO), '-' ends that client, '+'
 * lets time pass. @t, @p and @c stand for the last transport, producer and consumer that any client
 * was told of. Each request is answered once, each text that is sent is JSON, and in the end
 * nothing is left.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/message.h"
#include "controlplane/signaling/socketio_dialect.h"
#include "tests/fuzz/expand.h"
#include "tests/unit/signaling/clients.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PEOPLE = 4, LINES = 24, TEXT_MAX = 1 << 15 };

static struct client *people[PEOPLE];
static char ids[3][CP_ID_SIZE];

static void must(bool what)
{
	if (!what)
		abort();
}

static bool is_socketio(unsigned who)
{
	return who % 2 == 1;
}

static void open_person(unsigned who)
{
	people[who] = open_client(is_socketio(who) ? &cp_socketio_dialect : &cp_json_dialect, "");
	if (!is_socketio(who)) {
		struct cp_fault fault;

		if (cp_session_join(people[who]->session, "r", &fault) != 0)
			abort();
	}
}

static void keep(char id[CP_ID_SIZE], const char *text, const char *before)
{
	const char *found = strstr(text, before);
	size_t n;

	if (!found)
		return;
	found += strlen(before);
	n = strcspn(found, "\"");
	if (n < CP_ID_SIZE) {
		memcpy(id, found, n);
		id[n] = '\0';
	}
}

/* A text of the JSON dialect is an object; Socket.IO's begins with its packet type. */
static void check_text(unsigned who, const char *text)
{
	const char *json = text;
	cJSON *parsed;

	if (is_socketio(who)) {
		must(text[0] >= '0' && text[0] <= '4');
		json += strspn(text, "0123456789");
	}
	parsed = *json ? cJSON_ParseWithOpts(json, NULL, true) : cJSON_CreateNull();
	must(parsed != NULL);
	must(is_socketio(who) || cJSON_GetObjectItemCaseSensitive(parsed, "type"));
	cJSON_Delete(parsed);
	keep(ids[1], text, "\"producerId\":\"");
	keep(ids[strstr(text, "iceParameters")           ? 0
		     : strstr(text, "\"rtpParameters\"") ? 2
							 : 1],
		text, "\"id\":\"");
}

static void hear_all(void)
{
	for (unsigned who = 0; who < PEOPLE; who++) {
		if (!people[who])
			continue;
		for (unsigned i = 0; i < people[who]->sent; i++)
			check_text(who, people[who]->text[i]);
		forget(people[who]);
		if (people[who]->closed) {
			close_client(people[who]);
			people[who] = NULL;
		}
	}
}

/* As entry/ hands it over: the text itself, or what Socket.IO's parser makes of an event. */
static void say(unsigned who, const char *text, size_t len)
{
	enum cp_json_trouble trouble;
	cJSON *message;

	if (!is_socketio(who)) {
		cp_session_receive(people[who]->session, text, len);
		return;
	}
	message = cp_message_parse(text, len, &trouble);
	if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(message, "event")))
		cp_session_enqueue(people[who]->session, message);
	else
		cp_message_free(message);
}

static void act(unsigned who, const char *line, size_t len)
{
	static char text[TEXT_MAX];
	char *copy;
	size_t n;

	if (!people[who])
		open_person(who);
	if (len > 0 && *line == '-') {
		close_client(people[who]);
		people[who] = NULL;
		return;
	}
	n = expand(text, TEXT_MAX, line, len, ids);
	copy = malloc(n ? n : 1); /* so that a read past its end is seen */
	must(copy);
	memcpy(copy, text, n);
	w.cmds = 0;
	say(who, copy, n);
	free(copy);
	settle();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *line;

	if (clients_make(NULL) != 0)
		abort();
	w.config.limit.messages_per_second = 1000;
	w.config.rooms.grace_s = 1;
	memset(ids, 0, sizeof(ids));
	memset(people, 0, sizeof(people));
	for (unsigned n = 0; p < end && n < LINES; p = line + 1, n++) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (!line)
			line = end;
		if (line > p && *p >= '0' && *p < '0' + PEOPLE)
			act((unsigned)(*p - '0'), p + 1, (size_t)(line - p) - 1);
		else
			pass(100);
		settle();
		hear_all();
	}
	w.hold = false;
	if (clients_end(NULL) != 0)
		abort();
	return 0;
}
