/* SPDX-License-Identifier: Apache-2.0 */

/* Transports, producers and consumers: what the data plane is asked, and who hears what. */

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "tests/unit/rooms/world.h"

static void produce_tells_the_data_plane_and_the_others(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);
	const struct sh_producer_add *add = &w.cmd[0].producer_add;
	struct cp_producer *p;

	join("r", "b");
	join("other", "c");
	p = produce(t, "video");
	expect_heard("b:new-video");
	assert_int_equal(w.cmds, 1);
	assert_int_equal(w.cmd[0].op, SH_OP_PRODUCER_ADD);
	assert_int_equal(w.cmd[0].id, p->encoding[0].dp_id);
	assert_int_equal(add->transport, t->dp_id);
	assert_int_equal(add->kind, SH_KIND_VIDEO);
	assert_int_equal(add->codec, SH_CODEC_VP8);
	assert_int_equal(add->pt, 96);
	assert_int_equal(add->flags & SH_PRODUCER_PAUSED, 0);
	assert_int_equal(add->cname_len, strlen(a->cname));
	assert_memory_equal(add->cname, a->cname, add->cname_len);
	begin_produce(t, "audio", true);
	assert_int_equal(w.cmd[1].producer_add.flags & SH_PRODUCER_PAUSED, SH_PRODUCER_PAUSED);
	assert_memory_equal(w.cmd[1].producer_add.cname, a->cname, add->cname_len);
	answer_all();
}

static void consume_gives_ids_of_its_own(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *audio = produce(send, "audio"), *video = produce(send, "video");
	struct cp_consumer *c = consume(recv, audio), *d = consume(recv, video);
	const struct sh_consumer_add *add = &w.cmd[2].consumer_add;

	assert_int_equal(w.cmd[2].op, SH_OP_CONSUMER_ADD);
	assert_int_equal(w.cmd[2].id, c->dp_id);
	assert_int_equal(add->transport, recv->dp_id);
	assert_int_equal(add->producer, audio->encoding[0].dp_id);
	assert_int_equal(add->flags & SH_CONSUMER_PAUSED, 0);
	assert_int_equal(add->ssrc, c->ssrc);
	assert_int_equal(add->mid_len, 1);
	assert_int_equal(add->mid[0], '0');
	assert_int_equal(w.cmd[3].consumer_add.mid[0], '1');
	assert_int_not_equal(c->ssrc, d->ssrc);
	assert_non_null(strstr(c->rtp_parameters, "{\"mid\":\"0\","));
	assert_non_null(strstr(d->rtp_parameters, "{\"mid\":\"1\","));
}

/* What a broken source of random numbers gives for each SSRC; 0: the real one is asked. */
static uint32_t random_ssrc;

ssize_t __real_getrandom(void *out, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags);

ssize_t __wrap_getrandom(void *out, size_t size, unsigned flags)
{
	if (!random_ssrc || size != sizeof(random_ssrc))
		return __real_getrandom(out, size, flags);
	memcpy(out, &random_ssrc, size);
	return (ssize_t)size;
}

/* The same SSRC under the same key would repeat nonces of AES-GCM, whatever became of its consumer. */
static void an_ssrc_is_never_used_twice_on_a_transport(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "video");
	uint32_t before;

	random_ssrc = 0xfffffffd; /* and over 0, which is none */
	before = random_ssrc - 1;
	for (unsigned i = 0; i < 10; i++) {
		struct cp_consumer *c = consume(recv, p);

		assert_true(c->ssrc != 0 && (int32_t)(c->ssrc - before) > 0);
		before = c->ssrc;
		if (c->rtx_ssrc) {
			assert_true((int32_t)(c->rtx_ssrc - before) > 0);
			before = c->rtx_ssrc;
		}
		cp_consumer_close(c);
	}
	random_ssrc = 1232; /* and over mediasoup-client's 1234 */
	recv = transport(b, CP_PURPOSE_RECV);
	for (unsigned i = 0; i < 5; i++) {
		struct cp_consumer *c = consume(recv, p);

		assert_true(c->ssrc >= 1232 && c->ssrc != 1234 && c->rtx_ssrc != 1234);
		cp_consumer_close(c);
	}
	random_ssrc = 0;
}

