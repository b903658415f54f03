/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_PAGE_CACHE_H
#define SPATE_CONTROLPLANE_OPERATOR_PAGE_CACHE_H

/*
 * Keeps the last text of a page that is dear to make and that anybody may ask for. Who asks rarely
 * gets a new text each time; beyond a rate everybody gets the kept one.
 */

#include <stddef.h>

#include "controlplane/admission/bucket.h"
#include "controlplane/operator/view.h"

/* Zeroed: nothing is kept. */
struct cp_page_cache {
	char *text;
	size_t len;
	struct cp_bucket builds;
};

/* Makes the text, with its length. The caller frees it. NULL: no memory. */
typedef char *cp_page_build(const struct cp_view *v, size_t *len);

/*
 * The page's text, which is made again if `rate` allows it, or if there is none. It is the cache's
 * and valid until the next call. NULL: no memory.
 */
const char *cp_page_cached(struct cp_page_cache *cache, cp_page_build *build, const struct cp_view *v,
	const struct cp_rate *rate);
/* Frees what is kept. */
void cp_page_cache_free(struct cp_page_cache *cache);

#endif
