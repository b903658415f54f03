/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a control plane keeps with its objects, and what its successor is told: whole blobs and no
 * others, in the order in which objects depend on each other, however many there are; what the
 * commands have changed since; and that what nobody claims is swept. No packet is sent.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stage/harness.h"

enum { TRANSPORTS = 700, OF_CONSUMER = 0x3000, OF_PRODUCER = 0x2000, VERSION = 3 };

static const char config[] =
	"{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
	"\"addresses\":[\"10.1.0.2/24\"]}]},\"dataplane\":{\"mbufs\":4096,\"workers\":2},"
	"\"limits\":{\"transports\":1024,\"producers\":16,\"consumers\":16}}";

/* --- commands --------------------------------------------------------------------------- */

static struct sh_cmd transport_add(sh_id id)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = id};

	c.transport_add.worker = id % 2;
	c.transport_add.consent_ms = 60000;
	c.transport_add.ufrag_len = 8;
	c.transport_add.pwd_len = 24;
	snprintf(c.transport_add.ufrag, sizeof(c.transport_add.ufrag), "%08x", (unsigned)id);
	memset(c.transport_add.pwd, 'p', 24);
	return c;
}

static struct sh_cmd producer_add(sh_id id, sh_id transport, uint8_t encoding, uint8_t encodings)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_ADD, .id = id, .producer_add = SH_PRODUCER_ADD_SIMPLE};

	c.producer_add.transport = transport;
	c.producer_add.ssrc = 100 + (uint32_t)id;
	c.producer_add.clock_rate = 90000;
	c.producer_add.kind = SH_KIND_VIDEO;
	c.producer_add.codec = SH_CODEC_VP8;
	c.producer_add.pt = 96;
	c.producer_add.encoding = encoding;
	c.producer_add.encodings = encodings;
	c.producer_add.lead = encoding ? id - encoding : 0;
	return c;
}

static struct sh_cmd consumer_add(sh_id id, sh_id transport, sh_id producer)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_ADD, .id = id, .consumer_add.wishes = SH_WISHES_NONE};

	c.consumer_add.transport = transport;
	c.consumer_add.producer = producer;
	c.consumer_add.ssrc = 0x5000 + (uint32_t)id;
	c.consumer_add.pt = 100;
	c.consumer_add.flags = SH_CONSUMER_PAUSED;
	c.consumer_add.mid_len = 2;
	memcpy(c.consumer_add.mid, id % 2 ? "41" : "40", 2);
	return c;
}

/* The byte `at` of the blob of an object that was written the `time`th time. */
static uint8_t content(sh_id id, unsigned at, unsigned time)
{
	return (uint8_t)(id * 7 + at * 13 + time);
}

static struct sh_cmd piece(sh_id id, uint16_t size, uint16_t at, unsigned time)
{
	struct sh_cmd c = {.op = SH_OP_BLOB, .id = id};

	c.blob.version = VERSION;
	c.blob.size = size;
	c.blob.at = at;
	for (unsigned i = 0; i < SH_BLOB_PIECE; i++)
		c.blob.data[i] = content(id, at + i, time);
	return c;
}

/* Writes the whole blob. The errno of the last piece. */
static int write_blob(struct stage *s, sh_id id, uint16_t size, unsigned time)
{
	uint32_t seq = 0;

	for (unsigned at = 0; at < size; at += SH_BLOB_PIECE)
		seq = stage_send(s, piece(id, size, (uint16_t)at, time));
	return stage_ack(s, seq);
}

static struct sh_cmd bare(uint32_t op, sh_id id)
{
	return (struct sh_cmd){.op = op, .id = id};
}

/* --- the list --------------------------------------------------------------------------- */

/* Whether the record's blob is the one that was written the `time`th time. */
static bool is_whole(const struct sh_object *o, unsigned time)
{
	for (unsigned i = 0; i < o->size; i++)
		if (o->blob[i] != content(o->id, i, time))
			return false;
	return o->version == VERSION;
}

static struct sh_object next(struct stage *s)
{
	struct sh_object o;

	if (!stage_object(s, &o))
		stage_die("the list has stopped");
	return o;
}

/* Lists everything. The number of objects; `last` has the end. */
static unsigned list(struct stage *s, struct sh_object *last)
{
	unsigned n = 0;

	stage_send(s, bare(SH_OP_LIST, 0));
	while ((*last = next(s)).kind != SH_OBJECT_END)
		n++;
	return n;
}

