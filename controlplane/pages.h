/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PAGES_H
#define SPATE_CONTROLPLANE_PAGES_H

/*
 * Answers with the operator's pages, at the public port and at the administration port. Each
 * function returns 0, or errno: the connection ends.
 */

#include "controlplane/operator/page_cache.h"
#include "controlplane/operator/view.h"

struct cp_connection;

/* /healthz and /readyz, which anybody may ask for as often as the limits of connections allow. */
int cp_page_health(const struct cp_view *v, struct cp_connection *c);
int cp_page_readiness(const struct cp_view *v, struct cp_connection *c);
/*
 * A page that is dear to make: an address that asks for too many is answered 429
 * (limits.pages_per_second), and the page is made again at limits.page_builds_per_second.
 */
int cp_page_reply(const struct cp_view *v, struct cp_connection *c, struct cp_page_cache *cache,
	cp_page_build *build, const char *type);

#endif
