/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_FUZZ_DATAPLANE_PEERS_H
#define SPATE_TESTS_FUZZ_DATAPLANE_PEERS_H

/*
 * Peers of the data plane with SRTP by libsrtp2, their producers and consumers as the control plane
 * knows them, and an oracle for what is sent to them: no SRTP index carries two contents, and all
 * of it decrypts.
 */

#include <srtp2/srtp.h>

#include "tests/fuzz/dataplane/bed.h"

enum { PEERS = 5, STREAMS = 6, VIEWS = 10, PACKET_MAX = 1600 };

struct peer {
	sh_id id; /* of its transport; 0: there is none */
	unsigned worker;
	struct sh_path path;
	uint32_t profile;
	struct sh_transport_keys keys;
	srtp_t tx, rx; /* NULL: it has no keys yet */
	uint32_t next_ssrc; /* of consumers, which only ascend */
};

/* A producer of one encoding. */
struct stream {
	sh_id id; /* 0: there is none */
	unsigned peer;
	uint8_t kind, codec;
	uint32_t ssrc, rtx_ssrc;
	uint16_t seq;
	uint32_t timestamp;
};

struct view {
	sh_id id; /* a consumer; 0: there is none */
	unsigned peer, stream;
	uint32_t ssrc, rtx_ssrc;
	uint16_t seq; /* of the last packet it was sent */
};

extern struct peer peers[PEERS];
extern struct stream streams[STREAMS];
extern struct view views[VIEWS];

void peer_open(unsigned i, unsigned how);
void peer_close(unsigned i);
void stream_open(unsigned i, unsigned peer, unsigned how);
void stream_close(unsigned i);
void view_open(unsigned i, unsigned peer, unsigned stream, unsigned how);
void view_close(unsigned i);

/* Sends `len` bytes of `payload`, as they are, from the peer's address to its worker. */
void peer_send(const struct peer *p, const uint8_t *payload, size_t len);
/* Protects in place. Returns the new length, 0: the peer has no keys, or libsrtp2 refuses. */
size_t peer_protect(struct peer *p, uint8_t *data, size_t len, bool rtcp);

/* A frame that the data plane sent: aborts unless it may be. */
void peers_take(const struct stage_frame *f);
/* Forgets everything; all transports have been closed. */
void peers_reset(void);

#endif
