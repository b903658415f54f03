/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One remote IP address that has WebSockets here. */
struct cp_address {
	char text[48]; /* first: it is the key */
	uint32_t count;
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out)
{
	struct cp_address *const *node = tfind(text, &s->addresses, compare);
	struct cp_address *a;

	if (node != NULL) {
		a = *node;
		if (a->count >= s->config->limit.connections_per_address)
			return false;
		a->count++;
		*out = a;
		return true;
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		return false;
	snprintf(a->text, sizeof(a->text), "%s", text);
	a->count = 1;
	if (tsearch(a, &s->addresses, compare) == NULL) {
		free(a);
		return false;
	}
	*out = a;
	return true;
}

void cp_address_leave(struct cp_server *s, struct cp_address *a)
{
	if (--a->count > 0)
		return;
	tdelete(a, &s->addresses, compare);
	free(a);
}