static void a_consumer_that_starts_paused_says_so(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "video");
	struct cp_consumer *c;

	cp_consumer_create(transport(b, CP_PURPOSE_RECV), p, w.capabilities, true, done);
	answer_all();
	c = w.object;
	assert_true(c->paused);
	assert_int_equal(w.cmd[1].consumer_add.flags & SH_CONSUMER_PAUSED, SH_CONSUMER_PAUSED);

	cp_consumer_pause(c, false, done);
	answer_all();
	assert_false(c->paused);
	assert_int_equal(w.cmd[2].op, SH_OP_CONSUMER_SET);
	assert_int_equal(w.cmd[2].consumer_set.paused, 0);
	assert_int_equal(w.cmd[2].consumer_set.keyframe, 1);

	cp_consumer_pause(c, true, done);
	answer_all();
	assert_int_equal(w.cmd[3].consumer_set.paused, 1);
	assert_int_equal(w.cmd[3].consumer_set.keyframe, 0);

	cp_consumer_request_keyframe(c, done);
	answer_all();
	assert_int_equal(w.cmd[4].consumer_set.paused, 1);
	assert_int_equal(w.cmd[4].consumer_set.keyframe, 1);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio");
	cJSON *nothing = cJSON_Parse("{\"codecs\":[],\"headerExtensions\":[]}");

	begin_produce(recv, "audio", false);
	expect_fault(CP_BAD_REQUEST, "transportId");
	cp_producer_create(send, NULL, NULL, false, done);
	expect_fault(CP_BAD_REQUEST, "");
	cp_consumer_create(transport(b, CP_PURPOSE_SEND), p, w.capabilities, false, done);
	expect_fault(CP_BAD_REQUEST, "transportId");
	cp_consumer_create(recv, p, NULL, false, done);
	expect_fault(CP_BAD_REQUEST, "rtpCapabilities");
	cp_consumer_create(recv, p, nothing, false, done);
	expect_fault(CP_UNSUPPORTED, "rtpCapabilities");
	cp_consumer_create(transport(a, CP_PURPOSE_RECV), p, w.capabilities, false, done);
	expect_fault(CP_BAD_REQUEST, "producerId");
	consume(recv, p);
	cp_consumer_create(recv, p, w.capabilities, false, done);
	expect_fault(CP_CONFLICT, "producerId");
	assert_int_equal(w.model.consumers.count, 1);
	assert_int_equal(w.model.producers.count, 1);
	cJSON_Delete(nothing);
}

static void try_produce(struct cp_transport *t, const char *rtp)
{
	cJSON *rtp_json = cJSON_Parse(rtp), *kind = cJSON_CreateString("video");

	assert_non_null(rtp_json);
	cp_producer_create(t, kind, rtp_json, false, done);
	answer_all();
	cJSON_Delete(rtp_json);
	cJSON_Delete(kind);
}

static void streams_of_a_transport_can_be_told_apart(void **state)
{
#define VIDEO(mid, encoding)                                                                                 \
	"{\"mid\":\"" mid                                                                                    \
	"\",\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000,"                 \
	"\"parameters\":{}},{\"mimeType\":\"video/rtx\",\"payloadType\":97,\"clockRate\":90000,"             \
	"\"parameters\":{\"apt\":96}}],\"headerExtensions\":[],\"encodings\":[" encoding "]}"
	struct cp_peer *a = join("r", "a");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);

	try_produce(t, VIDEO("0", "{\"ssrc\":1,\"rtx\":{\"ssrc\":2}}"));
	assert_false(w.failed);
	try_produce(t, VIDEO("1", "{\"ssrc\":1,\"rtx\":{\"ssrc\":3}}"));
	expect_fault(CP_CONFLICT, "SSRC");
	try_produce(t, VIDEO("1", "{\"ssrc\":2,\"rtx\":{\"ssrc\":3}}"));
	expect_fault(CP_CONFLICT, "SSRC");
	try_produce(t, VIDEO("1", "{\"ssrc\":3,\"rtx\":{\"ssrc\":1}}"));
	expect_fault(CP_CONFLICT, "SSRC");
	try_produce(t, VIDEO("1", "{\"ssrc\":3,\"rtx\":{\"ssrc\":2}}"));
	expect_fault(CP_CONFLICT, "SSRC");
	try_produce(t, VIDEO("0", "{\"ssrc\":3,\"rtx\":{\"ssrc\":4}}"));
	expect_fault(CP_CONFLICT, "MID");
	try_produce(t, VIDEO("1", "{\"ssrc\":3,\"rtx\":{\"ssrc\":4}}"));
	assert_false(w.failed);
	try_produce(transport(a, CP_PURPOSE_SEND), VIDEO("0", "{\"ssrc\":1,\"rtx\":{\"ssrc\":2}}"));
	assert_false(w.failed); /* another transport is another matter */
#undef VIDEO
}

/* Without the MID's extension the RID is all that packets carry. */
static void a_rid_names_one_stream_of_a_transport(void **state)
{
#define BY_RID(mid, pt, encoding)                                                                            \
	"{\"mid\":\"" mid "\",\"codecs\":[{\"mimeType\":\"video/VP8\",\"payloadType\":" pt                   \
	",\"clockRate\":90000}],\"headerExtensions\":[{\"uri\":"                                             \
	"\"urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\",\"id\":10}],\"encodings\":[" encoding "]}"
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);

	try_produce(t, BY_RID("0", "96", "{\"rid\":\"q\"}"));
	assert_false(w.failed);
	try_produce(t, BY_RID("1", "96", "{\"rid\":\"q\"}"));
	expect_fault(CP_CONFLICT, "RID");
	try_produce(t, BY_RID("1", "96", "{\"rid\":\"q\",\"ssrc\":5}"));
	expect_fault(CP_CONFLICT, "RID");
	try_produce(t, BY_RID("1", "97", "{\"rid\":\"q\"}"));
	assert_false(w.failed);
	try_produce(t, BY_RID("2", "96", "{\"rid\":\"r\"}"));
	assert_false(w.failed);
