/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_AUDIENCE_H
#define SPATE_TOOLS_BENCHMARKS_SRC_AUDIENCE_H

/*
 * Plays the viewers of any WebRTC server, over the kernel's sockets. Each viewer has its own
 * transport (ICE, DTLS) and watches one SSRC. Every packet is counted and its sequence number
 * checked; one packet of each viewer is kept and later decrypted by libsrtp2.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/srtp/srtp.h"
#include "tools/loadgen/rtc_peer.h"

enum { AUDIENCE_DATAGRAM = 1500 };

struct viewer {
	struct rtc_peer peer;
	struct dp_srtp_keys keys; /* keys that the server sends with */
	uint32_t ssrc;
	/* extended sequence numbers of source packet 0 and of the next one; 0: none received yet */
	uint64_t first, next;
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
	uint64_t got; /* packets in order, gaps included */
	uint64_t wrong; /* packets with another SSRC, length or form, duplicates and late ones */
	uint64_t sample; /* number of the source packet that is kept */
};

/* Prepares `count` viewers, which all use the certificate rtc.cert. Ends the program on failure. */
void audience_init(struct audience *a, unsigned count, size_t payload);
/* Starts to connect viewer `i`. Ends the program on failure. */
void audience_open(struct audience *a, unsigned i, const struct rtc_remote *remote, uint32_t ssrc);
/*
 * Waits until DTLS is done for all viewers, with SRTP_AEAD_AES_128_GCM. Ends the program on
 * failure.
 */
void audience_join(struct audience *a);

/* Reads all pending datagrams and returns how many there were. */
unsigned audience_receive(struct audience *a);
/* Sends the checks for consent that are due. Call it about every 50 ms. */
void audience_tick(struct audience *a);

/* Keeps the source packet with this number for each viewer. */
void audience_sample(struct audience *a, uint64_t number);
/* Decrypts the kept packets and returns how many carry what the source sent. */
unsigned audience_verify(struct audience *a);
/* Datagrams that the kernel has dropped so far because a viewer's socket was full. */
uint64_t audience_drops(const struct audience *a);
void audience_close(struct audience *a);

#endif
