/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "../../../dataplane/srtp/ipsec_mb.h"
#include "oracle.h"
#include "result.h"

enum {
	HEADER = 12, /* of RTP */
	BUFFERS = 256, /* as many packets as a device may have in flight */
	BUFFER = 2432, /* far apart as mbufs are */
	ROUNDS = 16,
	SAMPLES = 32,
	SEQ = 1000,
	NUMBER = 7, /* of the payload */
};

#define ROUND_CYCLES 6000000ull /* about 2 ms */

struct viewer {
	union dp_mb_schedule key;
	uint8_t salt[16], ipad[20], opad[20];
} __attribute__((aligned(64)));

struct bench {
	IMB_MGR *mgr;
	struct gcm_context_data ctx;
	struct viewer *viewer;
	unsigned viewers;
	uint8_t *buffers, *plain;
	uint8_t iv[BUFFERS][16], digest[FLOOR_BATCH][12];
	size_t payload;
	IMB_JOB job[FLOOR_BATCH];
};

void *bench_memory(size_t size)
{
	const size_t huge = 2 << 20, whole = (size + huge - 1) & ~(huge - 1);
	void *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		p = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
			0);
	if (p != MAP_FAILED)
		return p;
	perror("memory");
	exit(1);
}

static void hmac_start(IMB_MGR *mgr, const uint8_t key[DP_SRTP_AUTH_KEY], uint8_t pad, uint8_t out[20])
{
	uint8_t block[64];

	memset(block, pad, sizeof(block));
	for (unsigned i = 0; i < DP_SRTP_AUTH_KEY; i++)
		block[i] ^= key[i];
	IMB_SHA1_ONE_BLOCK(mgr, block, out);
}

static void make_viewer(struct bench *b, struct viewer *v, uint16_t profile, unsigned number)
{
	uint8_t unused[11 * 16] __attribute__((aligned(16)));
	struct dp_srtp_derived derived;
	struct dp_srtp_keys keys;

	oracle_keys(&keys, profile, number);
	if (dp_srtp_derive(&derived, &keys) != 0)
		abort();
	memcpy(v->salt, derived.rtp.salt, sizeof(derived.rtp.salt));
	if (profile == SH_SRTP_AEAD_AES_128_GCM) {
		IMB_AES128_GCM_PRE(b->mgr, derived.rtp.key, &v->key.gcm);
		return;
	}
	IMB_AES_KEYEXP_128(b->mgr, derived.rtp.key, v->key.aes, unused);
	hmac_start(b->mgr, derived.rtp.auth, 0x36, v->ipad);
	hmac_start(b->mgr, derived.rtp.auth, 0x5c, v->opad);
}

static uint8_t *buffer(const struct bench *b, unsigned i)
{
	return b->buffers + (size_t)(i % BUFFERS) * BUFFER;
}

/* Header and IV of one packet of a viewer, roll-over count 0 (RFC 3711, 4.1.1; RFC 7714, 8.1). */
static void prepare(struct bench *b, unsigned i, uint16_t profile, unsigned viewer)
{
	uint8_t *pkt = buffer(b, i), *iv = b->iv[i % BUFFERS];
	unsigned at = profile == SH_SRTP_AEAD_AES_128_GCM ? 2 : 4;

	memset(pkt, 0, HEADER);
	pkt[0] = 0x80;
	pkt[1] = 96;
	pkt[2] = SEQ >> 8;
	pkt[3] = SEQ & 0xff;
	dp_put32(pkt + 8, viewer + 1);
	memcpy(iv, b->viewer[viewer].salt, 16);
	for (unsigned k = 0; k < 4; k++)
		iv[at + k] ^= pkt[8 + k];
	iv[at + 8] ^= pkt[2];
	iv[at + 9] ^= pkt[3];
}

/* Packets first to first + n, of the viewers from `viewer` on. */
static void gcm(struct bench *b, unsigned first, unsigned viewer, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		uint8_t *pkt = buffer(b, i);

		IMB_AES128_GCM_ENC(b->mgr, &b->viewer[viewer].key.gcm, &b->ctx, pkt + HEADER, b->plain,
			b->payload, b->iv[i % BUFFERS], pkt, HEADER, pkt + HEADER + b->payload, 16);
		if (++viewer == b->viewers)
			viewer = 0;
	}
}

