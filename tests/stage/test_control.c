/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The agent and the way up and down, over a TAP in a namespace, with two workers: HELLO,
 * punt and inject, commands with every error, STUN on bound addresses, consent, a control
 * plane that dies and its successor's snapshot, and the end.
 */

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "shared/bytes.h"
#include "shared/stats_attach.h"
#include "shared/stun.h"
#include "tests/stage/harness.h"

static const char config[] =
	"{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
	"\"addresses\":[\"10.1.0.2/24\",\"fd01::2/64\"]}]},"
	"\"dataplane\":{\"mbufs\":8192,\"workers\":2},"
	"\"limits\":{\"transports\":8,\"producers\":4,\"consumers\":8,\"punts_per_second\":50,"
	"\"punts_per_network\":20,\"peer_checks_per_second\":10}}";

static const char user_config[] =
	"{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
	"\"addresses\":[\"10.1.0.2/24\"]}]},\"controlplane\":{\"user\":\"61234\"},"
	"\"dataplane\":{\"mbufs\":4096},\"limits\":{\"transports\":8,\"producers\":4,\"consumers\":8}}";

static const char ufrag[] = "abcdefgh", password[] = "0123456789abcdefghijklmn";
static const char username[] = "abcdefgh:peer";

enum { TRANSPORT = 0x1001, OTHER, THIRD, PRODUCER = 0x2001, CONSUMER = 0x3001 };

static uint8_t mac[6];

/* --- records ---------------------------------------------------------------------------------- */

static struct sh_cmd transport_add(sh_id id, uint32_t worker, uint32_t consent_ms)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = id};

	c.transport_add.worker = worker;
	c.transport_add.consent_ms = consent_ms;
	c.transport_add.ufrag_len = (uint8_t)strlen(ufrag);
	c.transport_add.pwd_len = (uint8_t)strlen(password);
	memcpy(c.transport_add.ufrag, ufrag, strlen(ufrag));
	memcpy(c.transport_add.pwd, password, strlen(password));
	return c;
}

static struct sh_cmd bind_to(sh_id id, const struct sh_path *path, bool selected)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND, .id = id};

	c.transport_bind.path = *path;
	c.transport_bind.selected = selected;
	return c;
}

static struct sh_cmd keys(sh_id id, uint32_t profile)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_KEYS, .id = id};

	c.transport_keys.profile = profile;
	memset(c.transport_keys.in.key, 1, 16);
	memset(c.transport_keys.out.key, 2, 16);
	return c;
}

static struct sh_cmd producer_add(sh_id id, sh_id transport)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_ADD, .id = id, .producer_add = SH_PRODUCER_ADD_SIMPLE};

	c.producer_add.transport = transport;
	c.producer_add.ssrc = 0x1234;
	c.producer_add.clock_rate = 90000;
	c.producer_add.kind = SH_KIND_VIDEO;
	c.producer_add.codec = SH_CODEC_VP8;
	c.producer_add.pt = 96;
	return c;
}

static struct sh_cmd consumer_add(sh_id id, sh_id transport, sh_id producer)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_ADD, .id = id, .consumer_add.wishes = SH_WISHES_NONE};

	c.consumer_add.transport = transport;
	c.consumer_add.producer = producer;
	c.consumer_add.ssrc = 0x5678 + (uint32_t)id;
	c.consumer_add.pt = 100;
	return c;
}

static struct sh_cmd plain(uint32_t op, sh_id id)
{
	return (struct sh_cmd){.op = op, .id = id};
}

/* --- frames ------------------------------------------------------------------------------------- */

static void send_udp(struct stage *s, const struct sh_path *path, const void *payload, size_t len)
{
	struct stage_frame f;

	stage_udp(&f, mac, path, payload, len);
	stage_tap_send(s, &f);
}

static void send_check(struct stage *s, const struct sh_path *path, const char *user, const char *pwd,
	bool use)
{
	uint8_t request[200];

	send_udp(s, path, request, stage_stun(request, user, pwd, use));
}

/* The next UDP payload from the data plane. */
static const uint8_t *receive(struct stage *s, struct stage_frame *f, size_t *len, unsigned ms)
{
	const uint8_t *p = NULL;

	while (!p && stage_tap_receive(s, f, ms))
		p = stage_payload(f, len);
	return p;
}

/* Throws away what the data plane has sent. */
static void drain(struct stage *s)
{
	struct stage_frame f;

	while (stage_tap_receive(s, &f, 50))
		;
}

/* Whether a check on this path is answered as RFC 8445 wants, by the data plane itself. */
/* Whether a success response comes back on the path. */
static bool succeeds(struct stage *s, const struct sh_path *path)
{
	struct sh_hmac_sha1 key;
	struct stage_frame f;
	struct sh_stun m;
	const uint8_t *p;
	size_t len;

	p = receive(s, &f, &len, 500);
	sh_hmac_sha1_key(&key, password, strlen(password));
	return p && sh_stun_parse(&m, p, len) == 0 && m.type == SH_STUN_BINDING_SUCCESS && m.fingerprint &&
	       sh_stun_verify(&m, p, &key) && memcmp(f.data, path->l2.mac, 6) == 0 &&
	       memcmp(f.data + 6, mac, 6) == 0;
}

