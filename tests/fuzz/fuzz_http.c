/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request, in pieces of several lengths: each way it is judged alike, ends at the
 * same byte, and is refused in words. The same bytes as names of hosts and origins, against lists
 * of them.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/http/host.h"
#include "controlplane/http/origin.h"
#include "controlplane/http/request_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

struct result {
	enum cp_head_verdict verdict;
	uint16_t status;
	size_t end;
};

/* On a copy of each piece, so that a read past its end is seen. */
static struct result read_head(const uint8_t *data, size_t size, size_t step)
{
	struct cp_request_head h = {0};
	struct result r = {.verdict = CP_HEAD_MORE};

	for (size_t at = 0; at < size && r.verdict == CP_HEAD_MORE; at += step) {
		size_t n = size - at < step ? size - at : step, used = 0;
		char *piece = malloc(n);

		must(piece);
		memcpy(piece, data + at, n);
		r.verdict = cp_head_read(&h, piece, n, &used);
		must(used <= n && (r.verdict != CP_HEAD_MORE || used == n));
		r.end += used;
		free(piece);
	}
	must(h.bytes <= CP_HEADERS_MAX + 1);
	if (r.verdict == CP_HEAD_REFUSED) {
		must(h.status >= 400 && h.status < 600 && h.reason && h.reason[0]);
		r.status = h.status;
	}
	return r;
}

static void names(const uint8_t *data, size_t size)
{
	static const char *const lists[] = {
		"", "*", "tv.example", "https://tv.example, https://b.example:8443"};
	char *name = strndup((const char *)data, size), *list = strndup((const char *)data, size);

	must(name && list);
	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		cp_host_allowed(lists[i], lists[3], name);
		cp_host_allowed(list, "", name);
		must(!cp_origin_listed(lists[i], name) || cp_origin_allowed(lists[i], name));
		cp_origin_allowed(list, "https://tv.example");
	}
	must(cp_origin_allowed("*", name));
	free(name);
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t steps[] = {1, 2, 3, 7, 64, 4096};
	struct result whole;

	if (size == 0)
		return 0;
	whole = read_head(data, size, size);
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct result r = read_head(data, size, steps[i]);

		must(r.verdict == whole.verdict && r.status == whole.status && r.end == whole.end);
	}
	names(data, size);
	return 0;
}
