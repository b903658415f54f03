/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/pcapng.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/drop.h"

enum {
	SECTION = 0x0a0d0d0a,
	INTERFACE = 1,
	STATISTICS = 5,
	PACKET = 6,
	ETHERNET = 1,
	/* options */
	END_OF_OPTIONS = 0,
	COMMENT = 1,
	USER_APPLICATION = 4,
	INTERFACE_NAME = 2,
	RESOLUTION = 9,
	PACKET_FLAGS = 2,
	RECEIVED = 4,
	LOST = 5,
};

/* A block that is being written; values are in host order, which the section header says. */
struct block {
	uint8_t *at;
	size_t len;
};

static void put(struct block *b, const void *data, size_t len)
{
	memcpy(b->at + b->len, data, len);
	b->len += len;
	while (b->len % 4)
		b->at[b->len++] = 0;
}

static void put32(struct block *b, uint32_t v)
{
	put(b, &v, sizeof(v));
}

static void put_option(struct block *b, uint16_t code, const void *data, size_t len)
{
	const uint16_t head[2] = {code, (uint16_t)len};

	put(b, head, sizeof(head));
	if (len > 0)
		put(b, data, len);
}

static struct block begin(uint8_t *out, uint32_t type)
{
	struct block b = {.at = out};

	put32(&b, type);
	put32(&b, 0); /* the length comes at the end */
	return b;
}

static size_t end(struct block *b)
{
	uint32_t len = (uint32_t)b->len + 4;

	memcpy(b->at + 4, &len, sizeof(len));
	put32(b, len);
	return b->len;
}

static void put_time(struct block *b, uint64_t ns)
{
	put32(b, (uint32_t)(ns >> 32));
	put32(b, (uint32_t)ns);
}

size_t pcapng_begin(uint8_t *out, const char *application)
{
	const uint8_t nanoseconds = 9;
	struct block b = begin(out, SECTION);
	size_t len;

	put32(&b, 0x1a2b3c4d);
	put(&b, (const uint16_t[]){1, 0}, 4); /* the version */
	put32(&b, UINT32_MAX); /* of a length that is not known */
	put32(&b, UINT32_MAX);
	put_option(&b, USER_APPLICATION, application, strlen(application));
	put_option(&b, END_OF_OPTIONS, NULL, 0);
	len = end(&b);

	b = begin(out + len, INTERFACE);
	put32(&b, ETHERNET);
	put32(&b, SH_CAPTURE_DATA); /* longer packets are cut */
	put_option(&b, INTERFACE_NAME, "spate", 5);
	put_option(&b, RESOLUTION, &nanoseconds, 1);
	put_option(&b, END_OF_OPTIONS, NULL, 0);
	return len + end(&b);
}

static void put_comment(struct block *b, const struct sh_captured *r)
{
	const struct sh_drop_text *text = sh_drop_text((enum sh_drop)r->reason);
	const char *name = text ? text->name : "unknown", *meaning = text ? text->meaning : "unknown";
	char comment[256];
	int n;

	if (r->skipped > 0)
		n = snprintf(comment, sizeof(comment),
			"%" PRIu32 " packets dropped by the server before they were made: %s (%s)",
			r->skipped, name, meaning);
	else
		n = snprintf(comment, sizeof(comment), "dropped by the server: %s (%s)", name, meaning);
	put_option(b, COMMENT, comment, (size_t)n);
}

size_t pcapng_packet(uint8_t *out, const struct sh_captured *r, uint64_t ns)
{
	uint32_t flags = r->direction, caplen = r->caplen <= SH_CAPTURE_DATA ? r->caplen : SH_CAPTURE_DATA;
	struct block b = begin(out, PACKET);

	put32(&b, 0); /* the interface */
	put_time(&b, ns);
	put32(&b, caplen);
	put32(&b, r->len > caplen ? r->len : caplen);
	put(&b, r->data, caplen);
	put_option(&b, PACKET_FLAGS, &flags, sizeof(flags));
	if (r->dropped)
		put_comment(&b, r);
	put_option(&b, END_OF_OPTIONS, NULL, 0);
	return end(&b);
}

size_t pcapng_end(uint8_t *out, uint64_t ns, uint64_t received, uint64_t lost)
{
	struct block b = begin(out, STATISTICS);

	put32(&b, 0);
	put_time(&b, ns);
	put_option(&b, RECEIVED, &received, sizeof(received));
	put_option(&b, LOST, &lost, sizeof(lost));
	put_option(&b, END_OF_OPTIONS, NULL, 0);
	return end(&b);
}