static bool answered(struct stage *s, const struct sh_path *path, bool use)
{
	send_check(s, path, username, password, use);
	return succeeds(s, path);
}

/* --- the cases ------------------------------------------------------------------------------------ */

static void hello(struct stage *s)
{
	struct sh_hello h = stage_hello_record();
	struct sh_stats_reader reader = {0};
	char run[80], err[200];

	h.version++;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO &&
		    strstr(s->hello.reason, "run both from one release"));
	/* Another version's HELLO may be shorter. */
	STAGE_CHECK(stage_hello_with(s, &h, 16) == EPROTO &&
		    strstr(s->hello.reason, "run both from one release"));
	h = stage_hello_record();
	h.stats_version++;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO && strstr(s->hello.reason, "statistics"));
	h = stage_hello_record();
	h.cmd_size += 8;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO);
	h = stage_hello_record();
	h.object_size += 8;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO);
	h = stage_hello_record();
	h.magic = 0;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO);
	h = stage_hello_record();
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h) - 1) == EPROTO);
	h.client = 9;
	STAGE_CHECK(stage_hello_with(s, &h, sizeof(h)) == EPROTO);

	STAGE_CHECK(stage_hello(s) == 0);
	STAGE_CHECK(s->hello.workers == 2 && s->hello.udp_port_base == 20000 && s->hello.addr_count == 2);
	STAGE_CHECK(s->hello.addr[0].family == 4 && s->hello.addr[1].family == 6 && s->hello.instance != 0);
	snprintf(run, sizeof(run), "%s/run", s->dir);
	STAGE_CHECK(sh_stats_attach(&reader, run, err, sizeof(err)) == 0);
	sh_stats_unmap(&reader);
}

static void second_control_plane(struct stage *s)
{
	struct stage other = *s;

	STAGE_CHECK(stage_hello(&other) == EBUSY && other.hello.reason[0]);
}

static void learn_mac(struct stage *s)
{
	static const uint8_t none[6];
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	do {
		memcpy(mac, sh_stats_port(&s->stats, 0)->mac, 6);
	} while (memcmp(mac, none, 6) == 0 && stage_ms() < end);
	STAGE_CHECK(mac[0] == 0x02);
}

static void punt_and_inject(struct stage *s)
{
	static struct sh_packet p;
	struct stage_frame f;
	const uint8_t *data;
	size_t len;

	for (unsigned worker = 0; worker < 2; worker++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			struct sh_path path = stage_path(v6 ? "fd01::9" : "10.1.0.9", 4000,
				v6 ? "fd01::2" : "10.1.0.2", (uint16_t)(20000 + worker));

			send_check(s, &path, username, password, true);
			if (!stage_punt(s, worker, &p, STAGE_WAIT_MS))
				stage_die("nothing was punted by worker %u", worker);
			STAGE_CHECK(memcmp(&p.path.remote, &path.remote, sizeof(path.remote)) == 0);
			STAGE_CHECK(memcmp(&p.path.local, &path.local, sizeof(path.local)) == 0);
			STAGE_CHECK(memcmp(p.path.l2.mac, path.l2.mac, 6) == 0 && p.worker == worker &&
				    p.transport == 0);
			p.len = 333;
			memset(p.data, 0x77, sizeof(p.data));
			stage_inject(s, worker, &p);
			data = receive(s, &f, &len, STAGE_WAIT_MS);
			STAGE_CHECK(data && len == 333 && data[0] == 0x77 && data[332] == 0x77);
		}
	STAGE_CHECK(STAGE_SUM(s, punted) == 4 && STAGE_SUM(s, injected) == 4);
}

static void bad_injections(struct stage *s)
{
	static struct sh_packet right, p;

	right.path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);
	right.len = 10;
	p = right;
	p.len = 0;
	stage_inject(s, 0, &p);
	p.len = SH_DATAGRAM_MAX + 1;
	stage_inject(s, 0, &p);
	p = right;
	p.path.l2.port = 31;
	stage_inject(s, 0, &p);
	p = right;
	p.path.l2.port = 60000;
	stage_inject(s, 0, &p);
	p = right;
	memset(p.path.l2.mac, 0, 6);
	stage_inject(s, 0, &p);
	p = right;
	p.path.local.port = 20001;
	stage_inject(s, 0, &p);
	p = right;
	p.path.local.ip[3] = 77;
	stage_inject(s, 0, &p);
	p = right;
	p.path.remote.family = 6;
	stage_inject(s, 0, &p);
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_NO_ROUTE], 6));
	STAGE_CHECK(stage_drops(s, SH_DROP_NO_ROUTE) == 6 && stage_drops(s, SH_DROP_TOO_LONG) == 2);
	STAGE_CHECK(STAGE_SUM(s, injected) == 4);
}

