/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/codec/recorded.h"

#include <stdio.h>

#include "tests/unit/rtp/exact.h"

enum { LINE_SIZE = 2048, WORD_SIZE = 1024, PACKETS_MAX = 1024 };

/* Returns the number of bytes. */
static size_t unhex(uint8_t *dst, size_t size, const char *text)
{
	size_t n = 0;
	unsigned byte;

	if (strcmp(text, "-") == 0)
		return 0;
	for (; sscanf(text, "%2x", &byte) == 1; text += 2) {
		assert_true(n < size);
		dst[n++] = (uint8_t)byte;
	}
	return n;
}

static void take_line(struct recorded *r, const char *line)
{
	char descriptor[WORD_SIZE], payload[WORD_SIZE];
	unsigned seq, timestamp, marker, len;
	size_t n;

	if (sscanf(line, "%7s %u %u %u %u %1023s %1023s", r->rid, &seq, &timestamp, &marker, &len, descriptor,
		    payload) != 7)
		fail_msg("not a packet: %s", line);
	n = unhex(r->bytes, sizeof(r->bytes), descriptor);
	assert_true(n + len <= sizeof(r->bytes) && unhex(r->bytes + n, len, payload) <= len);
	r->packet = (struct dp_codec_packet){
		.seq = 65536 + seq,
		.timestamp = timestamp,
		.marker = marker,
		.payload_len = (uint16_t)len,
		.descriptor_len = (uint8_t)n,
		.payload = r->bytes + n,
		.descriptor = r->bytes,
	};
}

struct recording recording_read(const char *name)
{
	struct recording r = {.packets = calloc(PACKETS_MAX, sizeof(*r.packets))};
	char path[256], line[LINE_SIZE];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.txt", FIXTURES, name);
	f = fopen(path, "r");
	if (!f || !r.packets) {
		fail_msg("%s cannot be read", path);
		return r;
	}
	while (fgets(line, sizeof(line), f)) {
		assert_true(r.count < PACKETS_MAX);
		take_line(&r.packets[r.count++], line);
	}
	fclose(f);
	return r;
}

void recording_free(struct recording *r)
{
	free(r->packets);
}
