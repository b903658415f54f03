/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/dtls/cookie.h"
#include "tests/unit/dtls/peer.h"

static const char all[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";

static void expect_connected(struct pair *p)
{
	assert_string_equal(cp_dtls_reason(p->ours), "");
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_CONNECTED);
	assert_true(p->peer_done);
}

/* Both ends must have cut the same bytes into the same keys (RFC 5764, 4.2). */
static void expect_same_keys(struct pair *p, enum cp_dtls_role our_role, unsigned profile, size_t key,
	size_t salt)
{
	struct sh_transport_keys k;
	const struct sh_srtp_keys *client, *server;
	uint8_t block[92];

	assert_int_equal(cp_dtls_keys(p->ours, &k), 0);
	assert_int_equal(k.profile, profile);
	assert_int_equal(SSL_get_selected_srtp_profile(p->peer)->id, profile);
	assert_int_equal(SSL_export_keying_material(p->peer, block, 2 * (key + salt), "EXTRACTOR-dtls_srtp",
				 19, NULL, 0, 0),
		1);
	client = our_role == CP_DTLS_SERVER ? &k.in : &k.out;
	server = our_role == CP_DTLS_SERVER ? &k.out : &k.in;
	assert_memory_equal(client->key, block, key);
	assert_memory_equal(server->key, block + key, key);
	assert_memory_equal(client->salt, block + 2 * key, salt);
	assert_memory_equal(server->salt, block + 2 * key + salt, salt);
	assert_memory_not_equal(client->key, server->key, key);
	for (size_t i = salt; i < sizeof(client->salt); i++)
		assert_int_equal(client->salt[i] | server->salt[i], 0);
}

/* --- it works -------------------------------------------------------------------------- */

static void each_profile_gives_the_same_keys(void **state)
{
	static const struct {
		const char *offer;
		unsigned profile, key, salt;
	} c[] = {
		{"SRTP_AEAD_AES_128_GCM", 7, 16, 12},
		{"SRTP_AEAD_AES_256_GCM", 8, 32, 12},
		{"SRTP_AES128_CM_SHA1_80", 1, 16, 14},
		/* ours decides, whatever the peer likes best */
		{"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM", 7, 16, 12},
		{"SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM", 8, 32, 12},
		{"SRTP_AES128_CM_SHA1_32:SRTP_AES128_CM_SHA1_80", 1, 16, 14},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		for (enum cp_dtls_role role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
			struct pair *p = pair_new(role, c[i].offer, 1200);

			if (role == CP_DTLS_CLIENT && i >= 3) { /* there the peer decides */
				pair_free(p);
				continue;
			}
			pair_start(p, role);
			pair_run(p, 1);
			expect_connected(p);
			assert_int_equal(p->net.ticks, 0);
			expect_same_keys(p, role, c[i].profile, c[i].key, c[i].salt);
			pair_free(p);
		}
	}
}

static void datagrams_fit_the_mtu_and_are_not_merged(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
		struct pair *p = pair_new(role, all, 1200);

		pair_start(p, role);
		pair_run(p, 1);
		expect_connected(p);
		assert_true(p->net.longest[OURS] <= CP_DTLS_MTU - 40 - 8); /* IPv6 and UDP */
		pair_free(p);
	}
}

static void fragmented_client_hello(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 256);

	SSL_set_tlsext_host_name(p->peer,
		"a-name-long-enough-to-make-the-hello-longer-than-one-datagram.example");
	pair_start(p, CP_DTLS_SERVER);
	assert_true(p->net.count[PEERS] > 1);
	pair_run(p, 1);
	expect_connected(p);
	pair_free(p);
}

/* A path that nobody has proven: the first answer is short, asks for a cookie, and costs no key. */
static void an_unproven_path_is_asked_for_a_cookie(void **state)
{
	for (unsigned mtu = 256; mtu <= 1200; mtu += 944) {
		struct pair *p = pair_new(CP_DTLS_SERVER, all, mtu);

		SSL_set_tlsext_host_name(p->peer,
			"a-name-long-enough-to-make-the-hello-longer-than-one-datagram.example");
		p->from.proven = false;
		pair_start(p, CP_DTLS_SERVER);
		pair_run(p, 1);
		expect_connected(p);
		assert_int_equal(cp_dtls_proven(p->ours), p->from.path);
		assert_int_equal(p->net.ticks, 0);
		pair_free(p);
	}
}