static void handoff(struct stage *s)
{
	static const uint8_t rtp[12] = {0x80, 96};
	uint64_t before = stage_drops(s, SH_DROP_UNKNOWN_TUPLE);

	for (uint16_t i = 0; i < 64; i++) {
		struct sh_path path =
			stage_path("10.1.0.9", (uint16_t)(5000 + i), "10.1.0.2", (uint16_t)(20000 + i % 2));

		send_udp(s, &path, rtp, sizeof(rtp));
	}
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_UNKNOWN_TUPLE], before + 64));
	STAGE_CHECK(STAGE_SUM(s, handed_off) > 0 && STAGE_SUM(s, handed_off) == STAGE_SUM(s, handed_in));
}

static void bad_commands(struct stage *s)
{
	struct sh_path path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	struct sh_cmd c;

	STAGE_CHECK(stage_cmd(s, plain(99, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, plain(0, 1)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, transport_add(0, 0, 30000)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 2, 30000)) == EINVAL);
	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 0, 0)) == EINVAL);
	c = transport_add(TRANSPORT, 0, 30000);
	c.transport_add.ufrag_len = SH_UFRAG_MAX + 1;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	STAGE_CHECK(stage_cmd(s, bind_to(TRANSPORT, &path, true)) == ENOENT);
	STAGE_CHECK(stage_cmd(s, keys(TRANSPORT, SH_SRTP_AEAD_AES_128_GCM)) == ENOENT);
	STAGE_CHECK(stage_cmd(s, producer_add(PRODUCER, TRANSPORT)) == ENOENT);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_PRODUCER_SET, PRODUCER)) == ENOENT);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, TRANSPORT)) == 0);

	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 0, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 0, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 1, 30000)) == EEXIST);
	STAGE_CHECK(stage_cmd(s, bind_to(TRANSPORT, &path, true)) == EINVAL); /* the other worker's port */
	STAGE_CHECK(stage_cmd(s, keys(TRANSPORT, 0x0002)) == EINVAL);
	c = producer_add(PRODUCER, TRANSPORT);
	c.producer_add.mid_len = SH_MID_MAX + 1;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	c = producer_add(PRODUCER, TRANSPORT);
	c.producer_add.codec = SH_CODEC_OPUS;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	STAGE_CHECK(stage_cmd(s, producer_add(TRANSPORT, TRANSPORT)) == EEXIST);
	STAGE_CHECK(stage_cmd(s, consumer_add(CONSUMER, TRANSPORT, PRODUCER)) == ENOENT);
	for (sh_id id = OTHER; id < OTHER + 7; id++)
		STAGE_CHECK(stage_cmd(s, transport_add(id, 1, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(0x9999, 1, 30000)) == ENOSPC);
	for (sh_id id = THIRD; id < OTHER + 7; id++)
		STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, id)) == 0);
}

