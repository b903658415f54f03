/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admin_port.h"

#include <string.h>
#include <time.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/log_address.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/operator/pages.h"
#include "controlplane/operator_page.h"
#include "controlplane/pages.h"
#include "shared/log.h"

/* A query is never read for a token: it ends up in logs. */
static bool has(const struct cp_admin_port *p, struct lws *wsi,
	bool (*matches)(const struct cp_bearer *b, const char *authorization))
{
	char header[CP_HEADERS_MAX] = "";
	bool right;

	if (lws_hdr_copy(wsi, header, sizeof(header), WSI_TOKEN_HTTP_AUTHORIZATION) < 0)
		header[0] = '\0';
	right = matches(&p->token, header);
	explicit_bzero(header, sizeof(header));
	return right;
}

bool cp_admin_port_may_command(const struct cp_admin_port *p, struct lws *wsi)
{
	return has(p, wsi, cp_bearer_commands);
}

static int ask_for_token(struct cp_admin_port *p, struct cp_connection *c)
{
	static const char body[] = "this page needs the header Authorization: Bearer TOKEN\n";
	static struct sh_log_limit limit = {.event = "admin-unauthorized", .per_second = SH_LOG_REFUSALS};
	const struct cp_answer answer = {.status = 401,
		.type = "text/plain; charset=utf-8",
		.headers = "cache-control: no-store\r\nwww-authenticate: Bearer realm=\"spate\"\r\n",
		.body = body,
		.len = sizeof(body) - 1};
	char ip[CP_ADDRESS_SIZE], text[CP_LOG_ADDRESS_SIZE];

	p->counters->admin_refused++;
	cp_client_address(&p->server, c->wsi, ip);
	sh_log_limited(&limit, SH_LOG_WARN, "admin-unauthorized address=%s",
		cp_log_address(text, p->config->log_addresses, ip));
	return cp_http_answer(c, &answer);
}

static int metrics(void *owner, struct cp_connection *c)
{
	struct cp_admin_port *p = owner;

	if (!has(p, c->wsi, cp_bearer_matches))
		return ask_for_token(p, c);
	return cp_page_reply(p->view, c, &p->metrics, cp_metrics_text,
		"text/plain; version=0.0.4; charset=utf-8");
}

static int health(void *owner, struct cp_connection *c)
{
	const struct cp_admin_port *p = owner;

	return cp_page_health(p->view, c);
}

static int readiness(void *owner, struct cp_connection *c)
{
	const struct cp_admin_port *p = owner;

	return cp_page_readiness(p->view, c);
}

static const struct cp_route routes[] = {
	{.path = "/metrics", .page = metrics},
	{.path = "/healthz", .page = health},
	{.path = "/readyz", .page = readiness},
	{.path = "/operator", .page = cp_operator_html},
	{.path = "/operator.js", .page = cp_operator_script},
	{.path = "/operator.css", .page = cp_operator_style},
	{.path = "/operator.svg", .page = cp_operator_icon},
	{.path = "/operator/ask",
		.request = cp_operator_ask,
		.body = cp_operator_ask_body,
		.body_complete = cp_operator_ask_complete,
		.gone = cp_operator_ask_gone},
	{.path = NULL},
};

static void take_sample(uv_timer_t *timer)
{
	struct cp_admin_port *p = timer->data;

	cp_history_take(&p->history, p->view, (int64_t)time(NULL), cp_now_ns());
}

int cp_admin_port_start(struct cp_admin_port *p, char *err, size_t err_size)
{
	const struct sh_config *config = p->config;
	int error;

	if (config->admin.port == 0)
		return 0;
	error = cp_bearer_read(&p->token, config->admin.token_file, err, err_size);
	if (error != 0)
		return error;
	p->site = (struct cp_site){.routes = routes,
		.owner = p,
		.port = {.name = "administration",
			.members = "admin",
			.other = "admin.port",
			.address = config->admin.address,
			.port = config->admin.port},
		.hosts = config->admin.hosts,
		.origins = "",
		.tls = config->admin.tls,
		.own_pages = true};
	error = cp_server_start(&p->server, p->loop, config, &p->site, p->counters, err, err_size);
	if (error != 0)
		return error;
	uv_timer_init(p->loop, &p->sampler);
	p->sampler.data = p;
	uv_timer_start(&p->sampler, take_sample, 0, CP_HISTORY_EVERY_S * 1000);
	sh_log(SH_LOG_INFO, "listening-admin address=%s port=%u token=%s tls=%s",
		config->admin.address[0] != '\0' ? config->admin.address : "*", config->admin.port,
		p->token.required ? "yes" : "no", config->admin.tls ? "yes" : "no");
	return error;
}

int cp_admin_port_reload(struct cp_admin_port *p, char *err, size_t err_size)
{
	if (p->config->admin.token_file[0] == '\0')
		p->token = (struct cp_bearer){.required = false};
	return cp_bearer_read(&p->token, p->config->admin.token_file, err, err_size);
}

void cp_admin_port_stop(struct cp_admin_port *p)
{
	if (!p->server.context)
		return;
	uv_close((uv_handle_t *)&p->sampler, NULL);
	cp_server_stop(&p->server);
	cp_page_cache_free(&p->metrics);
}