/* The peer moves between its two ClientHellos: its cookie does not prove where it came from. */
static void a_cookie_proves_the_path_it_was_made_for(void **state)
{
	struct cp_cookies c = {.path = 7};
	uint8_t cookie[CP_COOKIE_SIZE] = {0};

	assert_false(cp_cookie_accept(&c, cookie, sizeof(cookie))); /* none was made */
	assert_int_equal(cp_cookie_make(&c, cookie), 0);
	c.path = 8;
	assert_true(cp_cookie_accept(&c, cookie, sizeof(cookie)));
	assert_int_equal(c.proven, 0);
	cookie[3] ^= 7 ^ 8;
	assert_false(cp_cookie_accept(&c, cookie, sizeof(cookie)));
	cookie[3] ^= 7 ^ 8;
	c.path = 7;
	assert_false(cp_cookie_accept(&c, cookie, sizeof(cookie) - 1));
	assert_true(cp_cookie_accept(&c, cookie, sizeof(cookie)));
	assert_int_equal(c.proven, 7);
}

/* --- the network ------------------------------------------------------------------------- */

static void each_datagram_lost_once(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
		for (int side = 0; side < 2; side++) {
			unsigned sent = 1;

			for (unsigned i = 0; i < sent; i++) {
				struct pair *p = pair_new(role, all, 400);

				p->net.lose[side] = (int)i;
				pair_start(p, role);
				pair_run(p, 20);
				expect_connected(p);
				expect_same_keys(p, role, 7, 16, 12);
				if (i == 0)
					sent = p->net.sent[side];
				pair_free(p);
			}
			assert_true(sent > 2);
		}
	}
}

static void each_flight_lost_once(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
		for (int side = 0; side < 2; side++) {
			for (int flight = 0; flight < 2; flight++) {
				struct pair *p = pair_new(role, all, 1200);

				p->net.lose_burst[side] = flight;
				pair_start(p, role);
				pair_run(p, 20);
				expect_connected(p);
				assert_true(p->net.ticks > 0);
				pair_free(p);
			}
		}
	}
}

/* Our session is done by then: only because it is kept does the peer ever get there. */
static void last_flight_is_repeated(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);

	p->net.lose_burst[OURS] = 1;
	pair_start(p, CP_DTLS_SERVER);
	pair_run(p, 0);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_CONNECTED);
	assert_false(p->peer_done);
	p->net.cut[OURS] = true;
	pair_run(p, 4); /* lost again and again */
	assert_false(p->peer_done);
	p->net.cut[OURS] = false;
	pair_run(p, 20);
	expect_connected(p);
	pair_free(p);
}

static void reordered_and_repeated(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
		for (int how = 1; how < 4; how++) {
			struct pair *p = pair_new(role, all, 300);

			p->net.backwards = how & 1;
			p->net.twice = how & 2;
			pair_start(p, role);
			pair_run(p, 20);
			expect_connected(p);
			expect_same_keys(p, role, 7, 16, 12);
			pair_free(p);
		}
	}
}

static void nobody_answers(void **state)
{
	struct pair *p = pair_new(CP_DTLS_CLIENT, all, 1200);

	p->net.cut[OURS] = true;
	pair_start(p, CP_DTLS_CLIENT);
	pair_run(p, 120);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
	assert_string_equal(cp_dtls_reason(p->ours), "DTLS timed out");
	assert_true(p->net.sent[OURS] > 5 && p->net.sent[OURS] < 20);
	assert_int_equal(cp_dtls_timeout_ms(p->ours), CP_DTLS_NO_TIMER);
	pair_free(p);
}

static void hello_before_connect_is_kept(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 256);
	struct cp_fingerprint f = pair_fingerprint(p);

	SSL_set_tlsext_host_name(p->peer,
		"a-name-long-enough-to-make-the-hello-longer-than-one-datagram.example");
	pair_peer_step(p);
	pair_run(p, 0);
	assert_int_equal(p->net.sent[OURS], 0);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_NEW);
	for (int i = 0; i < 100; i++) /* no more than a few are */
		cp_dtls_input(p->ours, &p->from, (const uint8_t *)"\x16\xfe\xfd garbage", 11);
	cp_dtls_start(p->ours, CP_DTLS_SERVER, &f, 1);
	assert_true(p->net.sent[OURS] > 0);
	pair_run(p, 0);
	expect_connected(p);
	assert_int_equal(p->net.ticks, 0);
	pair_free(p);
}

/* --- who it is --------------------------------------------------------------------------------- */