/* A control plane is killed, and another one connects. */
static void succeed(struct stage *s)
{
	stage_leave(s);
	stage_sleep(50);
	STAGE_CHECK(stage_hello(s) == 0);
}

/* --- the cases -------------------------------------------------------------------------- */

static void bad_pieces(struct stage *s)
{
	struct sh_cmd c;

	STAGE_CHECK(stage_cmd(s, transport_add(1)) == 0);
	STAGE_CHECK(stage_cmd(s, piece(0, 10, 0, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(1, 0, 0, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(1, SH_BLOB_MAX + 1, 0, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(1, 300, 1, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(1, 300, 3 * SH_BLOB_PIECE, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(2, 10, 0, 1)) == ENOENT);
	c = piece(1, 10, 0, 1);
	c.blob.version = 0;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	/* A piece is missing, is another blob's or has another size. */
	STAGE_CHECK(stage_cmd(s, piece(1, 300, 0, 1)) == 0);
	STAGE_CHECK(stage_cmd(s, piece(1, 300, 2 * SH_BLOB_PIECE, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, piece(1, 301, SH_BLOB_PIECE, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, transport_add(2)) == 0);
	STAGE_CHECK(stage_cmd(s, piece(2, 300, SH_BLOB_PIECE, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, bare(SH_OP_TRANSPORT_DEL, 2)) == 0);
	c = bare(SH_OP_CLAIM, 0);
	c.claim.count = SH_CLAIM_MAX + 1;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
}

/* What is complete counts; what a killed control plane had not finished does not. */
static void torn(struct stage *s)
{
	struct sh_object o;

	STAGE_CHECK(list(s, &o) == 0 && o.without[SH_OBJECT_TRANSPORT] == 1);
	STAGE_CHECK(write_blob(s, 1, SH_BLOB_MAX, 1) == 0);
	STAGE_CHECK(stage_cmd(s, piece(1, 300, 0, 2)) == 0);
	succeed(s);
	/* The first piece is the predecessor's: this one does not continue it. */
	STAGE_CHECK(stage_cmd(s, piece(1, 300, SH_BLOB_PIECE, 2)) == EINVAL);
	stage_send(s, bare(SH_OP_LIST, 0));
	o = next(s);
	STAGE_CHECK(o.id == 1 && o.kind == SH_OBJECT_TRANSPORT && o.worker == 1 && o.size == SH_BLOB_MAX &&
		    is_whole(&o, 1));
	STAGE_CHECK(next(s).kind == SH_OBJECT_END);
	STAGE_CHECK(write_blob(s, 1, 17, 3) == 0);
	stage_send(s, bare(SH_OP_LIST, 0));
	o = next(s);
	STAGE_CHECK(o.size == 17 && is_whole(&o, 3));
	o = next(s);
	STAGE_CHECK(o.kind == SH_OBJECT_END && o.without[SH_OBJECT_TRANSPORT] == 0);
}

/* What the successor has to know beside the blobs. */
static void changes(struct stage *s)
{
	struct sh_cmd c;
	struct sh_object o;

	/* A producer of two encodings, of which the first alone has a blob; and two consumers. */
	STAGE_CHECK(stage_cmd(s, producer_add(OF_PRODUCER, 1, 0, 2)) == 0);
	STAGE_CHECK(write_blob(s, OF_PRODUCER, 200, 1) == 0);
	STAGE_CHECK(list(s, &o) == 1 && o.without[SH_OBJECT_PRODUCER] == 1); /* an encoding is missing */
	STAGE_CHECK(stage_cmd(s, producer_add(OF_PRODUCER + 1, 1, 1, 2)) == 0);
	STAGE_CHECK(write_blob(s, OF_PRODUCER + 1, 100, 1) == ENOENT);
	STAGE_CHECK(stage_cmd(s, transport_add(2)) == 0 && write_blob(s, 2, 40, 1) == 0);
	for (sh_id id = OF_CONSUMER; id < OF_CONSUMER + 2; id++)
		STAGE_CHECK(stage_cmd(s, consumer_add(id, 2, OF_PRODUCER)) == 0 &&
			    write_blob(s, id, 60, 1) == 0);
	c = bare(SH_OP_CONSUMER_SET, OF_CONSUMER);
	c.consumer_set.wishes = (struct sh_wishes){.spatial = 1, .temporal = 2, .priority = 9};
	STAGE_CHECK(stage_cmd(s, c) == 0);
	STAGE_CHECK(stage_cmd(s, bare(SH_OP_CONSUMER_DEL, OF_CONSUMER + 1)) == 0);
	c = bare(SH_OP_PRODUCER_SET, OF_PRODUCER);
	c.producer_set.paused = 1;
	STAGE_CHECK(stage_cmd(s, c) == 0);
	c = bare(SH_OP_TRANSPORT_SET, 2);
	c.transport_set.max_bps = 5000000000;
	STAGE_CHECK(stage_cmd(s, c) == 0);
	succeed(s);

	stage_send(s, bare(SH_OP_LIST, 0));
	o = next(s);
	STAGE_CHECK(o.id == 1 && o.mid_len == 0 && o.last_ssrc == 0 && o.max_bps == 0);
	o = next(s);
	STAGE_CHECK(o.id == 2 && o.max_bps == 5000000000 && o.last_ssrc == 0x5000 + OF_CONSUMER + 1);
	STAGE_CHECK(o.mid_len == 2 && memcmp(o.mid, "41", 2) == 0); /* the deleted one's */
	o = next(s);
	STAGE_CHECK(o.id == OF_PRODUCER && o.kind == SH_OBJECT_PRODUCER && o.paused && is_whole(&o, 1));
	o = next(s);
	STAGE_CHECK(o.id == OF_CONSUMER && o.kind == SH_OBJECT_CONSUMER && !o.paused && is_whole(&o, 1));
	STAGE_CHECK(o.wishes.spatial == 1 && o.wishes.temporal == 2 && o.wishes.priority == 9);
	STAGE_CHECK(next(s).kind == SH_OBJECT_END);
}

/* More than the ring holds: the list waits for its reader. */
static void many(struct stage *s)
{
	struct sh_object o;
	sh_id seen = 0;

	for (sh_id id = 3; id <= TRANSPORTS; id++) {
		stage_cmd(s, transport_add(id));
		STAGE_CHECK(write_blob(s, id, 30, 1) == 0);
	}
	stage_send(s, bare(SH_OP_LIST, 0));
	stage_sleep(100);
	for (sh_id id = 1; id <= TRANSPORTS; id++) {
		o = next(s);
		seen += o.kind == SH_OBJECT_TRANSPORT && o.id == id && is_whole(&o, id == 1 ? 3 : 1);
	}
	STAGE_CHECK(seen == TRANSPORTS && next(s).id == OF_PRODUCER && next(s).id == OF_CONSUMER);
	STAGE_CHECK(next(s).kind == SH_OBJECT_END);
	/* A list that nobody reads ends with its control plane. */
	stage_send(s, bare(SH_OP_LIST, 0));
	succeed(s);
	STAGE_CHECK(list(s, &o) == TRANSPORTS + 2);
}

/* Claims keep an object, and with a producer its encodings; the rest is swept. */
static void claims(struct stage *s)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;
	struct sh_cmd c = bare(SH_OP_CLAIM, 0);
	char *log;

	succeed(s);
	stage_send(s, bare(SH_OP_SNAPSHOT_BEGIN, 0));
	c.claim.count = 4;
	c.claim.id[0] = 1;
	c.claim.id[1] = 2;
	c.claim.id[2] = OF_PRODUCER;
	c.claim.id[3] = 0x9999; /* no such object */
	STAGE_CHECK(stage_cmd(s, c) == 0);
	c = bare(SH_OP_SNAPSHOT_END, 0);
	c.snapshot_end.grace_ms = 100;
	STAGE_CHECK(stage_cmd(s, c) == 0);
	while (s->stats.header->transports_used != 2 && stage_ms() < end)
		stage_sleep(10);
	STAGE_CHECK(s->stats.header->transports_used == 2 && s->stats.header->producers_used == 2);
	STAGE_CHECK(s->stats.header->consumers_used == 0);
	STAGE_CHECK(stage_stop(s) == 0);
	log = stage_log(s);
	STAGE_CHECK(strstr(log, "swept transports=698 producers=0 consumers=1"));
	STAGE_CHECK(!strstr(log, "ERROR: AddressSanitizer") && !strstr(log, "runtime error"));
	if (stage_failures)
		fputs(log, stdout);
	free(log);
}

int main(void)
{
	struct stage s;

	stage_namespace();
	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_hello(&s) == 0);
	bad_pieces(&s);
	torn(&s);
	changes(&s);
	many(&s);
	claims(&s);
	stage_end(&s);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