/* Everything at once, on two workers, answered in the right order; then all of it goes with a transport. */
static void objects(struct stage *s)
{
	uint32_t seq[8];
	unsigned n = 0;
	struct sh_cmd c;

	seq[n++] = stage_send(s, producer_add(PRODUCER, TRANSPORT));
	seq[n++] = stage_send(s, consumer_add(CONSUMER, OTHER, PRODUCER));
	seq[n++] = stage_send(s, consumer_add(CONSUMER + 1, TRANSPORT, PRODUCER));
	seq[n++] = stage_send(s, consumer_add(CONSUMER + 2, OTHER, PRODUCER));
	seq[n++] = stage_send(s, plain(SH_OP_BARRIER, 0));
	STAGE_CHECK(stage_ack(s, seq[n - 1]) == 0);
	STAGE_CHECK(STAGE_SUM(s, punted) == 4); /* keeps the compiler from moving the reads below */
	STAGE_CHECK(sh_stats_worker(&s->stats, 0)->streams == 1 &&
		    sh_stats_worker(&s->stats, 0)->consumers == 1);
	STAGE_CHECK(sh_stats_worker(&s->stats, 1)->consumers == 2);

	STAGE_CHECK(stage_cmd(s, producer_add(PRODUCER, TRANSPORT)) == 0);
	STAGE_CHECK(stage_cmd(s, producer_add(PRODUCER, OTHER)) == EEXIST);
	STAGE_CHECK(stage_cmd(s, consumer_add(CONSUMER, OTHER, PRODUCER)) == 0);
	STAGE_CHECK(stage_cmd(s, consumer_add(CONSUMER, TRANSPORT, PRODUCER)) == EEXIST);
	c = consumer_add(CONSUMER + 2, OTHER, PRODUCER); /* an SSRC that is taken: its worker refuses */
	c.id = CONSUMER + 3;
	STAGE_CHECK(stage_cmd(s, c) == EEXIST);
	c.consumer_add.ssrc = SH_PROBATOR_SSRC;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	c = plain(SH_OP_CONSUMER_SET, CONSUMER + 3);
	c.consumer_set.wishes = SH_WISHES_NONE;
	STAGE_CHECK(stage_cmd(s, c) == ENOENT);
	c = plain(SH_OP_CONSUMER_SET, CONSUMER);
	STAGE_CHECK(stage_cmd(s, c) == EINVAL); /* no priority */
	c.consumer_set.wishes = SH_WISHES_NONE;
	c.consumer_set.wishes.spatial = SH_MAX_LAYERS;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	c.consumer_set.wishes = SH_WISHES_NONE;
	c.consumer_set.paused = 2;
	STAGE_CHECK(stage_cmd(s, c) == EINVAL);
	c.consumer_set.paused = 1;
	STAGE_CHECK(stage_cmd(s, c) == 0);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_CONSUMER_DEL, CONSUMER)) == 0);
	STAGE_CHECK(stage_cmd(s, c) == ENOENT);
	STAGE_CHECK(sh_stats_worker(&s->stats, 1)->consumers == 1);

	/* The transport, its producer, that one's consumers on both workers. */
	seq[0] = stage_send(s, plain(SH_OP_PRODUCER_DEL, PRODUCER));
	seq[1] = stage_send(s, plain(SH_OP_TRANSPORT_DEL, TRANSPORT));
	STAGE_CHECK(stage_ack(s, seq[1]) == 0);
	STAGE_CHECK(sh_stats_worker(&s->stats, 0)->streams == 0 &&
		    sh_stats_worker(&s->stats, 0)->consumers == 0);
	STAGE_CHECK(sh_stats_worker(&s->stats, 1)->consumers == 0);
	STAGE_CHECK(sh_stats_worker(&s->stats, 0)->transports == 0 &&
		    sh_stats_worker(&s->stats, 1)->transports == 1);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, OTHER)) == 0);
}

/* The code of the error response to a request, or 0 if there is none. */
static unsigned refusal(struct stage *s, const struct sh_path *path, const uint8_t *request,
	size_t request_len)
{
	struct stage_frame f;
	struct sh_stun m;
	const uint8_t *p;
	size_t len;

	send_udp(s, path, request, request_len);
	p = receive(s, &f, &len, 300);
	if (!p || sh_stun_parse(&m, p, len) != 0 || m.type != SH_STUN_BINDING_ERROR || !m.fingerprint ||
		m.integrity || memcmp(m.transaction, request + 8, 12) != 0 || len > request_len)
		return 0;
	return p[26] * 100u + p[27]; /* ERROR-CODE comes first */
}

/* Removes the attribute of that type from a request, and makes FINGERPRINT anew. Returns the length. */
static size_t without(uint8_t *request, size_t len, uint16_t type)
{
	size_t at = SH_STUN_HEADER, attribute;

	while (sh_get_be16(request + at) != type)
		at += 4 + ((sh_get_be16(request + at + 2) + 3u) & ~3u);
	attribute = 4 + ((sh_get_be16(request + at + 2) + 3u) & ~3u);
	memmove(request + at, request + at + attribute, len - at - attribute);
	len -= attribute;
	sh_put_be16(request + 2, (unsigned)(len - SH_STUN_HEADER));
	if (type != 0x8028)
		sh_put_be32(request + len - 4, (uint32_t)crc32(0, request, (uInt)len - 8) ^ 0x5354554e);
	return len;
}

/*
 * RFC 8489, 9.1.3: a check without USERNAME, MESSAGE-INTEGRITY or FINGERPRINT is 400, a wrong
 * MESSAGE-INTEGRITY is 401. No more than a few are answered, because the address may be forged; and
 * they are no consent.
 */
static void refused_checks(struct stage *s, const struct sh_path *path)
{
	static const uint16_t needed[] = {0x0006, 0x0008, 0x8028};
	uint64_t refused = STAGE_SUM(s, stun_refused), dropped;
	uint8_t request[200];
	size_t len;

	len = stage_stun(request, username, "a password that is wrong", false);
	STAGE_CHECK(refusal(s, path, request, len) == 401);
	for (unsigned i = 0; i < 3; i++) {
		len = stage_stun(request, username, password, false);
		len = without(request, len, needed[i]);
		STAGE_CHECK(refusal(s, path, request, len) == 400);
	}
	/* Shorter than the response would be. */
	len = stage_stun(request, username, password, false);
	len = without(request, len, 0x0006);
	len = without(request, len, 0x0008);
	len = without(request, len, 0x0024);
	len = without(request, len, 0x802a);
	STAGE_CHECK(len < 48 && refusal(s, path, request, len) == 0);
	STAGE_CHECK(stage_drops(s, SH_DROP_STUN_MALFORMED) == 1);
	STAGE_CHECK(STAGE_SUM(s, stun_refused) == refused + 4);

	dropped = stage_drops(s, SH_DROP_STUN_INTEGRITY);
	for (unsigned i = 0; i < 100; i++)
		send_check(s, path, username, "a password that is wrong", false);
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_STUN_INTEGRITY], dropped + 80));
	stage_sleep(50);
	STAGE_CHECK(STAGE_SUM(s, stun_refused) - refused + stage_drops(s, SH_DROP_STUN_INTEGRITY) - dropped ==
		    104);
	drain(s);
	STAGE_CHECK(answered(s, path, false));
}

