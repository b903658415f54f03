/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator_page.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "controlplane/admin_port.h"
#include "controlplane/base/log_address.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/body.h"
#include "controlplane/http/client.h"
#include "controlplane/http/static.h"
#include "controlplane/operator/admin_socket.h"
#include "controlplane/operator/commands.h"
#include "shared/log.h"

/* A pending command. Owner: the connection, as c->request. */
struct ask {
	struct cp_admin_asker asker; /* first member: a pointer to it is a pointer to the request */
	struct cp_admin_port *port;
	struct cp_body body;
	char *text; /* the answer */
};

/* The commands of the page, and whether they change something. */
static const struct {
	const char *cmd;
	bool changes;
} allowed[] = {
	{"status", false},
	{"overview", false},
	{"history", false},
	{"peers", false},
	{"viewer", false},
	{"room-close", true},
	{"peer-close", true},
	{"drain", true},
	{"undrain", true},
};

int cp_operator_html(void *owner, struct cp_connection *c)
{
	return cp_static_serve_operator(c, "operator.html");
}

int cp_operator_script(void *owner, struct cp_connection *c)
{
	return cp_static_serve_operator(c, "operator.js");
}

int cp_operator_style(void *owner, struct cp_connection *c)
{
	return cp_static_serve_operator(c, "operator.css");
}

int cp_operator_icon(void *owner, struct cp_connection *c)
{
	return cp_static_serve_operator(c, "icon.svg");
}

static int refuse(struct cp_admin_port *p, struct cp_connection *c, unsigned status, const char *headers,
	const char *reason)
{
	p->counters->admin_refused++;
	return cp_http_refuse(c->wsi, status, headers, reason);
}

int cp_operator_ask(void *owner, struct cp_connection *c)
{
	struct cp_admin_port *p = owner;
	char type[64] = "";
	unsigned status;
	struct ask *a;

	if (lws_hdr_total_length(c->wsi, WSI_TOKEN_POST_URI) <= 0)
		return refuse(p, c, 405, "allow: POST\r\n", "only POST is served here");
	if (!p->token.commands)
		return refuse(p, c, 403, NULL,
			"commands need a token of their own: the second line of admin.token_file");
	if (!cp_admin_port_may_command(p, c->wsi))
		return refuse(p, c, 401, "www-authenticate: Bearer realm=\"spate\"\r\n",
			"this needs the header Authorization: Bearer TOKEN");
	if (lws_hdr_copy(c->wsi, type, sizeof(type), WSI_TOKEN_HTTP_CONTENT_TYPE) <= 0 ||
		strcasecmp(type, "application/json") != 0)
		return refuse(p, c, 415, NULL, "content-type: must be application/json");
	status = cp_body_refusal(c->wsi, CP_ADMIN_LINE_MAX);
	if (status != 0)
		return refuse(p, c, status, NULL, "content-length: must be given, and at most 4096");
	a = calloc(1, sizeof(*a));
	if (!a)
		return ENOMEM;
	a->port = p;
	c->request = a;
	if (cp_body_begin(&a->body, c) != 0)
		return EPIPE;
	return cp_body_keep(&a->body, CP_ADMIN_LINE_MAX);
}

int cp_operator_ask_body(struct cp_connection *c, const void *data, size_t len)
{
	struct ask *a = c->request;

	return a && c->stage == CP_HTTP_BODY ? cp_body_add(&a->body, data, len) : EPROTO;
}

static void answered(struct cp_admin_asker *asker, char *text)
{
	struct ask *a = (struct ask *)asker;

	a->text = text;
}

/* True if the page may give that command. What changes something is logged with who has done it. */
static bool may(const struct ask *a, struct cp_connection *c, const char *cmd)
{
	char ip[CP_ADDRESS_SIZE], text[CP_LOG_ADDRESS_SIZE];

	for (size_t i = 0; cmd && i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (strcmp(allowed[i].cmd, cmd) != 0)
			continue;
		if (!allowed[i].changes)
			return true;
		cp_client_address(&a->port->server, c->wsi, ip);
		sh_log(SH_LOG_INFO, "operator-command cmd=%s address=%s", cmd,
			cp_log_address(text, a->port->config->log_addresses, ip));
		return true;
	}
	return false;
}

int cp_operator_ask_complete(struct cp_connection *c)
{
	struct ask *a = c->request;
	cJSON *request;
	const char *cmd;
	bool allows;

	if (!a || c->stage != CP_HTTP_BODY)
		return EPROTO;
	cp_exchange_read(c, false);
	request = cJSON_ParseWithLength(a->body.data, a->body.len);
	cmd = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, "cmd"));
	allows = may(a, c, cmd);
	cJSON_Delete(request);
	if (!allows)
		return cp_http_reply_text(c, 400, "application/json",
			strdup("{\"ok\":false,\"error\":\"cmd: it is none that the page may give\"}\n"));
	a->asker.answer = answered;
	cp_admin_serve(a->port->view, a->body.data, a->body.len, &a->asker);
	return cp_http_reply_text(c, 200, "application/json", a->text);
}

void cp_operator_ask_gone(struct cp_connection *c)
{
	struct ask *a = c->request;

	if (!a)
		return;
	c->request = NULL;
	cp_body_free(&a->body);
	free(a);
}
