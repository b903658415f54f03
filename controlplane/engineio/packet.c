/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/engineio/packet.h"

#include <errno.h>
#include <string.h>

int cp_eio_packet_parse(const char *text, size_t len, struct cp_eio_packet *out)
{
	if (len == 0 || text[0] < CP_EIO_OPEN || text[0] > CP_EIO_NOOP)
		return EPROTO;
	out->type = (enum cp_eio_type)text[0];
	out->data = text + 1;
	out->len = len - 1;
	return 0;
}

bool cp_eio_payload_next(struct cp_eio_payload *p, const char **text, size_t *len)
{
	const char *end;

	if (!p->rest)
		return false;
	end = memchr(p->rest, CP_EIO_SEPARATOR, p->left);
	*text = p->rest;
	if (!end) {
		*len = p->left;
		p->rest = NULL;
		return true;
	}
	*len = (size_t)(end - p->rest);
	p->left -= *len + 1;
	p->rest = end + 1;
	return true;
}