static void cm(struct bench *b, unsigned first, unsigned viewer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct viewer *v = &b->viewer[viewer];
		uint8_t *pkt = buffer(b, first + i);
		IMB_JOB *j = &b->job[i];

		j->enc_keys = v->key.aes;
		j->iv = b->iv[(first + i) % BUFFERS];
		j->src = b->plain;
		j->dst = pkt + HEADER;
		j->msg_len_to_cipher_in_bytes = b->payload;
		j->msg_len_to_hash_in_bytes = HEADER + b->payload + 4;
		j->u.HMAC._hashed_auth_key_xor_ipad = v->ipad;
		j->u.HMAC._hashed_auth_key_xor_opad = v->opad;
		if (++viewer == b->viewers)
			viewer = 0;
	}
	IMB_SUBMIT_CIPHER_BURST(b->mgr, b->job, n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *pkt = buffer(b, first + i);

		memset(pkt + HEADER + b->payload, 0, 4); /* the roll-over count */
		b->job[i].src = pkt;
	}
	IMB_SUBMIT_HASH_BURST(b->mgr, b->job, n, IMB_AUTH_HMAC_SHA_1);
	for (unsigned i = 0; i < n; i++)
		memcpy(buffer(b, first + i) + HEADER + b->payload, b->digest[i], 10);
}

static void batch(struct bench *b, uint16_t profile, unsigned first, unsigned viewer)
{
	if (profile == SH_SRTP_AEAD_AES_128_GCM)
		gcm(b, first, viewer, FLOOR_BATCH);
	else
		cm(b, first, viewer, FLOOR_BATCH);
}

static double measure(struct bench *b, uint16_t profile)
{
	unsigned at = 0, viewer = 0;
	double rounds[ROUNDS];

	for (unsigned r = 0; r < ROUNDS; r++) {
		uint64_t begun = __rdtsc(), now, n = 0;

		do {
			batch(b, profile, at, viewer);
			at += FLOOR_BATCH;
			viewer = (viewer + FLOOR_BATCH) % b->viewers;
			n += FLOOR_BATCH;
			now = __rdtsc();
		} while (now - begun < ROUND_CYCLES || n < 2 * b->viewers);
		rounds[r] = (double)(now - begun) / (double)n;
	}
	return result_quiet(rounds, ROUNDS);
}

/* The same calls, for viewers all over the table, must make what libsrtp2 reads. */
static unsigned check(struct bench *b, uint16_t profile)
{
	size_t tag = profile == SH_SRTP_AEAD_AES_128_GCM ? 16 : 10;
	unsigned first = b->viewers / 2, right = 0;

	for (unsigned i = 0; i < SAMPLES; i++)
		prepare(b, i, profile, (first + i) % b->viewers);
	batch(b, profile, 0, first);
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct dp_srtp_keys keys;

		oracle_keys(&keys, profile, (first + i) % b->viewers);
		right += oracle_right(&keys, buffer(b, i), HEADER + b->payload + tag, 0, b->payload, NUMBER);
	}
	return right;
}

static void make_jobs(struct bench *b)
{
	for (unsigned i = 0; i < FLOOR_BATCH; i++) {
		IMB_JOB *j = &b->job[i];

		j->cipher_mode = IMB_CIPHER_CNTR;
		j->cipher_direction = IMB_DIR_ENCRYPT;
		j->chain_order = IMB_ORDER_CIPHER_HASH;
		j->hash_alg = IMB_AUTH_HMAC_SHA_1;
		j->key_len_in_bytes = IMB_KEY_128_BYTES;
		j->iv_len_in_bytes = 16;
		j->auth_tag_output = b->digest[i];
		j->auth_tag_output_len_in_bytes = sizeof(b->digest[i]);
	}
}

double floor_cycles(uint16_t profile, unsigned viewers, size_t payload, uint64_t *verified)
{
	size_t keys = viewers * sizeof(struct viewer), packets = (size_t)BUFFERS * BUFFER;
	uint8_t *memory = bench_memory(keys + packets + BUFFER);
	struct bench *b = aligned_alloc(64, (sizeof(*b) + 63) & ~(size_t)63);
	unsigned right;
	double cycles;

	if (!b)
		abort();
	memset(b, 0, sizeof(*b));
	b->mgr = alloc_mb_mgr(0);
	if (!b->mgr)
		abort();
	init_mb_mgr_auto(b->mgr, NULL);
	b->viewer = (struct viewer *)(void *)memory;
	b->buffers = memory + keys;
	b->plain = b->buffers + packets;
	b->viewers = viewers;
	b->payload = payload;
	make_jobs(b);
	oracle_payload(b->plain, payload, NUMBER, true);
	for (unsigned i = 0; i < viewers; i++)
		make_viewer(b, &b->viewer[i], profile, i);
	for (unsigned i = 0; i < BUFFERS; i++)
		prepare(b, i, profile, i % viewers);
	cycles = measure(b, profile);
	right = check(b, profile);
	*verified += right;
	free_mb_mgr(b->mgr);
	free(b);
	munmap(memory, (keys + packets + BUFFER + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1));
	return right == SAMPLES ? cycles : 0;
}
