/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_REDIS_URL_H
#define SPATE_SHARED_REDIS_URL_H

/* Reads the addresses of Redis in the configuration: redis://HOST[:PORT][/DATABASE]. */

#include <stddef.h>
#include <stdint.h>

enum { SH_REDIS_HOST_SIZE = 256 };

struct sh_redis_url {
	char host[SH_REDIS_HOST_SIZE]; /* a name or an address, IPv6 without brackets */
	uint16_t port;
	uint32_t database;
};

/*
 * NULL, or the reason why the text is no such address, as the end of a sentence. rediss:// is
 * refused: TLS needs hiredis 1.0, which Debian 12 does not have.
 */
const char *sh_redis_url_read(struct sh_redis_url *url, const char *text);

#endif
