/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_RTCP_BUILD_H
#define SPATE_DATAPLANE_RTP_RTCP_BUILD_H

/* Builds RTCP packets, one after the other in a buffer: a compound packet (RFC 3550, 6.1). */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/rtp/rtcp.h"

/*
 * A buffer of `cap` bytes, of which `len` are used. Each builder appends one packet and advances
 * `len`; without room it returns false and changes nothing.
 */
struct dp_rtcp_buf {
	uint8_t *data;
	size_t len, cap;
};
bool dp_rtcp_put_sr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_sender_info *info);
/* `n` <= 31 report blocks; 0 gives an empty RR. */
bool dp_rtcp_put_rr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_report *r, unsigned n);
bool dp_rtcp_put_sdes_cname(struct dp_rtcp_buf *b, uint32_t ssrc, const char *cname, size_t len);
/* XR with our NTP time as receiver, or with what we know of a receiver's (RFC 3611, 4.4, 4.5). */
bool dp_rtcp_put_rrtr(struct dp_rtcp_buf *b, uint32_t ssrc, uint64_t ntp);
bool dp_rtcp_put_dlrr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_dlrr *d);
bool dp_rtcp_put_pli(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media);
bool dp_rtcp_put_fir(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media, uint8_t seq);
/* `seqs` holds `n` > 0 sequence numbers in sending order; packs them into (PID, BLP) pairs. */
bool dp_rtcp_put_nack(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media, const uint16_t *seqs, unsigned n);
bool dp_rtcp_put_remb(struct dp_rtcp_buf *b, uint32_t ssrc, uint64_t bps, const uint32_t *media, unsigned n);

#endif