/* FFmpeg's checks have neither PRIORITY nor a role; MESSAGE-INTEGRITY is what counts. */
static void check_without_priority(struct stage *s, const struct sh_path *path)
{
	struct sh_hmac_sha1 key;
	uint8_t request[200];
	size_t len = stage_stun(request, username, password, false);

	len = without(request, len, 0x0024);
	len = without(request, len, 0x802a);
	/* MESSAGE-INTEGRITY (24 bytes) and FINGERPRINT (8) are last. The former covers its own length. */
	sh_hmac_sha1_key(&key, password, strlen(password));
	sh_put_be16(request + 2, (unsigned)(len - 8 - SH_STUN_HEADER));
	sh_hmac_sha1(&key, request, len - 32, request + len - 28);
	sh_put_be16(request + 2, (unsigned)(len - SH_STUN_HEADER));
	sh_put_be32(request + len - 4, (uint32_t)crc32(0, request, (uInt)len - 8) ^ 0x5354554e);
	send_udp(s, path, request, len);
	STAGE_CHECK(succeeds(s, path));
	request[len - 28] ^= 1;
	sh_put_be32(request + len - 4, (uint32_t)crc32(0, request, (uInt)len - 8) ^ 0x5354554e);
	STAGE_CHECK(refusal(s, path, request, len) == 401);
}

static void bound_checks(struct stage *s)
{
	static const uint8_t rtp[12] = {0x80, 96}, rtp_short[11] = {0x80, 96}, rtcp_short[4] = {0x80, 201};
	struct sh_path one = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	struct sh_path two = stage_path("fd01::9", 4001, "fd01::2", 20001);
	struct sh_packet p;

	STAGE_CHECK(stage_cmd(s, transport_add(TRANSPORT, 1, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, bind_to(TRANSPORT, &one, true)) == 0);
	STAGE_CHECK(stage_cmd(s, bind_to(TRANSPORT, &two, false)) == 0);
	STAGE_CHECK(answered(s, &one, false) && answered(s, &one, true) && answered(s, &two, false));
	STAGE_CHECK(STAGE_SUM(s, stun_answered) == 3);
	STAGE_CHECK(!stage_punt(s, 1, &p, 20));

	send_check(s, &two, username, password, true); /* would be selected: not ours to decide */
	STAGE_CHECK(stage_punt(s, 1, &p, STAGE_WAIT_MS) && p.transport == TRANSPORT);
	send_check(s, &one, "another1:peer", password, false);
	STAGE_CHECK(stage_punt(s, 1, &p, STAGE_WAIT_MS) && p.transport == TRANSPORT);
	refused_checks(s, &one);
	stage_sleep(200); /* some refusals per second, and some checks, are answered */
	check_without_priority(s, &one);

	send_udp(s, &one, rtp, sizeof(rtp));
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_NO_KEYS], 1));
	send_udp(s, &one, rtp_short, sizeof(rtp_short));
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_RTP_MALFORMED], 1));
	send_udp(s, &one, rtcp_short, sizeof(rtcp_short));
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_RTCP_MALFORMED], 1));
	STAGE_CHECK(stage_cmd(s, keys(TRANSPORT, SH_SRTP_AEAD_AES_128_GCM)) == 0);
	STAGE_CHECK(stage_cmd(s, keys(TRANSPORT, SH_SRTP_AEAD_AES_128_GCM)) == 0);

	/* Nine addresses on a transport of eight: the one longest silent goes, the selected stays. */
	for (uint16_t i = 0; i < 7; i++) {
		struct sh_path more = stage_path("10.1.0.9", (uint16_t)(4100 + i), "10.1.0.2", 20001);

		STAGE_CHECK(stage_cmd(s, bind_to(TRANSPORT, &more, false)) == 0);
	}
	STAGE_CHECK(answered(s, &one, true));
	send_check(s, &two, username, password, false);
	STAGE_CHECK(stage_punt(s, 1, &p, STAGE_WAIT_MS) && p.transport == 0);
}

/* How many packets worker 0 has punted. */
static unsigned punts(struct stage *s)
{
	struct sh_packet p;
	unsigned n = 0;

	while (stage_punt(s, 0, &p, 100))
		n++;
	return n;
}

