/* SPDX-License-Identifier: Apache-2.0 */

/* Implements "spatectl plain": turns the words of its command line into a request. */

#include "tools/ctl/plain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A word NAME=VALUE, or NAME alone, and the member of the request that it becomes. */
enum kind { TEXT, NUMBER, FLAG, KEY_FILE, PROFILE };
enum verb { PRODUCE = 1, CONSUME = 2 };

static const struct word {
	const char *name;
	unsigned verbs; /* the verbs that take it */
	enum kind kind;
	const char *member;
} words[] = {
	{"from", PRODUCE, TEXT, "remote"},
	{"to", CONSUME, TEXT, "remote"},
	{"mac", PRODUCE | CONSUME, TEXT, "mac"},
	{"vlan", PRODUCE | CONSUME, NUMBER, "vlan"},
	{"port", PRODUCE | CONSUME, NUMBER, "port"},
	{"idle", PRODUCE | CONSUME, NUMBER, "idle_s"},
	{"srtp", PRODUCE | CONSUME, TEXT, "srtp"},
	{"key-file", PRODUCE | CONSUME, KEY_FILE, "key"},
	{"pt", PRODUCE, NUMBER, "payload_type"},
	{"ssrc", PRODUCE, NUMBER, "ssrc"},
	{"rtx-pt", PRODUCE, NUMBER, "rtx_payload_type"},
	{"rtx-ssrc", PRODUCE, NUMBER, "rtx_ssrc"},
	{"profile", PRODUCE, PROFILE, "parameters"},
	{"nack", PRODUCE, FLAG, "nack"},
	{"pli", PRODUCE, FLAG, "pli"},
	{"fir", PRODUCE, FLAG, "fir"},
	{"rtx", CONSUME, FLAG, "rtx"},
};

static int complain(const char *what, const char *which)
{
	fprintf(stderr, "spatectl: plain: %s%s; see spatectl plain help\n", what, which);
	return CTL_USAGE;
}

/* --- values -------------------------------------------------------------------------------------- */

static int add_number(cJSON *request, const struct word *w, const char *value)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(value, &end, 0);
	if (*value < '0' || *value > '9' || *end != '\0' || errno != 0 || n > UINT32_MAX)
		return complain("not a number: ", value);
	cJSON_AddNumberToObject(request, w->member, (double)n);
	return CTL_OK;
}

/*
 * Reads the key from the first line of a file, because everybody on the machine can read arguments.
 */
static int add_key(cJSON *request, const struct word *w, const char *path)
{
	char line[128];
	FILE *f = fopen(path, "re");
	bool read = f && fgets(line, sizeof(line), f);

	if (!read)
		fprintf(stderr, "spatectl: plain: %s: %s\n", path, !f ? strerror(errno) : "it is empty");
	if (f)
		fclose(f);
	if (!read)
		return CTL_FAILED;
	line[strcspn(line, "\r\n")] = '\0';
	cJSON_AddStringToObject(request, w->member, line);
	explicit_bzero(line, sizeof(line));
	return CTL_OK;
}

/*
 * Adds H264's profile-level-id (RFC 6184, 8.1) and the parameters that all our H264 codecs share.
 */
static int add_profile(cJSON *request, const struct word *w, const char *value)
{
	cJSON *parameters = cJSON_AddObjectToObject(request, w->member);

	cJSON_AddNumberToObject(parameters, "packetization-mode", 1);
	cJSON_AddNumberToObject(parameters, "level-asymmetry-allowed", 1);
	cJSON_AddStringToObject(parameters, "profile-level-id", value);
	return CTL_OK;
}

static int add_word(cJSON *request, enum verb verb, const char *text)
{
	size_t len = strcspn(text, "=");
	const char *value = text[len] == '=' ? text + len + 1 : NULL;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *w = &words[i];

		if (!(w->verbs & verb) || strlen(w->name) != len || strncmp(w->name, text, len) != 0)
			continue;
		if (cJSON_HasObjectItem(request, w->member))
			return complain("given twice: ", text);
		if ((w->kind == FLAG) != (!value))
			return complain(w->kind == FLAG ? "takes no value: " : "needs a value: ", text);
		if (w->kind == NUMBER)
			return add_number(request, w, value);
		if (w->kind == KEY_FILE)
			return add_key(request, w, value);
		if (w->kind == PROFILE)
			return add_profile(request, w, value);
		if (w->kind == TEXT)
			cJSON_AddStringToObject(request, w->member, value);
		else
			cJSON_AddTrueToObject(request, w->member);
		return CTL_OK;
	}
	return complain("unknown word: ", text);
}

/* --- verbs ------------------------------------------------------------------------------ */

/* Sends the request and prints the reply. */
static int run(const struct ctl_options *o, const cJSON *request, void (*print)(const cJSON *answer))
{
	char err[CTL_ERR_MAX];
	cJSON *answer;
	int code = ctl_request(o, request, &answer, err);

	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	if (o->json) {
		cJSON_DeleteItemFromObject(answer, "ok");
		ctl_json_print(answer);
		return CTL_OK;
	}
	print(answer);
	cJSON_Delete(answer);
	return CTL_OK;
}

static void print_closed(const cJSON *answer)
{
	puts("closed");
}

static int make(const struct ctl_options *o, enum verb verb, cJSON *request)
{
	char *const *a = o->argument;
	int code = CTL_OK;

	if (!a[1] || !a[2])
		return complain(verb == PRODUCE ? "it is plain produce ROOM CODEC [WORD]..."
						: "it is plain consume ROOM audio|video [WORD]...",
			"");
	cJSON_AddStringToObject(request, "cmd", verb == PRODUCE ? "plain-produce" : "plain-consume");
	cJSON_AddStringToObject(request, "room", a[1]);
	if (verb == PRODUCE)
		cJSON_AddStringToObject(request, "codec", a[2]);
	else if (strcmp(a[2], "audio") == 0 || strcmp(a[2], "video") == 0)
		cJSON_AddStringToObject(request, "kind", a[2]);
	else
		cJSON_AddStringToObject(request, "producer", a[2]);
	for (a += 3; code == CTL_OK && *a; a++)
		code = add_word(request, verb, *a);
	return code == CTL_OK ? run(o, request, ctl_plain_print) : code;
}

static int close_one(const struct ctl_options *o, cJSON *request)
{
	if (!o->argument[1] || o->argument[2])
		return complain("it is plain close ID", "");
	cJSON_AddStringToObject(request, "cmd", "plain-close");
	cJSON_AddStringToObject(request, "id", o->argument[1]);
	return run(o, request, print_closed);
}

static int list(const struct ctl_options *o, cJSON *request)
{
	if (o->argument[1])
		return complain("list takes nothing more", "");
	cJSON_AddStringToObject(request, "cmd", "plain-list");
	return run(o, request, ctl_plain_print_list);
}

int ctl_plain(const struct ctl_options *o)
{
	const char *verb = o->argument[0];
	cJSON *request = cJSON_CreateObject();
	int code = CTL_OK;

	if (!verb)
		code = complain("produce, consume, close or list is needed", "");
	else if (strcmp(verb, "help") == 0)
		ctl_plain_help(stdout);
	else if (strcmp(verb, "produce") == 0)
		code = make(o, PRODUCE, request);
	else if (strcmp(verb, "consume") == 0)
		code = make(o, CONSUME, request);
	else if (strcmp(verb, "close") == 0)
		code = close_one(o, request);
	else if (strcmp(verb, "list") == 0)
		code = list(o, request);
	else
		code = complain("produce, consume, close or list is needed, not ", verb);
	cJSON_Delete(request);
	return code;
}
