/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/floor.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <x86intrin.h>

#include "dataplane/srtp/ipsec_mb.h"
#include "shared/bytes.h"
#include "tools/benchmarks/src/oracle.h"
#include "tools/benchmarks/src/result.h"

enum {
	HEADER = 12, /* RTP header */
	BUFFERS = 256, /* as many packets as a device may hold */
	BUFFER = 2432, /* as far apart as mbufs */
	ROUNDS = 16,
	ROUND_CYCLES = 6000000, /* about 2 ms */
	LOOK_CYCLES = ROUND_CYCLES / 2,
	SAMPLES = 32,
	SEQ = 1000,
	NUMBER = 7, /* number of the payload */
};

struct viewer {
	union dp_mb_schedule key;
	uint8_t salt[16], ipad[20], opad[20];
} __attribute__((aligned(64)));

struct floor {
	IMB_MGR *mgr;
	struct gcm_context_data ctx;
	struct viewer *viewer;
	unsigned viewers;
	uint8_t *buffers, *plain;
	uint8_t iv[BUFFERS][16], digest[FLOOR_BATCH][12];
	size_t payload, size; /* size: bytes of the memory that begins with `viewer` */
	uint16_t profile;
	unsigned at, next; /* next packet and next viewer */
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

static void make_viewer(struct floor *f, struct viewer *v, uint16_t profile, unsigned number)
{
	uint8_t unused[11 * 16] __attribute__((aligned(16)));
	struct dp_srtp_derived derived;
	struct dp_srtp_keys keys;

	oracle_keys(&keys, profile, number);
	if (dp_srtp_derive(&derived, &keys) != 0)
		abort();
	memcpy(v->salt, derived.rtp.salt, sizeof(derived.rtp.salt));
	if (profile == SH_SRTP_AEAD_AES_128_GCM) {
		IMB_AES128_GCM_PRE(f->mgr, derived.rtp.key, &v->key.gcm);
		return;
	}
	IMB_AES_KEYEXP_128(f->mgr, derived.rtp.key, v->key.aes, unused);
	hmac_start(f->mgr, derived.rtp.auth, 0x36, v->ipad);
	hmac_start(f->mgr, derived.rtp.auth, 0x5c, v->opad);
}

static uint8_t *buffer(const struct floor *f, unsigned i)
{
	return f->buffers + (size_t)(i % BUFFERS) * BUFFER;
}

/*
 * Writes header and IV of one packet of a viewer, with rollover counter 0 (RFC 3711, 4.1.1;
 * RFC 7714, 8.1).
 */
static void prepare(struct floor *f, unsigned i, uint16_t profile, unsigned viewer)
{
	uint8_t *pkt = buffer(f, i), *iv = f->iv[i % BUFFERS];
	unsigned at = profile == SH_SRTP_AEAD_AES_128_GCM ? 2 : 4;

	memset(pkt, 0, HEADER);
	pkt[0] = 0x80;
	pkt[1] = 96;
	pkt[2] = SEQ >> 8;
	pkt[3] = SEQ & 0xff;
	sh_put_be32(pkt + 8, viewer + 1);
	memcpy(iv, f->viewer[viewer].salt, 16);
	for (unsigned k = 0; k < 4; k++)
		iv[at + k] ^= pkt[8 + k];
	iv[at + 8] ^= pkt[2];
	iv[at + 9] ^= pkt[3];
}

/* Encrypts packets `first` to `first + n - 1`, for the viewers from `viewer` on. */
static void gcm(struct floor *f, unsigned first, unsigned viewer, unsigned n)
{
	for (unsigned i = first; i < first + n; i++) {
		uint8_t *pkt = buffer(f, i);

		IMB_AES128_GCM_ENC(f->mgr, &f->viewer[viewer].key.gcm, &f->ctx, pkt + HEADER, f->plain,
			f->payload, f->iv[i % BUFFERS], pkt, HEADER, pkt + HEADER + f->payload, 16);
		if (++viewer == f->viewers)
			viewer = 0;
	}
}

static void cm(struct floor *f, unsigned first, unsigned viewer, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct viewer *v = &f->viewer[viewer];
		uint8_t *pkt = buffer(f, first + i);
		IMB_JOB *j = &f->job[i];

		j->enc_keys = v->key.aes;
		j->iv = f->iv[(first + i) % BUFFERS];
		j->src = f->plain;
		j->dst = pkt + HEADER;
		j->msg_len_to_cipher_in_bytes = f->payload;
		j->msg_len_to_hash_in_bytes = HEADER + f->payload + 4;
		j->u.HMAC._hashed_auth_key_xor_ipad = v->ipad;
		j->u.HMAC._hashed_auth_key_xor_opad = v->opad;
		if (++viewer == f->viewers)
			viewer = 0;
	}
	IMB_SUBMIT_CIPHER_BURST(f->mgr, f->job, n, IMB_CIPHER_CNTR, IMB_DIR_ENCRYPT, IMB_KEY_128_BYTES);
	for (unsigned i = 0; i < n; i++) {
		uint8_t *pkt = buffer(f, first + i);

		memset(pkt + HEADER + f->payload, 0, 4); /* the rollover counter */
		f->job[i].src = pkt;
	}
	IMB_SUBMIT_HASH_BURST(f->mgr, f->job, n, IMB_AUTH_HMAC_SHA_1);
	for (unsigned i = 0; i < n; i++)
		memcpy(buffer(f, first + i) + HEADER + f->payload, f->digest[i], 10);
}

