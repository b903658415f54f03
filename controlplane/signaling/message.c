/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/room/id.h"
#include "known.h"

/* A piece of the text; `end` 0: there is none. */
struct extent {
	size_t start, end;
};

/* --- what is seen without parsing ----------------------------------------------------------- */

/* The end of the string that begins behind `i`: its closing quote, or the text's end. */
static size_t string_end(const char *text, size_t len, size_t i)
{
	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i : len;
}

/* Whether an object begins behind the string, which is the name of capabilities. */
static bool names_capabilities(const char *text, size_t len, size_t start, size_t end)
{
	static const char name[] = "rtpCapabilities";

	return end - start == sizeof(name) - 1 && end + 2 < len &&
	       memcmp(text + start, name, sizeof(name) - 1) == 0 && text[end + 1] == ':' &&
	       text[end + 2] == '{';
}

/*
 * Goes through the text as a parser does: strings, brackets. Whether it is nested too deep;
 * and where the first rtpCapabilities are.
 */
static bool too_deep(const char *text, size_t len, struct extent *capabilities)
{
	unsigned depth = 0, outside = 0;

	*capabilities = (struct extent){.end = 0};
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"') {
			size_t start = i + 1;

			i = string_end(text, len, start);
			if (capabilities->start == 0 && names_capabilities(text, len, start, i)) {
				capabilities->start = i + 2;
				outside = depth;
			}
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > CP_JSON_DEPTH)
				return true;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
			if (capabilities->start != 0 && capabilities->end == 0 && depth == outside)
				capabilities->end = i + 1;
		}
	}
	return false;
}

/* --- parsing ----------------------------------------------------------------------------- */

static cJSON *parse(const char *text, size_t len)
{
	const char *end;
	cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);

	while (json != NULL && end < text + len && strchr(" \t\r\n", *end) != NULL && *end != '\0')
		end++;
	if (json != NULL && end == text + len)
		return json;
	cJSON_Delete(json);
	return NULL;
}

static cJSON *find_string(cJSON *item, const char *value)
{
	cJSON *found = cJSON_IsString(item) && strcmp(item->valuestring, value) == 0 ? item : NULL;

	for (cJSON *child = item->child; child != NULL && found == NULL; child = child->next)
		found = find_string(child, value);
	return found;
}

/* Makes a string of the message an object that belongs to others. */
static void refer(cJSON *item, const cJSON *known)
{
	cJSON_free(item->valuestring);
	item->valuestring = NULL;
	item->type = (item->type & ~0xff) | cJSON_Object | cJSON_IsReference;
	item->child = known->child;
}

/* The message with a string, `mark`, in the place of the piece. NULL: no JSON, or no memory. */
static cJSON *parse_marked(const char *text, size_t len, const struct extent *e, const char *mark)
{
	size_t mark_len = strlen(mark), rest = len - e->end;
	char *shorter = malloc(e->start + mark_len + 2 + rest), *at = shorter;
	cJSON *json;

	if (shorter == NULL)
		return NULL;
	at = mempcpy(at, text, e->start);
	*at++ = '"';
	at = mempcpy(at, mark, mark_len);
	*at++ = '"';
	at = mempcpy(at, text + e->end, rest);
	json = parse(shorter, (size_t)(at - shorter));
	free(shorter);
	return json;
}

/*
 * Parses all but what is known already. An object and a string are one value each for a
 * parser, so that the rest means what it meant; and no client can know the mark.
 */
static cJSON *parse_around(const char *text, size_t len, const struct extent *e, const cJSON *known)
{
	static char mark[CP_ID_SIZE];
	cJSON *json, *item;

	if (mark[0] == '\0')
		cp_id_make(mark);
	json = parse_marked(text, len, e, mark);
	item = json != NULL ? find_string(json, mark) : NULL;
	if (item != NULL) {
		refer(item, known);
		return json;
	}
	cp_known_release(known->child);
	cJSON_Delete(json);
	return NULL;
}

cJSON *cp_message_parse(const char *text, size_t len, enum cp_json_trouble *trouble)
{
	struct extent e;
	const cJSON *known;

	if (too_deep(text, len, &e)) {
		*trouble = CP_JSON_TOO_DEEP;
		return NULL;
	}
	*trouble = CP_JSON_NONE;
	known = e.end != 0 ? cp_known_hold(text + e.start, e.end - e.start) : NULL;
	return known != NULL ? parse_around(text, len, &e, known) : parse(text, len);
}

/* --- the end ------------------------------------------------------------------------------- */

static void release(const cJSON *item)
{
	if (item->type & cJSON_IsReference) {
		cp_known_release(item->child);
		return;
	}
	for (const cJSON *child = item->child; child != NULL; child = child->next)
		release(child);
}

void cp_message_free(cJSON *message)
{
	if (message != NULL)
		release(message);
	cJSON_Delete(message);
}