static void wrong_fingerprint_fails(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++) {
		struct pair *p = pair_new(role, all, 1200);
		struct cp_fingerprint f = pair_fingerprint(p);
		struct sh_transport_keys k;

		f.bytes[31] ^= 1;
		cp_dtls_start(p->ours, role, &f, 1);
		pair_peer_step(p);
		pair_run(p, 5);
		assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
		assert_string_equal(cp_dtls_reason(p->ours),
			"the peer's certificate does not have the signalled fingerprint");
		assert_int_equal(cp_dtls_keys(p->ours, &k), ENOENT);
		assert_true(p->peer_failed); /* it was told, by an alert */
		pair_free(p);
	}
}

static void peer_without_certificate_fails(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);

	SSL_certs_clear(p->peer);
	pair_start(p, CP_DTLS_SERVER);
	pair_run(p, 5);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
	pair_free(p);
}

static void no_srtp_profile_fails(void **state)
{
	const char *const offers[] = {NULL, "SRTP_AES128_CM_SHA1_32"};

	for (int i = 0; i < 2; i++) {
		struct pair *p = pair_new(CP_DTLS_SERVER, offers[i], 1200);

		pair_start(p, CP_DTLS_SERVER);
		pair_run(p, 5);
		assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
		assert_string_equal(cp_dtls_reason(p->ours), "no SRTP protection profile in common");
		pair_free(p);
	}
}

static void dtls_1_0_is_refused(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);

	SSL_set_security_level(p->peer, 0);
	SSL_set_min_proto_version(p->peer, DTLS1_VERSION);
	SSL_set_max_proto_version(p->peer, DTLS1_VERSION);
	SSL_set_cipher_list(p->peer, "ALL:@SECLEVEL=0");
	pair_start(p, CP_DTLS_SERVER);
	pair_run(p, 5);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
	pair_free(p);
}

/* Who forges the peer's address cannot end a handshake, wherever it stands. */
static void forged_alerts_do_not_end_a_handshake(void **state)
{
	for (int role = CP_DTLS_SERVER; role <= CP_DTLS_CLIENT; role++)
		for (int lost = -1; lost < 3; lost++) {
			struct pair *p = pair_new(role, all, 400);

			p->net.alerts = true;
			p->net.lose[OURS] = lost;
			pair_start(p, role);
			pair_forge_alerts(p);
			pair_run(p, 20);
			expect_connected(p);
			expect_same_keys(p, role, 7, 16, 12);
			pair_forge_alerts(p);
			assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_CONNECTED);
			pair_free(p);
		}
}

static int refuse_all(int ok, X509_STORE_CTX *store)
{
	return 0;
}

/* A peer that refuses us says so without protection, and nothing more. That ends it, in some seconds. */
static void a_peer_that_refuses_is_believed_when_it_is_silent(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);

	SSL_set_verify(p->peer, SSL_VERIFY_PEER, refuse_all);
	pair_start(p, CP_DTLS_SERVER);
	pair_run(p, 3);
	assert_true(p->peer_failed);
	assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_FAILED);
	assert_string_equal(cp_dtls_reason(p->ours), "the peer refused the DTLS handshake: unknown CA");
	pair_free(p);
}

/* --- afterwards ----------------------------------------------------------------------------------- */

static void goodbye_both_ways(void **state)
{
	struct sh_transport_keys k;

	for (int first = OURS; first <= PEERS; first++) {
		struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);

		pair_start(p, CP_DTLS_SERVER);
		pair_run(p, 1);
		expect_connected(p);
		if (first == OURS)
			cp_dtls_close(p->ours);
		else
			SSL_shutdown(p->peer);
		pair_run(p, 1);
		assert_int_equal(cp_dtls_get_state(p->ours), CP_DTLS_CLOSED);
		assert_int_equal(cp_dtls_keys(p->ours, &k), ENOENT);
		if (first == OURS)
			assert_true(p->peer_closed);
		pair_free(p);
	}
}

/* A pair that is connected with one cipher suite, and the key for the peer's last alert. */
static struct pair *connected_with(enum cp_dtls_role role, const char *suite, struct cp_dtls_alert_key *key)
{
	struct pair *p = pair_new(role, all, 1200);

	assert_int_equal(SSL_set_cipher_list(p->peer, suite), 1);
	pair_start(p, role);
	pair_run(p, 1);
	expect_connected(p);
	assert_int_equal(cp_dtls_alert_key(p->ours, key), 0);
	p->net.count[PEERS] = 0;
	return p;
}

