/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_AUDIENCE_H
#define SPATE_BENCHMARKS_AUDIENCE_H

/*
 * The viewers of any WebRTC server, over the kernel's sockets: each has a transport of its
 * own (ICE, DTLS) and watches one SSRC. Every packet is counted and must follow the one
 * before; one of each viewer's is kept, to be decrypted by libsrtp2 afterwards.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/srtp/srtp.h"
#include "tools/loadgen/rtc_peer.h"

enum { AUDIENCE_DATAGRAM = 1500 };

struct viewer {
	struct rtc_peer peer;
	struct dp_srtp_keys keys; /* that the server sends with */
	uint32_t ssrc;
	uint64_t first,
		next; /* extended sequence numbers: of source packet 0, and expected; 0: none came yet */
	size_t sample_len; /* 0: none was kept */
	uint32_t sample_roc;
	uint8_t sample[AUDIENCE_DATAGRAM];
};

struct audience {
	struct rtc_context rtc;
	struct viewer *viewers;
	unsigned count;
	int epoll;
	size_t payload; /* bytes in each packet, as oracle_payload writes them */
	uint64_t got; /* packets that followed the one before, or came behind a gap */
	uint64_t wrong; /* of another SSRC, length or shape, came twice or late */
	uint64_t sample; /* number of the source's packet that is kept next */
};

/* All viewers show one certificate, rtc.cert. Or ends the program. */
void audience_init(struct audience *a, unsigned count, size_t payload);
/* Viewer `i` begins to connect. Ends the program where that cannot even begin. */
void audience_open(struct audience *a, unsigned i, const struct rtc_remote *remote, uint32_t ssrc);
/* Waits until DTLS is done for all, with SRTP_AEAD_AES_128_GCM. Ends the program where that fails. */
void audience_join(struct audience *a);

/* Reads what has come. How many datagrams. */
unsigned audience_receive(struct audience *a);
/* Checks for consent, where they are due; every 50 ms or so. */
void audience_tick(struct audience *a);

/* Keeps the source's packet of that number for each viewer. */
void audience_sample(struct audience *a, uint64_t number);
/* Decrypts what was kept: how many are what the source sent. */
unsigned audience_verify(struct audience *a);
/* What the kernel threw away because a viewer did not read in time, so far. */
uint64_t audience_drops(const struct audience *a);
void audience_close(struct audience *a);

#endif