/* Nobody has bound the address, so nobody could take it. */
static void strangers_dtls(struct stage *s)
{
	struct sh_path path = stage_path("10.1.0.66", 4000, "10.1.0.2", 20000);
	uint64_t punted = STAGE_SUM(s, punted);

	for (unsigned i = 0; i < 150; i++)
		send_udp(s, &path, "\x16\xfe\xfd", 3);
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_DTLS_STRANGER], 150));
	STAGE_CHECK(punts(s) == 0 && STAGE_SUM(s, punted) == punted);
}

/* Checks for nobody: a network has 20 punts a second, all of them together have 50. */
static void strangers_checks(struct stage *s)
{
	uint64_t network = stage_drops(s, SH_DROP_PUNT_NETWORK), all = stage_drops(s, SH_DROP_PUNT_RATE);
	unsigned n;

	stage_sleep(1000); /* the budgets are full again */
	for (uint16_t i = 0; i < 100; i++) {
		struct sh_path path = stage_path("10.1.0.66", (uint16_t)(5000 + i), "10.1.0.2", 20000);

		send_check(s, &path, "nobody:peer", password, false);
	}
	n = punts(s);
	STAGE_CHECK(n >= 20 && n < 40 && n + stage_drops(s, SH_DROP_PUNT_NETWORK) - network == 100);
	STAGE_CHECK(stage_drops(s, SH_DROP_PUNT_RATE) == all);
	stage_sleep(1000);
	network = stage_drops(s, SH_DROP_PUNT_NETWORK);
	for (unsigned i = 0; i < 200; i++) {
		char remote[32];
		struct sh_path path;

		snprintf(remote, sizeof(remote), "10.2.%u.9", i);
		path = stage_path(remote, 5000, "10.1.0.2", 20000);
		send_check(s, &path, "nobody:peer", password, false);
	}
	n = punts(s);
	STAGE_CHECK(n >= 50 && n < 100);
	STAGE_CHECK(n + stage_drops(s, SH_DROP_PUNT_RATE) - all + stage_drops(s, SH_DROP_PUNT_NETWORK) -
			    network ==
		    200);
}

/*
 * A peer's valid checks have a budget of 10 a second here. Consent does not suffer from checks that
 * are dropped beyond it, nor from what is sent in the peer's name.
 */
static void many_checks(struct stage *s)
{
	struct sh_path path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	uint64_t before, dropped = stage_drops(s, SH_DROP_STUN_RATE);
	uint8_t request[200];
	size_t len = stage_stun(request, "abcdefgh:x", "a password that is wrong", false);

	stage_sleep(1000);
	before = STAGE_SUM(s, stun_answered);
	for (unsigned i = 0; i < 300; i++)
		send_udp(s, &path, request, len);
	drain(s);
	STAGE_CHECK(answered(s, &path, false));
	for (unsigned i = 0; i < 100; i++)
		send_check(s, &path, username, password, false);
	STAGE_CHECK(STAGE_WAIT(s, drop[SH_DROP_STUN_RATE], dropped + 80));
	drain(s);
	STAGE_CHECK(STAGE_SUM(s, stun_answered) - before + stage_drops(s, SH_DROP_STUN_RATE) - dropped ==
		    101);
	STAGE_CHECK(stage_drops(s, SH_DROP_PEER_RATE) == 0);
	stage_sleep(300);
	STAGE_CHECK(answered(s, &path, false));
}

/* A check with a transport's credentials does not need what strangers have used up. */
static void strangers_and_a_viewer(struct stage *s)
{
	struct sh_path flood = stage_path("10.1.0.66", 6000, "10.1.0.2", 20000);
	struct sh_path viewer = stage_path("10.1.0.66", 6001, "10.1.0.2", 20000);
	struct sh_packet p;
	uint64_t rate, punt_peer = stage_drops(s, SH_DROP_PUNT_PEER);

	STAGE_CHECK(stage_cmd(s, transport_add(THIRD, 0, 30000)) == 0);
	for (unsigned i = 0; i < 100; i++)
		send_check(s, &flood, "nobody:peer", password, false);
	(void)punts(s);
	for (unsigned i = 0; i < 100; i++)
		send_check(s, &flood, username, "a password that is wrong", false);
	STAGE_CHECK(punts(s) < 20);
	for (unsigned i = 0; i < 10; i++) {
		send_check(s, &viewer, username, password, true);
		STAGE_CHECK(stage_punt(s, 0, &p, STAGE_WAIT_MS) && p.path.remote.port == 6001 &&
			    p.transport == 0);
	}
	/* Beyond its budget for valid checks: here 10 a second. */
	rate = stage_drops(s, SH_DROP_STUN_RATE);
	for (unsigned i = 0; i < 100; i++)
		send_check(s, &viewer, username, password, true);
	STAGE_CHECK(punts(s) < 20 && stage_drops(s, SH_DROP_STUN_RATE) - rate >= 80);
	STAGE_CHECK(stage_drops(s, SH_DROP_PUNT_PEER) == punt_peer);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, THIRD)) == 0);
}

