/* SPDX-License-Identifier: Apache-2.0 */
/* Short messages under keys of their own, against OpenSSL, between pages that cannot be touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "dataplane/srtp/gcm_each.h"
#include "dataplane/srtp/ipsec_mb.h"

enum { PAGE = 4096, TAG = 16, MESSAGES = 9, LONGEST = 520 };

static EVP_CIPHER_CTX *evp;
static uint32_t seed = 1;

static uint8_t any(void)
{
	seed = seed * 1664525 + 1013904223;
	return (uint8_t)(seed >> 24);
}

static void fill(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = any();
}

/* A message whose data and tag end or begin at the border of a page. */
struct one {
	uint8_t *page;
	uint8_t key[16], plain[LONGEST], sealed[LONGEST + TAG];
};

static struct one one[MESSAGES];
static struct dp_gcm_message message[MESSAGES];

static void seal(struct one *o, const struct dp_gcm_message *m)
{
	int n;

	assert_int_equal(EVP_EncryptInit_ex(evp, EVP_aes_128_gcm(), NULL, o->key, m->iv), 1);
	assert_int_equal(EVP_EncryptUpdate(evp, NULL, &n, m->aad, DP_GCM_EACH_AAD), 1);
	assert_int_equal(EVP_EncryptUpdate(evp, o->sealed, &n, o->plain, (int)m->len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(evp, o->sealed + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, TAG, o->sealed + m->len), 1);
}

static void make(unsigned i, size_t len, bool at_end)
{
	struct dp_gcm_message *m = &message[i];
	struct one *o = &one[i];

	fill(o->key, sizeof(o->key));
	fill(o->plain, len);
	*m = (struct dp_gcm_message){.key = o->key, .len = len, .authentic = any() & 1};
	fill(m->iv, sizeof(m->iv));
	fill(m->aad, DP_GCM_EACH_AAD);
	seal(o, m);
	m->data = at_end ? o->page + PAGE - len - TAG : o->page;
	memcpy(m->data, o->sealed, len + TAG);
}

static void check(unsigned i)
{
	assert_true(message[i].authentic);
	assert_memory_equal(message[i].data, one[i].plain, message[i].len);
}

/* Each length, alone and among others of other lengths. */
static void test_every_length(void **state)
{
	for (size_t len = 0; len <= LONGEST; len++) {
		for (unsigned n = 1; n <= MESSAGES; n += 1 + (unsigned)len % 3) {
			for (unsigned i = 0; i < n; i++)
				make(i, i == n / 2 ? len : (len * 7 + 31 * i) % 130, (len + i) % 2);
			dp_gcm_open_each(message, n);
			for (unsigned i = 0; i < n; i++)
				check(i);
		}
	}
}

/* Flips a bit of a message: of its data, its tag, its additional data, its IV or its key. */
static void damage(unsigned i)
{
	struct dp_gcm_message *m = &message[i];
	uint8_t bit = (uint8_t)(1u << (any() & 7));

	switch (any() % 5) {
	case 0:
		m->data[m->len ? any() % m->len : 0] ^= bit;
		break;
	case 1:
		m->data[m->len + any() % TAG] ^= bit;
		break;
	case 2:
		m->aad[any() % DP_GCM_EACH_AAD] ^= bit;
		break;
	case 3:
		m->iv[any() % 12] ^= bit;
		break;
	case 4:
		one[i].key[any() % 16] ^= bit;
		break;
	}
}

/* A damaged message is not authentic and stays as it is; the others of its group are opened. */
static void test_damaged(void **state)
{
	for (unsigned round = 0; round < 4000; round++) {
		uint8_t before[LONGEST];
		unsigned n = 1 + round % MESSAGES, bad = any() % n;

		for (unsigned i = 0; i < n; i++)
			make(i, any() % 200, any() & 1);
		damage(bad);
		memcpy(before, message[bad].data, message[bad].len);
		dp_gcm_open_each(message, n);
		for (unsigned i = 0; i < n; i++) {
			if (i != bad)
				check(i);
		}
		assert_false(message[bad].authentic);
		assert_memory_equal(message[bad].data, before, message[bad].len);
	}
}

static int set_up(void **state)
{
	evp = EVP_CIPHER_CTX_new();
	if (!evp)
		return -1;
	for (unsigned i = 0; i < MESSAGES; i++) {
		uint8_t *all = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (all == MAP_FAILED || mprotect(all + PAGE, PAGE, PROT_READ | PROT_WRITE) != 0)
			return -1;
		one[i].page = all + PAGE;
	}
	return 0;
}

static int tear_down(void **state)
{
	for (unsigned i = 0; i < MESSAGES; i++)
		munmap(one[i].page - PAGE, 3 * PAGE);
	EVP_CIPHER_CTX_free(evp);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_damaged),
	};

	if (!dp_srtp_mb_available()) {
		puts("NOT TESTED: this CPU has no AES instructions");
		return 77;
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
