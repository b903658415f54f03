/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_LAST_ALERT_H
#define SPATE_CONTROLPLANE_DTLS_LAST_ALERT_H

/*
 * Recognizes the alert by which a peer ends DTLS, without the DTLS session. A session is some 54
 * KiB and is freed soon after media flows; the key of the peer's records is 48 bytes, which the
 * transport keeps.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

/* The key with which the peer protects records after its handshake (epoch 1). All 0: none. */
struct cp_dtls_alert_key {
	uint16_t nid; /* OpenSSL's number of the cipher; 0: none, or not an AEAD */
	uint8_t key_len, iv_len;
	uint8_t key[32];
	uint8_t iv[12]; /* what the nonce has of the key block (RFC 5288, 3; RFC 7905, 2) */
};

/*
 * Derives the key from a session that is connected (RFC 5246, 6.3). It stays all 0 for the suites
 * with CBC, which browsers do not choose. 0 or EIO.
 */
int cp_dtls_alert_key_derive(struct cp_dtls_alert_key *out, SSL *ssl, bool peer_is_client);

/*
 * Whether a datagram has an authentic close_notify or fatal alert (RFC 5246, 7.2). A replay of one
 * does no harm: the peer has ended then.
 */
bool cp_dtls_alert_ends(const struct cp_dtls_alert_key *k, const uint8_t *data, size_t len);

#endif
