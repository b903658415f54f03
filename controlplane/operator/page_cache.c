/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/page_cache.h"

#include <stdlib.h>

#include "controlplane/base/clock.h"

const char *cp_page_cached(struct cp_page_cache *cache, cp_page_build *build, const struct cp_view *v,
	const struct cp_rate *rate)
{
	if (!cp_bucket_take(&cache->builds, rate, 1, cp_now_ns()) && cache->text)
		return cache->text;
	free(cache->text);
	cache->text = build(v, &cache->len);
	return cache->text;
}

void cp_page_cache_free(struct cp_page_cache *cache)
{
	free(cache->text);
	cache->text = NULL;
}
