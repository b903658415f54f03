/* SPDX-License-Identifier: Apache-2.0 */
/*
 * STUN: no input makes the parser or the answers to it read or write out of bounds, and
 * every answer is one that the parser takes and the key verifies.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int right)
{
	if (!right)
		abort();
}

static void check_answer(const uint8_t *out, size_t len, const struct sh_stun *request,
	const struct sh_hmac_sha1 *key)
{
	struct sh_stun m;

	check(len <= SH_STUN_MAX);
	check(sh_stun_parse(&m, out, len) == 0);
	check(m.fingerprint && memcmp(m.transaction, request->transaction, 12) == 0);
	check(!key ? !m.integrity : sh_stun_verify(&m, out, key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt"; /* RFC 5769's, as in the corpus */
	struct sh_addr mapped = {.family = 6, .port = 40000, .ip = {0xfd, 0x99}};
	struct sh_hmac_sha1 key;
	struct sh_stun m;
	uint8_t out[SH_STUN_MAX];

	if (sh_stun_parse(&m, data, size) != 0)
		return 0;
	check(!m.username || ((const uint8_t *)m.username >= data &&
				     (const uint8_t *)m.username + m.username_len <= data + size));
	check(!m.integrity ||
		(m.integrity == data + m.integrity_offset + 4 && m.integrity + 20 <= data + size));
	sh_hmac_sha1_key(&key, password, strlen(password));
	sh_stun_verify(&m, data, &key);
	sh_stun_for_ufrag(&m, "evtj", 4);
	check_answer(out, sh_stun_success(out, &m, &mapped, &key), &m, &key);
	check_answer(out, sh_stun_error(out, &m, 420, "Unknown Attribute", NULL), &m, NULL);
	check_answer(out, sh_stun_error(out, &m, 487, "Role Conflict", &key), &m, &key);
	return 0;
}