/*
 * New credentials of a transport replace the old ones, and a deleted transport has none. TRANSPORT
 * has the same ones, on the other worker.
 */
static void strangers_credentials(struct stage *s)
{
	struct sh_path viewer = stage_path("10.1.0.66", 6002, "10.1.0.2", 20000);
	struct sh_path flood = stage_path("10.1.0.66", 6000, "10.1.0.2", 20000);
	struct sh_cmd c = transport_add(THIRD, 0, 30000);

	STAGE_CHECK(stage_cmd(s, c) == 0);
	memcpy(c.transport_add.ufrag, "stuvwxyz", 8);
	STAGE_CHECK(stage_cmd(s, c) == 0);
	for (unsigned i = 0; i < 100; i++)
		send_check(s, &flood, "nobody:peer", password, false);
	(void)punts(s);
	for (unsigned i = 0; i < 50; i++)
		send_check(s, &viewer, username, password, false);
	STAGE_CHECK(punts(s) < 20);
	for (unsigned i = 0; i < 10; i++)
		send_check(s, &viewer, "stuvwxyz:peer", password, false);
	STAGE_CHECK(punts(s) == 10);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, THIRD)) == 0);
	for (unsigned i = 0; i < 50; i++)
		send_check(s, &viewer, "stuvwxyz:peer", password, false);
	STAGE_CHECK(punts(s) < 20);
}

/*
 * STUN and DTLS in the name of a peer use up what it has for packets that prove nothing. Its own
 * checks, which are authentic, are passed up all the same.
 */
static void forged_punts(struct stage *s)
{
	struct sh_path one = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	struct sh_path two = stage_path("fd01::9", 4001, "fd01::2", 20001);
	static const uint8_t dtls[20] = {22, 0xfe, 0xfd};
	uint64_t dropped = stage_drops(s, SH_DROP_PUNT_PEER);
	struct sh_packet p;

	stage_sleep(1000);
	for (unsigned i = 0; i < 200; i++) {
		send_check(s, &one, "nobody:peer", password, false);
		send_udp(s, &one, dtls, sizeof(dtls));
	}
	while (stage_punt(s, 1, &p, 50))
		;
	STAGE_CHECK(stage_drops(s, SH_DROP_PUNT_PEER) - dropped > 100);
	send_check(s, &two, username, password, true); /* would be selected */
	STAGE_CHECK(stage_punt(s, 1, &p, STAGE_WAIT_MS) && p.path.remote.port == 4001);
}

static void strangers(struct stage *s)
{
	many_checks(s);
	forged_punts(s);
	strangers_dtls(s);
	strangers_checks(s);
	strangers_and_a_viewer(s);
	strangers_credentials(s);
}

static void consent(struct stage *s)
{
	struct sh_path path = stage_path("10.1.0.9", 6000, "10.1.0.2", 20000);
	uint64_t start = stage_ms();
	struct sh_event e;
	struct sh_packet p;

	STAGE_CHECK(stage_cmd(s, transport_add(OTHER, 0, 1000)) == 0);
	STAGE_CHECK(stage_cmd(s, bind_to(OTHER, &path, true)) == 0);
	STAGE_CHECK(stage_event(s, SH_EV_TRANSPORT_IDLE, &e) && e.id == OTHER && stage_ms() - start >= 1000);
	send_check(s, &path, username, password, false); /* RFC 7675: consent is not ours to renew */
	STAGE_CHECK(stage_punt(s, 0, &p, STAGE_WAIT_MS) && p.transport == OTHER);
	STAGE_CHECK(stage_cmd(s, bind_to(OTHER, &path, true)) == 0);
	STAGE_CHECK(answered(s, &path, false));
}

/* The control plane dies; checks are answered all the same. Its successor claims one of two transports. */
static void restart(struct stage *s)
{
	struct sh_path bound = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	struct sh_path stranger = stage_path("10.1.0.9", 7000, "10.1.0.2", 20001);
	uint64_t end = stage_ms() + STAGE_WAIT_MS;
	struct sh_cmd c;

	stage_leave(s);
	STAGE_CHECK(stage_hello(s) == 0); /* for the counters; and at once gone again */
	stage_leave(s);
	stage_sleep(50);
	STAGE_CHECK(answered(s, &bound, true));
	send_check(s, &stranger, username, password, false);
	stage_sleep(50);

	STAGE_CHECK(stage_hello(s) == 0);
	STAGE_CHECK(stage_drops(s, SH_DROP_PUNT_NO_CONTROL) == 1);
	STAGE_CHECK(s->stats.header->transports_used == 2);
	stage_send(s, plain(SH_OP_SNAPSHOT_BEGIN, 0));
	stage_send(s, transport_add(TRANSPORT, 1, 30000));
	c = plain(SH_OP_SNAPSHOT_END, 0);
	c.snapshot_end.grace_ms = 200;
	STAGE_CHECK(stage_cmd(s, c) == 0);
	STAGE_CHECK(s->stats.header->transports_used == 2);
	while (s->stats.header->transports_used != 1 && stage_ms() < end)
		stage_sleep(10);
	STAGE_CHECK(s->stats.header->transports_used == 1);
	STAGE_CHECK(stage_cmd(s, bind_to(OTHER, &bound, true)) == ENOENT);
	STAGE_CHECK(answered(s, &bound, true));
}

