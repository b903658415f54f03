/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_RTCP_H
#define SPATE_DATAPLANE_RTP_RTCP_H

/*
 * Parses RTCP (RFC 3550, 6; RFC 3611; RFC 4585; RFC 5104; REMB): a walk over a compound packet, and
 * readers of each packet's content. Integers are in host byte order. rtcp_build.h builds packets.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dp_rtcp_pt {
	DP_RTCP_SR = 200,
	DP_RTCP_RR = 201,
	DP_RTCP_SDES = 202,
	DP_RTCP_BYE = 203,
	DP_RTCP_APP = 204,
	DP_RTCP_RTPFB = 205, /* count: 1 NACK, 15 transport-wide */
	DP_RTCP_PSFB = 206, /* count: 1 PLI, 4 FIR, 15 REMB */
	DP_RTCP_XR = 207,
};
enum { DP_XR_RRTR = 4, DP_XR_DLRR = 5 };
enum { DP_RTPFB_NACK = 1, DP_RTPFB_TWCC = 15, DP_PSFB_PLI = 1, DP_PSFB_FIR = 4, DP_PSFB_AFB = 15 };

/* One packet of a compound packet. */
struct dp_rtcp {
	uint8_t pt; /* enum dp_rtcp_pt, or an unknown type */
	uint8_t count; /* RC, SC or FMT */
	uint32_t ssrc; /* the sender's */
	const uint8_t *body; /* behind the sender's SSRC, without padding; NULL: none */
	size_t body_len;
};

/*
 * Whether `len` bytes are a well-formed compound or reduced-size packet (RFC 3550, A.2; RFC 5506):
 * all packets have version 2, their lengths add up to `len`, and only the last is padded.
 */
bool dp_rtcp_valid(const uint8_t *data, size_t len);

/*
 * Walks a compound packet that dp_rtcp_valid() accepted. `pos` starts at 0. True: `out` is the next
 * packet; out->body points into `data`.
 */
bool dp_rtcp_next(const uint8_t *data, size_t len, size_t *pos, struct dp_rtcp *out);

struct dp_rtcp_sender_info {
	uint64_t ntp; /* 32.32 fixed point */
	uint32_t rtp_timestamp, packets, octets;
};
/* Reads the sender info of an SR. False: not an SR, or too short. */
bool dp_rtcp_sender_info(const struct dp_rtcp *r, struct dp_rtcp_sender_info *out);

struct dp_rtcp_report {
	uint32_t ssrc;
	uint8_t fraction_lost;
	int32_t total_lost;
	uint32_t highest_seq, jitter, lsr, dlsr;
};
/* Reads the i-th report block of an SR or RR. False: there are fewer. */
bool dp_rtcp_report(const struct dp_rtcp *r, unsigned i, struct dp_rtcp_report *out);

/* Reads the media SSRC of a feedback packet (RTPFB, PSFB). False: another type, or too short. */
bool dp_rtcp_fb_media(const struct dp_rtcp *r, uint32_t *ssrc);
/* Reads the i-th (PID, BLP) pair of a NACK. False: not a NACK, or there are fewer. */
bool dp_rtcp_nack(const struct dp_rtcp *r, unsigned i, uint16_t *pid, uint16_t *blp);
/* Reads the i-th entry of an FIR. False: not an FIR, or there are fewer. */
bool dp_rtcp_fir(const struct dp_rtcp *r, unsigned i, uint32_t *ssrc, uint8_t *seq);
/* Reads the bit/s of a REMB. False: not a REMB. */
bool dp_rtcp_remb(const struct dp_rtcp *r, uint64_t *bps);

/*
 * Reads the NTP time of the receiver reference time (RRTR) in an XR (RFC 3611, 4.4), 32.32 fixed
 * point. False: there is none.
 */
bool dp_rtcp_rrtr(const struct dp_rtcp *r, uint64_t *ntp);

/* One entry of a DLRR: what a sender says about the last RRTR of the receiver `ssrc`. */
struct dp_rtcp_dlrr {
	uint32_t ssrc, lrr; /* lrr: middle 32 bits of the RRTR's NTP time; 0: none was received */
	uint32_t dlrr; /* delay since it was received, in units of 1/65536 s */
};
/* Reads the i-th entry of the first DLRR in an XR (RFC 3611, 4.5). False: there are fewer. */
bool dp_rtcp_dlrr(const struct dp_rtcp *r, unsigned i, struct dp_rtcp_dlrr *out);

#endif
