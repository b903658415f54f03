/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_DEMUX_H
#define SPATE_SHARED_DEMUX_H

/* Tells the protocols of a WebRTC transport's UDP port apart by the first byte (RFC 7983, 7). */

#include <stdint.h>

enum sh_demux {
	SH_DEMUX_OTHER, /* ZRTP, TURN channels and bytes that no protocol uses: not ours */
	SH_DEMUX_STUN,
	SH_DEMUX_DTLS,
	SH_DEMUX_MEDIA, /* RTP and RTCP; their second byte tells them apart (RFC 5761, 4) */
};

static inline enum sh_demux sh_demux(uint8_t first)
{
	if (first >= 128 && first < 192)
		return SH_DEMUX_MEDIA;
	if (first < 4)
		return SH_DEMUX_STUN;
	return first >= 20 && first < 64 ? SH_DEMUX_DTLS : SH_DEMUX_OTHER;
}

#endif
