/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/message.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/base/json.h"
#include "controlplane/signaling/capability_cache.h"

enum { BYTES_PER_TOKEN = 1024 };

/* Where the first rtpCapabilities of a message are in its text, and their entry in the cache. */
struct capabilities {
	size_t start, end; /* offsets of the object's first byte and after its last; 0: not found */
	bool is_cached; /* `cached` is valid, and held */
	struct cp_cached_capabilities cached;
};

/* --- the cost of parsing -------------------------------------------------------------------- */

/*
 * The length of the first rtpCapabilities if they are cached; else 0. A JSON string cannot contain
 * what is searched for, because its quotes would be escaped.
 */
static size_t cached_length(const char *text, size_t len)
{
	static const char name[] = "\"rtpCapabilities\":";
	const char *found = len > 0 ? memmem(text, len, name, sizeof(name) - 1) : NULL;
	struct cp_cached_capabilities cached;

	if (!found)
		return 0;
	found += sizeof(name) - 1;
	if (!cp_capabilities_find(found, len - (size_t)(found - text), &cached))
		return 0;
	cp_capabilities_release(cached.json->child);
	return cached.len;
}

double cp_message_cost(const char *text, size_t len)
{
	return 1 + (double)((len - cached_length(text, len)) / BYTES_PER_TOKEN);
}

/* --- scanning before parsing --------------------------------------------------------------- */

/* The end of the string whose first character is at `i`: its closing quote, or the text's end. */
static size_t string_end(const char *text, size_t len, size_t i)
{
	while (i < len && text[i] != '"')
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i : len;
}

/* True if the string from `start` to `end` is "rtpCapabilities" and an object follows it. */
static bool names_capabilities(const char *text, size_t len, size_t start, size_t end)
{
	static const char name[] = "rtpCapabilities";

	return end - start == sizeof(name) - 1 && end + 2 < len &&
	       memcmp(text + start, name, sizeof(name) - 1) == 0 && text[end + 1] == ':' &&
	       text[end + 2] == '{';
}

/*
 * True if the message is nested too deep. cJSON's own limit is fixed at compile time, so the text
 * is scanned first, strings and brackets as a parser sees them. The scan skips rtpCapabilities that
 * are cached, and adds new ones to the cache.
 */
static bool scan(const char *text, size_t len, struct capabilities *c)
{
	unsigned depth = 0, outside = 0, deepest = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"') {
			size_t start = i + 1;

			i = string_end(text, len, start);
			if (c->start != 0 || !names_capabilities(text, len, start, i))
				continue;
			c->start = i + 2;
			outside = deepest = depth;
			c->is_cached = cp_capabilities_find(text + c->start, len - c->start, &c->cached);
			if (!c->is_cached)
				continue;
			if (depth + c->cached.depth > CP_JSON_DEPTH)
				return true;
			c->end = c->start + c->cached.len;
			i = c->end - 1;
		} else if (text[i] == '{' || text[i] == '[') {
			if (++depth > CP_JSON_DEPTH)
				return true;
			deepest = depth > deepest ? depth : deepest;
		} else if ((text[i] == '}' || text[i] == ']') && depth > 0) {
			depth--;
			if (c->start == 0 || c->end != 0 || depth != outside)
				continue;
			c->end = i + 1;
			c->is_cached = cp_capabilities_add(text + c->start, c->end - c->start,
				deepest - outside, &c->cached);
		}
	}
	return false;
}

/* --- parsing ----------------------------------------------------------------------------- */

/* Parses the whole text; only white space may follow the value. NULL: no JSON, or no memory. */
static cJSON *parse(const char *text, size_t len)
{
	const char *end;
	cJSON *json = cJSON_ParseWithLengthOpts(text, len, &end, false);

	while (json && end < text + len && strchr(" \t\r\n", *end) && *end != '\0')
		end++;
	if (json && end == text + len)
		return json;
	cJSON_Delete(json);
	return NULL;
}

/* The first string in the tree that equals `value`. NULL: there is none. */
static cJSON *find_string(cJSON *item, const char *value)
{
	cJSON *found = cJSON_IsString(item) && strcmp(item->valuestring, value) == 0 ? item : NULL;

	for (cJSON *child = item->child; child && !found; child = child->next)
		found = find_string(child, value);
	return found;
}

/* Turns a string of the message into a reference to the members of a cached object. */
static void make_reference(cJSON *item, const cJSON *cached)
{
	cJSON_free(item->valuestring);
	item->valuestring = NULL;
	item->type = (item->type & ~0xff) | cJSON_Object | cJSON_IsReference;
	item->child = cached->child;
}

/*
 * Parses the message with the string `mark` in place of the capabilities. NULL: no JSON, or no
 * memory.
 */
static cJSON *parse_marked(const char *text, size_t len, const struct capabilities *c, const char *mark)
{
	size_t mark_len = strlen(mark), rest = len - c->end;
	char *shorter = malloc(c->start + mark_len + 2 + rest), *at = shorter;
	cJSON *json;

	if (!shorter)
		return NULL;
	at = mempcpy(at, text, c->start);
	*at++ = '"';
	at = mempcpy(at, mark, mark_len);
	*at++ = '"';
	at = mempcpy(at, text + c->end, rest);
	json = parse(shorter, (size_t)(at - shorter));
	free(shorter);
	return json;
}

/*
 * Parses a message without the capabilities, which are cached: a string, the mark, replaces their
 * text and is then replaced by the cached object. Both are one JSON value, so the rest of the
 * message keeps its meaning. The mark is random, so that no client can send it.
 */
static cJSON *parse_around(const char *text, size_t len, const struct capabilities *c)
{
	static char mark[CP_ID_SIZE];
	cJSON *json, *item;

	if (mark[0] == '\0')
		cp_id_make(mark);
	json = parse_marked(text, len, c, mark);
	item = json ? find_string(json, mark) : NULL;
	if (item) {
		make_reference(item, c->cached.json);
		return json;
	}
	cJSON_Delete(json);
	return NULL;
}

cJSON *cp_message_parse(const char *text, size_t len, enum cp_json_trouble *trouble)
{
	struct capabilities c = {.start = 0};
	uint64_t failures = cp_json_failures();
	cJSON *json = NULL;

	*trouble = scan(text, len, &c) ? CP_JSON_TOO_DEEP : CP_JSON_NONE;
	if (*trouble == CP_JSON_NONE)
		json = c.is_cached ? parse_around(text, len, &c) : parse(text, len);
	if (!json && cp_json_failures() != failures)
		*trouble = CP_JSON_NO_MEMORY;
	if (!json && c.is_cached)
		cp_capabilities_release(c.cached.json->child);
	return json;
}

size_t cp_message_memory(const cJSON *message)
{
	size_t bytes = sizeof(*message);

	bytes += message->string ? strlen(message->string) + 1 : 0;
	bytes += message->valuestring ? strlen(message->valuestring) + 1 : 0;
	if (message->type & cJSON_IsReference)
		return bytes;
	for (const cJSON *child = message->child; child; child = child->next)
		bytes += cp_message_memory(child);
	return bytes;
}

/* --- freeing ------------------------------------------------------------------------------- */

/* Releases the cached objects to which the tree refers. */
static void release(const cJSON *item)
{
	if (item->type & cJSON_IsReference) {
		cp_capabilities_release(item->child);
		return;
	}
	for (const cJSON *child = item->child; child; child = child->next)
		release(child);
}

void cp_message_free(cJSON *message)
{
	if (message)
		release(message);
	cJSON_Delete(message);
}
