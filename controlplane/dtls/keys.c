/* SPDX-License-Identifier: Apache-2.0 */

/* The keys of a session: for SRTP, and for the alert that ends it when its memory is gone. */

#include <errno.h>
#include <string.h>

#include "controlplane/dtls/internal.h"

static void sizes(unsigned long profile, size_t *key, size_t *salt)
{
	*key = profile == SH_SRTP_AEAD_AES_256_GCM ? 32 : 16;
	*salt = profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12; /* RFC 3711, 8.2; RFC 7714, 12 */
}

/* The block's order is client key, server key, client salt, server salt (RFC 5764, 4.2). */
int cp_dtls_export_keys(struct cp_dtls *d)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
	struct sh_srtp_keys *client = d->role == CP_DTLS_CLIENT ? &d->keys.out : &d->keys.in;
	struct sh_srtp_keys *server = d->role == CP_DTLS_CLIENT ? &d->keys.in : &d->keys.out;
	uint8_t block[2 * (32 + 14)];
	size_t key, salt;
	int ok;

	if (!p) {
		cp_dtls_end(d, CP_DTLS_FAILED, "no SRTP protection profile in common");
		return EPROTO;
	}
	sizes(p->id, &key, &salt);
	ok = SSL_export_keying_material(d->ssl, block, 2 * (key + salt), label, sizeof(label) - 1, NULL, 0,
		0);
	if (ok == 1) {
		d->keys.profile = (uint32_t)p->id;
		memcpy(client->key, block, key);
		memcpy(server->key, block + key, key);
		memcpy(client->salt, block + 2 * key, salt);
		memcpy(server->salt, block + 2 * key + salt, salt);
	} else {
		cp_dtls_end(d, CP_DTLS_FAILED, "exporting the SRTP keys failed");
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ok == 1 ? 0 : EIO;
}

int cp_dtls_keys(const struct cp_dtls *d, struct sh_transport_keys *out)
{
	if (d->state != CP_DTLS_CONNECTED)
		return ENOENT;
	*out = d->keys;
	return 0;
}

int cp_dtls_alert_key(const struct cp_dtls *d, struct cp_dtls_alert_key *out)
{
	if (d->state != CP_DTLS_CONNECTED)
		return ENOENT;
	return cp_dtls_alert_key_derive(out, d->ssl, d->role == CP_DTLS_SERVER);
}