#undef BY_RID
}

static void a_transport_connects_once(void **state)
{
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);
	cJSON *dtls = cJSON_CreateObject();
	struct cp_fault f;

	assert_int_equal(cp_transport_connect(t, NULL, &f), EINVAL);
	assert_int_equal(f.code, CP_BAD_REQUEST);
	assert_int_equal(cp_transport_connect(t, dtls, &f), 0);
	assert_int_equal(cp_transport_connect(t, dtls, &f), EEXIST);
	assert_int_equal(f.code, CP_CONFLICT);
	cp_transport_connected(t);
	assert_int_equal(cp_transport_connect(t, dtls, &f), EEXIST);
	assert_int_equal(f.code, CP_CONFLICT);
	assert_int_equal(w.connected, 1);
	cJSON_Delete(dtls);
}

static void pausing_a_producer_is_told_once(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "video");

	join("r", "b");
	cp_producer_pause(p, true, done);
	answer_all();
	cp_producer_pause(p, true, done);
	answer_all();
	expect_heard("b:paused");
	pass(1000);
	cp_producer_pause(p, false, done);
	answer_all();
	expect_heard("b:resumed");
	assert_int_equal(w.cmd[3].op, SH_OP_PRODUCER_SET);
	assert_int_equal(w.cmd[3].producer_set.paused, 0);
	assert_int_equal(w.cmd[3].producer_set.keyframe, 1);
}

static void closing_a_producer_closes_its_consumers_first(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *c = join("r", "c");
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "audio");
	sh_id producer = p->encoding[0].dp_id;

	consume(transport(b, CP_PURPOSE_RECV), p);
	consume(transport(c, CP_PURPOSE_RECV), p);
	w.heard[0] = '\0';
	w.cmds = 0;
	cp_producer_close(p);
	expect_heard("b:consumer-closed c:consumer-closed b:producer-closed c:producer-closed");
	assert_int_equal(w.cmds, 1); /* the data plane deletes its consumers with it */
	assert_int_equal(w.cmd[0].op, SH_OP_PRODUCER_DEL);
	assert_int_equal(w.cmd[0].id, producer);
	assert_int_equal(w.model.consumers.count, 0);
	assert_int_equal(b->consumer_count, 0);
}

static void closing_ones_own_consumer_is_not_told(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_producer *p = produce(transport(a, CP_PURPOSE_SEND), "audio");
	struct cp_transport *recv = transport(b, CP_PURPOSE_RECV);

	cp_consumer_close(consume(recv, p));
	consume(recv, p); /* and it may be had again */
	w.heard[0] = '\0';
	cp_transport_close(recv);
	expect_heard("");
	assert_int_equal(w.model.consumers.count, 0);
	assert_int_equal(w.closed, 1);
	assert_true(TAILQ_EMPTY(&p->consumers));
}

static void a_peer_that_leaves_takes_all_along(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *a_recv = transport(a, CP_PURPOSE_RECV);
	struct cp_transport *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio"), *q = produce(transport(b, CP_PURPOSE_SEND), "audio");

	consume(recv, p);
	consume(a_recv, q);
	w.heard[0] = '\0';
	w.cmds = 0;
	leave(a);
	expect_heard("b:consumer-closed b:producer-closed");
	/* its consumers, then its producers with theirs, then its transports */
	assert_int_equal(w.cmds, 2);
	assert_int_equal(w.cmd[0].op, SH_OP_CONSUMER_DEL);
	assert_int_equal(w.cmd[1].op, SH_OP_PRODUCER_DEL);
	assert_int_equal(w.closed, 2);
	assert_int_equal(w.model.producers.count, 1);
	assert_int_equal(w.model.consumers.count, 0);
}

static void a_transport_that_fails_is_told_to_its_owner(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio");

	consume(recv, p);
	w.heard[0] = '\0';
	cp_transport_fail(recv, CP_INTERNAL, "DTLS");
	expect_heard("b:consumer-closed b:transport-closed");
	cp_transport_fail(send, CP_NOT_FOUND, "no consent");
	expect_heard("a:producer-closed b:producer-closed a:transport-closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(produce_tells_the_data_plane_and_the_others, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(consume_gives_ids_of_its_own, world_make, world_end),
		cmocka_unit_test_setup_teardown(an_ssrc_is_never_used_twice_on_a_transport, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_consumer_that_starts_paused_says_so, world_make, world_end),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_refused, world_make, world_end),
		cmocka_unit_test_setup_teardown(streams_of_a_transport_can_be_told_apart, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_rid_names_one_stream_of_a_transport, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_transport_connects_once, world_make, world_end),
		cmocka_unit_test_setup_teardown(pausing_a_producer_is_told_once, world_make, world_end),
		cmocka_unit_test_setup_teardown(closing_a_producer_closes_its_consumers_first, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(closing_ones_own_consumer_is_not_told, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_peer_that_leaves_takes_all_along, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_transport_that_fails_is_told_to_its_owner, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
