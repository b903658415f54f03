/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_STAGE_MEDIA_H
#define SPATE_TESTS_STAGE_MEDIA_H

/*
 * Browsers made by hand, for the tests of the media path: each has an address, SRTP both
 * ways by libsrtp2 (the oracle: nothing of the engines under test is used here) and keeps
 * what it is sent. Packet number n of a source has a content that follows from n, so that
 * whoever receives it can say what it should be.
 */

#include <srtp2/srtp.h>

#include "dataplane/rtp/rtcp.h"
#include "dataplane/rtp/rtcp_build.h"
#include "dataplane/rtp/rtp.h"
#include "tests/stage/harness.h"

enum { MEDIA_PEERS = 224, MEDIA_ROOM = 1600, MEDIA_QUIET_MS = 60 };

struct media_packet {
	srtp_err_status_t error; /* srtp_err_status_ok: `data` is plain */
	size_t raw_len, len;
	uint8_t *raw, *data; /* as it came; decrypted */
	struct dp_rtp rtp;
	uint64_t at_ms;
};

struct media_list {
	struct media_packet *at;
	unsigned count, room;
};

struct media_peer {
	sh_id transport;
	unsigned index; /* its place in struct media */
	struct sh_path path;
	uint32_t worker, profile;
	uint16_t port; /* a plain transport's own; 0: WebRTC */
	bool second; /* it is behind the second port, whose frames the test receives */
	bool clear; /* plain: no SRTP */
	struct sh_transport_keys keys;
	srtp_t tx, rx;
	struct media_list rtp, rtcp; /* what came, in order */
};

struct media {
	struct stage s;
	uint8_t mac[6];
	struct media_peer *peer[MEDIA_PEERS]; /* peer i has port 4000 + i */
	unsigned peers;
	unsigned strays; /* datagrams for nobody, and those that are no media */
	struct media_packet answer; /* the last of them; nothing decrypted */
	sh_id next_id;
};

/* --- the program ------------------------------------------------------------------------- */

struct media_setup {
	const char *engine; /* "auto" where NULL */
	unsigned workers, mbufs, stream_packets, keyframe_ms; /* 0: 1, 8192, 256, 500 */
	unsigned producers, consumers; /* most at a time; 0: 8, 128 */
	unsigned tx_age_ms; /* 0: 2000 */
	unsigned cache_ms; /* 0: viewers wait for the next key frame */
	unsigned join_budget; /* bit/s; 0: 1000000000 */
	unsigned peer_packets; /* per second; 0: 20000 */
	unsigned ssrcs; /* per transport; 0: 8 */
	const char *
		second_port; /* JSON of one more, with a comma before it; its neighbours are in 10.2.0.0/24 */
};

/* In a namespace that the caller has made: starts, says HELLO, opens the TAP. */
void media_start(struct media *m, const struct media_setup *setup);
/* Learns the port's MAC address, to which frames are sent. */
void media_learn_mac(struct media *m);
/* Stops; the log must not show a sanitizer's finding. */
void media_stop(struct media *m);
/* A new id for a transport, producer or consumer. */
sh_id media_id(struct media *m);
/* A command that must succeed; one without members. */
void media_do(struct media *m, const struct sh_cmd *cmd);
void media_op(struct media *m, enum sh_op op, sh_id id);

/* --- peers --------------------------------------------------------------------------------- */

/* What follows is set before media_peer_open(), as far as 0 is not right: worker, profile (default GCM-128), second. */
void media_peer_open(struct media *m, struct media_peer *p, unsigned family);
/* The parts of it. The id may be set before; keys follow from it, so that sessions may be made before too. */
void media_peer_add(struct media *m, struct media_peer *p, unsigned family, uint32_t consent_ms);
void media_peer_bind(struct media *m, struct media_peer *p);
void media_peer_sessions(struct media_peer *p);
void media_peer_keys(struct media *m, struct media_peer *p);
/*
 * Adds a plain transport on the peer's `port`, on `worker`. If `mac` is NULL, the data plane has to
 * resolve the neighbour; if `learnt`, it has to learn the address. Keys follow, unless it is
 * `clear`.
 */
void media_plain_add(struct media *m, struct media_peer *p, unsigned family, bool learnt, const uint8_t *mac);
/* Its packets come from that port of the same host from now on; what is sent there is not taken. */
void media_plain_from(struct media_peer *p, uint16_t port);
/* The test's side alone: the transport stays. Its port is not used again. */
void media_peer_forget(struct media *m, struct media_peer *p);
/* TRANSPORT_DEL and that. */
void media_peer_close(struct media *m, struct media_peer *p);

/* A datagram as it is. */
void media_send_raw(struct media *m, const struct media_peer *p, const void *data, size_t len);
/* Protects in place; returns the new length. `data` has MEDIA_ROOM bytes. */
size_t media_protect(struct media_peer *p, uint8_t *data, size_t len);
size_t media_protect_rtcp(struct media_peer *p, uint8_t *data, size_t len);
/* Protects a copy and sends it. */
void media_send_rtp(struct media *m, struct media_peer *p, const uint8_t *plain, size_t len);
void media_send_rtcp(struct media *m, struct media_peer *p, const uint8_t *plain, size_t len);

/* --- receiving ------------------------------------------------------------------------------ */

