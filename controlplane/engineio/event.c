/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/engineio/event.h"

#include <errno.h>
#include <string.h>

enum { ID_MAX_BITS = 53 };

static bool digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* Parses the namespace, which begins with a slash and ends at a comma or at the packet's end. */
static int parse_namespace(const char **p, const char *end, struct cp_sio_packet *out)
{
	const char *comma;

	out->namespace = "/";
	out->namespace_len = 1;
	if (*p == end || **p != '/')
		return 0;
	comma = memchr(*p, ',', (size_t)(end - *p));
	out->namespace = *p;
	out->namespace_len = (size_t)((comma ? comma : end) - *p);
	*p = comma ? comma + 1 : end;
	return out->namespace_len <= CP_SIO_NAMESPACE_MAX ? 0 : EPROTO;
}

static int parse_id(const char **p, const char *end, int64_t *id)
{
	*id = -1;
	if (!digit(*p, end))
		return 0;
	*id = 0;
	for (; digit(*p, end); (*p)++) {
		*id = *id * 10 + (**p - '0');
		if (*id > (INT64_C(1) << ID_MAX_BITS))
			return EPROTO;
	}
	return 0;
}

int cp_sio_parse(const char *text, size_t len, struct cp_sio_packet *out)
{
	const char *p = text, *end = text + len;

	if (len == 0 || *p < '0' + CP_SIO_CONNECT || *p > '0' + CP_SIO_CONNECT_ERROR)
		return EPROTO;
	out->type = (enum cp_sio_type)(*p++ - '0');
	if (parse_namespace(&p, end, out) != 0 || parse_id(&p, end, &out->id) != 0)
		return EPROTO;
	out->json = p < end ? p : NULL;
	out->json_len = (size_t)(end - p);
	return 0;
}

bool cp_sio_default_namespace(const struct cp_sio_packet *p)
{
	return p->namespace_len == 1;
}

/* True if socket.io reserves this event name: its server refuses such events from clients, too. */
static bool is_reserved(const char *name)
{
	static const char *const names[] = {
		"connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

cJSON *cp_sio_request(cJSON *array, int64_t id)
{
	const cJSON *first = cJSON_IsArray(array) ? cJSON_GetArrayItem(array, 0) : NULL;
	cJSON *request = NULL;

	if (cJSON_IsNumber(first) || (cJSON_IsString(first) && !is_reserved(first->valuestring)))
		request = cJSON_CreateObject();
	if (request) {
		cJSON_AddItemToObjectCS(request, "event", cJSON_DetachItemFromArray(array, 0));
		if (cJSON_GetArraySize(array) > 0)
			cJSON_AddItemToObjectCS(request, "data", cJSON_DetachItemFromArray(array, 0));
		if (id >= 0)
			cJSON_AddNumberToObject(request, "ack", (double)id);
	}
	return request;
}