/* The session can be gone: what the peer says last is recognized by the key that was kept. */
static void the_last_alert_is_recognized_without_the_session(void **state)
{
	static const char *const suites[] = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
		"ECDHE-ECDSA-CHACHA20-POLY1305"};

	for (unsigned i = 0; i < 6; i++) {
		struct cp_dtls_alert_key key, none = {0};
		struct pair *p = connected_with(i / 3 ? CP_DTLS_CLIENT : CP_DTLS_SERVER, suites[i % 3], &key);
		struct datagram *d = &p->net.queue[PEERS][0];
		uint8_t two[2 * NET_MTU];

		SSL_write(p->peer, "sctp", 4);
		assert_int_equal(p->net.count[PEERS], 1);
		assert_false(cp_dtls_alert_ends(&key, d->data, d->len));
		memcpy(two, d->data, d->len);
		SSL_shutdown(p->peer);
		assert_int_equal(p->net.count[PEERS], 2);
		memcpy(two + d[0].len, d[1].data, d[1].len);
		assert_true(cp_dtls_alert_ends(&key, d[1].data, d[1].len));
		assert_true(cp_dtls_alert_ends(&key, two, d[0].len + d[1].len));
		assert_false(cp_dtls_alert_ends(&none, d[1].data, d[1].len));
		for (size_t len = 0; len < d[1].len; len++)
			assert_false(cp_dtls_alert_ends(&key, d[1].data, len));
		for (size_t bit = 0; bit < d[1].len * 8; bit++) {
			d[1].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(cp_dtls_alert_ends(&key, d[1].data, d[1].len));
			d[1].data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		pair_free(p);
	}
}

/* The suites with CBC are not read; ours says nothing of them. */
static void there_is_no_alert_key_of_cbc(void **state)
{
	struct cp_dtls_alert_key key;
	struct pair *p = connected_with(CP_DTLS_SERVER, "ECDHE-ECDSA-AES128-SHA", &key);

	assert_int_equal(key.nid, 0);
	SSL_shutdown(p->peer);
	assert_false(cp_dtls_alert_ends(&key, p->net.queue[PEERS][0].data, p->net.queue[PEERS][0].len));
	pair_free(p);
	p = pair_new(CP_DTLS_SERVER, all, 1200);
	assert_int_equal(cp_dtls_alert_key(p->ours, &key), ENOENT);
	pair_free(p);
}

static void application_data_and_garbage_are_ignored(void **state)
{
	struct pair *p = pair_new(CP_DTLS_SERVER, all, 1200);
	uint8_t junk[600];

	pair_start(p, CP_DTLS_SERVER);
	/* before and after the handshake: records that lie, that are cut off, of another version */
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < sizeof(junk); i++)
			junk[i] = (uint8_t)(i * 7 + (size_t)round);
		for (size_t len = 0; len < sizeof(junk); len += 7) {
			junk[0] = (uint8_t)(20 + len % 44);
			junk[1] = len % 3 ? 0xfe : 0x03;
			junk[2] = 0xfd;
			cp_dtls_input(p->ours, &p->from, junk, len);
		}
		assert_true(cp_dtls_get_state(p->ours) == (round ? CP_DTLS_CONNECTED : CP_DTLS_HANDSHAKE));
		pair_run(p, 5);
		expect_connected(p);
	}
	assert_int_equal(SSL_write(p->peer, "data channel", 12), 12);
	pair_run(p, 1);
	expect_connected(p);
	pair_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_profile_gives_the_same_keys),
		cmocka_unit_test(datagrams_fit_the_mtu_and_are_not_merged),
		cmocka_unit_test(fragmented_client_hello),
		cmocka_unit_test(an_unproven_path_is_asked_for_a_cookie),
		cmocka_unit_test(a_cookie_proves_the_path_it_was_made_for),
		cmocka_unit_test(each_datagram_lost_once),
		cmocka_unit_test(each_flight_lost_once),
		cmocka_unit_test(last_flight_is_repeated),
		cmocka_unit_test(reordered_and_repeated),
		cmocka_unit_test(nobody_answers),
		cmocka_unit_test(hello_before_connect_is_kept),
		cmocka_unit_test(wrong_fingerprint_fails),
		cmocka_unit_test(peer_without_certificate_fails),
		cmocka_unit_test(no_srtp_profile_fails),
		cmocka_unit_test(dtls_1_0_is_refused),
		cmocka_unit_test(forged_alerts_do_not_end_a_handshake),
		cmocka_unit_test(a_peer_that_refuses_is_believed_when_it_is_silent),
		cmocka_unit_test(goodbye_both_ways),
		cmocka_unit_test(the_last_alert_is_recognized_without_the_session),
		cmocka_unit_test(there_is_no_alert_key_of_cbc),
		cmocka_unit_test(application_data_and_garbage_are_ignored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