/* Gives a frame to the peer it is for. */
void media_take(struct media *m, const struct stage_frame *f);
/* Takes the next frame, if one comes in `ms`. */
bool media_pump(struct media *m, unsigned ms);
/* Takes what comes until nothing has come for MEDIA_QUIET_MS. */
void media_settle(struct media *m);
/* Until the list holds so many; false: it does not within STAGE_WAIT_MS. */
bool media_wait(struct media *m, const struct media_list *list, unsigned count);
void media_clear(struct media_list *list);
/* Forgets what every peer has received. */
void media_clear_all(struct media *m);

/* One packet in the RTCP of a peer, `index` in order of arrival. */
struct media_rtcp {
	struct dp_rtcp r;
	const struct media_packet *in;
};
/* The i-th packet of that type and count (-1: any). False: there are not so many. */
bool media_find_rtcp(const struct media_peer *p, uint8_t pt, int count, unsigned i, struct media_rtcp *out);
/* Waits for it. */
bool media_wait_rtcp(struct media *m, const struct media_peer *p, uint8_t pt, int count, unsigned i,
	struct media_rtcp *out);

/* --- what is sent ----------------------------------------------------------------------------- */

struct media_source {
	struct media_peer *peer;
	sh_id id;
	uint8_t kind; /* 0: audio (opus); else video (VP8) */
	uint32_t flags; /* enum sh_producer_flags */
	uint32_t ssrc, rtx_ssrc;
	bool hidden; /* the SSRCs are not signalled */
	bool compound; /* reduced-size RTCP is not negotiated */
	uint8_t pt, rtx_pt;
	const char *mid, *rid, *cname; /* rid NULL: none */
	uint8_t encoding, encodings; /* its index, of how many; 0: the only one */
	sh_id lead; /* id of the first encoding; 0: this is it */
	bool own_ext; /* ext_id is not media_producer_ext */
	uint8_t ext_id[SH_EXT_COUNT];
	uint16_t first; /* sequence number and timestamp of n = 0 */
	uint32_t first_timestamp;
	uint16_t rtx_seq, twcc;
	unsigned payload; /* bytes, 0: between 20 and 1000 by n */
};

/* The extension ids of the producers here; not the router's. */
extern const uint8_t media_producer_ext[SH_EXT_COUNT];

/* Fills in what is 0 and adds the producer. */
void media_source_open(struct media *m, struct media_source *s, struct media_peer *p);
/* Plain packet number n; `key`: it starts a key frame. With MID, RID and transport-wide number where negotiated. */
size_t media_plain(struct media_source *s, uint32_t n, bool key, uint8_t *out);
uint32_t media_timestamp(const struct media_source *s, uint32_t n);
/* Sends it. */
void media_send(struct media *m, struct media_source *s, uint32_t n, bool key);
/* Sends the numbers from `from` to one below `to`; the first starts a key frame if `key`. */
void media_send_range(struct media *m, struct media_source *s, uint32_t from, uint32_t to, bool key);
/* Sends it as a retransmission. */
void media_send_rtx(struct media *m, struct media_source *s, uint32_t n, bool key);
/* SR of the source. */
void media_send_sr(struct media *m, struct media_source *s, uint64_t ntp, uint32_t timestamp);

struct media_viewer {
	struct media_peer *peer;
	struct media_source *source;
	sh_id id;
	uint32_t flags;
	uint32_t ssrc, rtx_ssrc;
	uint8_t pt, rtx_pt;
	const char *mid;
	struct sh_wishes wishes; /* all 0: none */
	uint8_t ext_id[SH_EXT_COUNT];
	/* learnt from its first packet */
	bool known;
	uint16_t seq; /* of its next packet */
	uint32_t timestamp_offset;
};

/* Fills in what is 0 and adds the consumer. Ids MID 1 and abs-send-time 4. */
void media_viewer_open(struct media *m, struct media_viewer *v, struct media_peer *p, struct media_source *s);
void media_viewer_pause(struct media *m, const struct media_viewer *v, bool paused);
/* NACK, PLI, RR from the viewer. */
void media_viewer_nack(struct media *m, const struct media_viewer *v, const uint16_t *seqs, unsigned n);
void media_viewer_pli(struct media *m, const struct media_viewer *v);
/* Whether a plain packet is number n of the source as this viewer should see it, its number aside. */
bool media_is(struct media_viewer *v, const struct media_packet *p, uint32_t n, bool key);
/*
 * Waits until the viewer has received exactly the numbers from `from` to one below `to`,
 * in order and with dense numbers of its own going on from before; the first a key frame
 * if `key`. They are taken out of its peer's list, where only they may be.
 */
bool media_viewer_got(struct media *m, struct media_viewer *v, uint32_t from, uint32_t to, bool key);
/* Whether nothing more has come to this peer. */
bool media_nothing(struct media *m, const struct media_peer *p);

/* --- counters ----------------------------------------------------------------------------------- */

struct media_drops {
	uint64_t drop[SH_DROP_COUNT];
};

struct media_drops media_drops(const struct media *m);
/* Whether since then exactly `n` more were counted under that reason, and nothing under another. */
bool media_dropped(struct media *m, const struct media_drops *since, enum sh_drop reason, uint64_t n);
/* Whether the tables come to hold so many. */
bool media_used(struct media *m, uint32_t transports, uint32_t producers, uint32_t consumers);
/* Whether nothing was dropped since. */
bool media_lossless(struct media *m, const struct media_drops *since);

#endif
