/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_SRTP_HELP_H
#define SPATE_TESTS_UNIT_SRTP_HELP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dataplane/srtp/internal.h"
#include "dataplane/srtp/srtp.h"

enum { ROOM = 2048 }; /* for one packet */

extern const uint16_t profiles[3];

/* libsrtp2, ipsec-mb as the data plane has it, and each implementation that ipsec-mb has. */
struct engine {
	const char *name;
	struct dp_srtp_engine *(*make)(void);
	const char *code; /* what dp_srtp_engine_code() has to say; NULL: whatever the CPU has */
	bool mb; /* ipsec-mb in one form or another */
	uint64_t needs; /* IMB_FEATURE_...: ipsec-mb crashes where the CPU lacks what it is told to use */
};
enum { ENGINES = 11 };
/* Those that this CPU can run, libsrtp2 first; the first call says which they are, and which are not. */
unsigned engines(const struct engine *out[ENGINES]);
/* libsrtp2, and ipsec-mb as the data plane has it. */
extern const struct engine *const libsrtp2, *const ipsec_mb;

/* Keys that differ with the seed. */
void make_keys(struct dp_srtp_keys *keys, uint16_t profile, unsigned seed);

/* One session in its own memory, of exactly the size asked for. */
struct dp_srtp_session *open_session(struct dp_srtp_engine *e, enum dp_srtp_dir dir, uint16_t profile,
	unsigned seed, unsigned limit);
void close_session(struct dp_srtp_engine *e, struct dp_srtp_session *s);

/* A sender and a receiver with one key. */
struct pair {
	struct dp_srtp_engine *out_engine, *in_engine;
	struct dp_srtp_session *out, *in;
};
void pair_open(struct pair *p, const struct engine *from, const struct engine *to, uint16_t profile,
	unsigned limit);
void pair_close(struct pair *p);

/* For every profile, and every engine with itself and with libsrtp2 both ways. */
void for_all(unsigned limit, void (*run)(struct pair *p));

/* Lets the receiver keep every SSRC; all have the long window at `window`, so there is one at a time. */
void keep_all(struct pair *p, struct dp_srtp_window *window);

struct shape {
	uint16_t seq;
	uint32_t ssrc;
	unsigned csrcs, ext_words; /* ext_words 0: no extension */
	unsigned payload;
};

/* Writes a plain RTP packet; returns the header's length. */
size_t make_rtp(uint8_t *pkt, const struct shape *s);
/* A plain RTCP packet of `len` bytes. */
void make_rtcp(uint8_t *pkt, size_t len, uint32_t ssrc);

/* A packet in memory of exactly its length, so that a sanitizer sees a byte too far. */
struct packet {
	uint8_t *data;
	size_t len, hdr_len;
};
/* Protects the shape's packet. Never fails. */
struct packet protect(struct pair *p, const struct shape *s, uint32_t roc);
struct packet protect_rtcp(struct pair *p, size_t len, uint32_t ssrc);
/* Works on a copy; *out, when given, is what came out. The errno. */
int unprotect(struct pair *p, const struct packet *pkt, struct packet *out);
int unprotect_rtcp(struct pair *p, const struct packet *pkt, struct packet *out);
void drop(struct packet *p);

/* Reads hexadecimal; returns the bytes. */
size_t unhex(uint8_t *out, const char *hex);

#endif
