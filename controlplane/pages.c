/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/pages.h"

#include <errno.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"
#include "controlplane/operator/pages.h"

int cp_page_health(const struct cp_view *v, struct cp_connection *c)
{
	return cp_http_reply_text(c, cp_is_healthy(v) ? 200 : 503, "application/json", cp_health_text(v));
}

int cp_page_readiness(const struct cp_view *v, struct cp_connection *c)
{
	bool ready;
	char *text = cp_readiness_text(v, &ready);

	return cp_http_reply_text(c, ready ? 200 : 503, "application/json", text);
}

/* True if the client's address has asked for too many pages. */
static bool asks_too_often(struct cp_connection *c)
{
	char ip[CP_ADDRESS_SIZE];
	struct cp_address *a;
	bool allowed;

	cp_client_address(c->server, c->wsi, ip);
	a = cp_address_hold(&c->server->addresses, ip);
	allowed = a && cp_address_take(a, CP_BUDGET_PAGES, 1);
	cp_address_release(a);
	return !allowed;
}

int cp_page_reply(const struct cp_view *v, struct cp_connection *c, struct cp_page_cache *cache,
	cp_page_build *build, const char *type)
{
	static const struct cp_answer busy = {.status = 429,
		.type = "text/plain; charset=utf-8",
		.headers = "cache-control: no-store\r\nretry-after: 1\r\n",
		.body = "too many requests from this address\n",
		.len = sizeof("too many requests from this address\n") - 1};
	double builds = c->server->config->limit.page_builds_per_second;
	const struct cp_rate rate = {.per_second = builds, .burst = builds};
	struct cp_answer page = {.status = 200, .type = type};

	if (asks_too_often(c))
		return cp_http_answer(c, &busy);
	page.body = cp_page_cached(cache, build, v, &rate);
	page.len = cache->len;
	return page.body ? cp_http_answer(c, &page) : ENOMEM;
}
