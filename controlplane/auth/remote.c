/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Looks at auth.jwks_url every auth.jwks_refresh_s. The keys that were read last stay good until
 * others have been read. A token with a kid that is not known brings one early look within that
 * time, so that a key that has just been made is found soon, and strangers cannot make the server
 * ask again and again.
 */
#include "controlplane/auth/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log.h"

enum {
	ANSWER_MAX = 65536, /* bytes */
	TIMEOUT_MS = 10000,
	RETRY_MS = 10000, /* after a failure */
	RETRY_EMPTY_MS = 2000, /* the same, if there are no keys yet */
};

static void look(struct cp_auth_remote *r);

static void timer_due(uv_timer_t *timer)
{
	struct cp_auth_remote *r = timer->data;

	r->looked_early = false;
	look(r);
}

static void retry_due(uv_timer_t *timer)
{
	look(timer->data);
}

static void failed(struct cp_auth_remote *r, const char *reason)
{
	sh_log(SH_LOG_WARN, "jwks-failed reason=\"%s\" keys_kept=%u", reason, r->keys.count);
	r->failing = true;
	uv_timer_start(&r->timer, retry_due, r->keys.count > 0 ? RETRY_MS : RETRY_EMPTY_MS, 0);
}

static void answered(void *arg, const struct cp_fetched *answer)
{
	struct cp_auth_remote *r = arg;
	struct cp_auth_keys fresh;
	char reason[CP_FETCH_REASON_SIZE];

	r->looking = false;
	if (strcmp(r->url, r->config->auth.jwks_url) != 0) { /* an answer of the URL before */
		cp_auth_remote_look(r);
		return;
	}
	if (answer->status != 200) {
		snprintf(reason, sizeof(reason), "status %u", answer->status);
		failed(r, answer->status != 0 ? reason : answer->error);
		return;
	}
	if (cp_auth_jwks_read(&fresh, r->config->auth.algorithm, answer->body, answer->len, reason,
		    sizeof(reason)) != 0) {
		failed(r, reason);
		return;
	}
	if (r->failing || r->keys.count != fresh.count)
		sh_log(SH_LOG_INFO, "jwks-read keys=%u", fresh.count);
	cp_auth_keys_free(&r->keys);
	r->keys = fresh;
	r->failing = false;
	uv_timer_start(&r->timer, timer_due, r->config->auth.jwks_refresh_s * 1000ull, 0);
}

static void look(struct cp_auth_remote *r)
{
	const struct cp_fetch request = {
		.url = r->config->auth.jwks_url,
		.timeout_ms = TIMEOUT_MS,
		.answer_max = ANSWER_MAX,
	};

	if (r->looking)
		return;
	snprintf(r->url, sizeof(r->url), "%s", r->config->auth.jwks_url);
	if (cp_fetcher_send(r->fetcher, &request, answered, r) == 0)
		r->looking = true;
	else
		failed(r, "out of memory");
}

bool cp_auth_remote_miss(struct cp_auth_remote *r)
{
	if (!r->fetcher || r->config->auth.jwks_url[0] == '\0')
		return false;
	if (!r->looked_early && !r->looking) {
		r->looked_early = true;
		look(r);
	}
	return r->looking;
}

void cp_auth_remote_look(struct cp_auth_remote *r)
{
	if (!r->fetcher)
		return;
	if (r->config->auth.jwks_url[0] != '\0') {
		look(r);
	} else {
		cp_auth_keys_free(&r->keys);
		uv_timer_stop(&r->timer);
	}
}

void cp_auth_remote_start(struct cp_auth_remote *r, uv_loop_t *loop, struct cp_fetcher *fetcher,
	const struct sh_config *config)
{
	r->config = config;
	r->fetcher = fetcher;
	uv_timer_init(loop, &r->timer);
	r->timer.data = r;
	cp_auth_remote_look(r);
}

void cp_auth_remote_stop(struct cp_auth_remote *r)
{
	if (!r->fetcher)
		return;
	r->fetcher = NULL;
	uv_close((uv_handle_t *)&r->timer, NULL);
}