static void ending(struct stage *s)
{
	char *log;

	STAGE_CHECK(stage_stop(s) == 0);
	STAGE_CHECK(if_nametoindex("stage0") == 0);
	log = stage_log(s);
	STAGE_CHECK(strstr(log, "dataplane ready") &&
		    strstr(log, "swept transports=1 producers=0 consumers=0"));
	STAGE_CHECK(!strstr(log, "ERROR: AddressSanitizer") && !strstr(log, "runtime error"));
	if (stage_failures)
		fputs(log, stdout);
	free(log);
}

/* The thread of a worker: the lcores' names end with their numbers, and ascend. */
static pid_t thread_of_last_worker(const struct stage *s)
{
	char path[100], name[32], last[32] = "";
	pid_t found = 0;
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)s->pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/task/%.20s/comm", (int)s->pid, e->d_name);
		f = fopen(path, "r");
		if (f && fgets(name, sizeof(name), f) && strstr(name, "worker") && strcmp(name, last) > 0) {
			strcpy(last, name);
			found = (pid_t)atoi(e->d_name);
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	if (!found)
		stage_die("no worker has a thread");
	return found;
}

/*
 * A worker that does not run any more, with its ring full, holds neither the commands nor the
 * deletions of the other one.
 */
static void a_worker_that_hangs(struct stage *s)
{
	enum { RING = 1024 };
	struct sh_path path = stage_path("10.1.0.9", 8000, "10.1.0.2", 20001);
	pid_t thread = thread_of_last_worker(s);
	int status, refused = 0;
	uint32_t deleted;

	STAGE_CHECK(stage_cmd(s, transport_add(THIRD, 1, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(OTHER, 0, 30000)) == 0);
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
		ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
		waitpid(thread, &status, __WALL) != thread)
		stage_die("the worker's thread cannot be stopped");
	for (unsigned i = 0; i < RING; i++)
		stage_send(s, bind_to(THIRD, &path, true));
	stage_sleep(1200);
	for (unsigned i = 0; i < 20; i++)
		refused += stage_cmd(s, bind_to(THIRD, &path, true)) == EIO;
	STAGE_CHECK(refused == 20);
	deleted = stage_send(s, plain(SH_OP_TRANSPORT_DEL, THIRD));
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, OTHER)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(OTHER, 0, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(0x1999, 1, 30000)) == EIO);

	if (ptrace(PTRACE_DETACH, thread, NULL, NULL) != 0)
		stage_die("the worker's thread cannot go on");
	STAGE_CHECK(stage_ack(s, deleted) == 0);
	STAGE_CHECK(stage_cmd(s, transport_add(THIRD, 1, 30000)) == 0);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, THIRD)) == 0);
	STAGE_CHECK(stage_cmd(s, plain(SH_OP_TRANSPORT_DEL, OTHER)) == 0);
}

/* Says HELLO as another user, in a process of its own. Its answer; 255: it cannot connect. */
static int hello_as(struct stage *s, uid_t uid, gid_t gid)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
			_exit(254);
		s->pid = 0; /* it is the parent's */
		_exit(stage_reachable(s) ? stage_hello(s) : 255);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		stage_die("no answer of the other user's process");
	return WEXITSTATUS(status);
}

/* Root, the configured user, and nobody else. */
static void users(void)
{
	enum { USER = 61234 };
	struct stage s;

	stage_init(&s);
	chmod(s.dir, 0711);
	stage_start(&s, user_config);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_leave(&s);
	STAGE_CHECK(hello_as(&s, USER, USER) == 0);
	STAGE_CHECK(hello_as(&s, USER + 1, USER) == EPERM);
	STAGE_CHECK(hello_as(&s, USER + 1, USER + 1) == 255);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
}

int main(void)
{
	struct stage s;

	stage_namespace();
	stage_init(&s);
	stage_start(&s, config);
	hello(&s);
	second_control_plane(&s);
	stage_tap_open(&s, "stage0");
	learn_mac(&s);
	punt_and_inject(&s);
	bad_injections(&s);
	handoff(&s);
	bad_commands(&s);
	objects(&s);
	bound_checks(&s);
	strangers(&s);
	a_worker_that_hangs(&s);
	consent(&s);
	restart(&s);
	ending(&s);
	stage_end(&s);
	users();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