static void batch(struct floor *f, unsigned first, unsigned viewer)
{
	if (f->profile == SH_SRTP_AEAD_AES_128_GCM)
		gcm(f, first, viewer, FLOOR_BATCH);
	else
		cm(f, first, viewer, FLOOR_BATCH);
}

double floor_round(struct floor *f, uint64_t cycles)
{
	uint64_t begun = __rdtsc(), now, n = 0;

	do {
		batch(f, f->at, f->next);
		f->at += FLOOR_BATCH;
		f->next = (f->next + FLOOR_BATCH) % f->viewers;
		n += FLOOR_BATCH;
		now = __rdtsc();
	} while (now - begun < cycles);
	return (double)(now - begun) / (double)n;
}

/*
 * Makes the same calls for viewers in the middle of the table; libsrtp2 must be able to decrypt the
 * result.
 */
bool floor_right(struct floor *f, uint64_t *verified)
{
	size_t tag = f->profile == SH_SRTP_AEAD_AES_128_GCM ? 16 : 10;
	unsigned first = f->viewers / 2, right = 0;

	for (unsigned i = 0; i < SAMPLES; i++)
		prepare(f, i, f->profile, (first + i) % f->viewers);
	batch(f, 0, first);
	for (unsigned i = 0; i < SAMPLES; i++) {
		struct dp_srtp_keys keys;

		oracle_keys(&keys, f->profile, (first + i) % f->viewers);
		right += oracle_right(&keys, buffer(f, i), HEADER + f->payload + tag, 0, f->payload, NUMBER);
	}
	*verified += right;
	return right == SAMPLES;
}

static void make_jobs(struct floor *f)
{
	for (unsigned i = 0; i < FLOOR_BATCH; i++) {
		IMB_JOB *j = &f->job[i];

		j->cipher_mode = IMB_CIPHER_CNTR;
		j->cipher_direction = IMB_DIR_ENCRYPT;
		j->chain_order = IMB_ORDER_CIPHER_HASH;
		j->hash_alg = IMB_AUTH_HMAC_SHA_1;
		j->key_len_in_bytes = IMB_KEY_128_BYTES;
		j->iv_len_in_bytes = 16;
		j->auth_tag_output = f->digest[i];
		j->auth_tag_output_len_in_bytes = sizeof(f->digest[i]);
	}
}

struct floor *floor_open(uint16_t profile, unsigned viewers, size_t payload)
{
	size_t keys = viewers * sizeof(struct viewer), packets = (size_t)BUFFERS * BUFFER;
	struct floor *f = aligned_alloc(64, (sizeof(*f) + 63) & ~(size_t)63);
	uint8_t *memory;

	if (!f)
		abort();
	memset(f, 0, sizeof(*f));
	f->mgr = alloc_mb_mgr(0);
	if (!f->mgr)
		abort();
	init_mb_mgr_auto(f->mgr, NULL);
	f->size = keys + packets + BUFFER;
	memory = bench_memory(f->size);
	f->viewer = (struct viewer *)(void *)memory;
	f->buffers = memory + keys;
	f->plain = f->buffers + packets;
	f->viewers = viewers;
	f->payload = payload;
	f->profile = profile;
	make_jobs(f);
	oracle_payload(f->plain, payload, NUMBER, true);
	for (unsigned i = 0; i < viewers; i++)
		make_viewer(f, &f->viewer[i], profile, i);
	for (unsigned i = 0; i < BUFFERS; i++)
		prepare(f, i, profile, i % viewers);
	return f;
}

void floor_close(struct floor *f)
{
	munmap(f->viewer, (f->size + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1));
	free_mb_mgr(f->mgr);
	free(f);
}

double floor_look(struct floor *f)
{
	floor_round(f, LOOK_CYCLES / 5);
	return floor_round(f, LOOK_CYCLES);
}

bool floor_move_to(unsigned core, int policy)
{
	struct sched_param priority = {.sched_priority = sched_get_priority_min(policy)};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setscheduler(0, policy, &priority) == 0 && sched_setaffinity(0, sizeof(set), &set) == 0;
}

double floor_cycles(uint16_t profile, unsigned viewers, size_t payload, uint64_t *verified)
{
	struct floor *f = floor_open(profile, viewers, payload);
	double rounds[ROUNDS], cycles;

	for (unsigned i = 0; i < ROUNDS; i++)
		rounds[i] = floor_round(f, ROUND_CYCLES);
	cycles = floor_right(f, verified) ? result_quiet(rounds, ROUNDS) : 0;
	floor_close(f);
	return cycles;
}
