/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_ABI_H
#define SPATE_SHARED_ABI_H

/*
 * What the control plane and the data plane say to each other (docs/shm-abi.md).
 *
 * One SOCK_SEQPACKET connection carries HELLO and, in its answer, the layout and the
 * file descriptors. After that everything travels as fixed-size records through
 * rings in the memfd (ring.h). All integers are in host order: both ends are one
 * machine. Any change of a size or a meaning raises SH_ABI_VERSION.
 */

#include <assert.h>
#include <stdint.h>

#include "shared/ids.h"

#define SH_ABI_MAGIC   0x45544150u /* "PATE" */
#define SH_ABI_VERSION 2u

/* --- addresses --------------------------------------------------------------- */

struct sh_addr {
	uint8_t family; /* 4 or 6; 0: none */
	uint8_t pad;
	uint16_t port; /* host order */
	uint8_t ip[16]; /* network order; IPv4 in the first four, the rest 0 */
};
static_assert(sizeof(struct sh_addr) == 20, "ABI");

/* Where a packet came from at layer 2, so that the answer goes back the same way. */
struct sh_l2 {
	uint8_t mac[6];
	uint16_t vlan; /* 0: untagged */
	uint16_t port; /* DPDK port id */
	uint16_t pad;
};
static_assert(sizeof(struct sh_l2) == 12, "ABI");

struct sh_path {
	struct sh_addr remote;
	struct sh_addr local;
	struct sh_l2 l2;
};
static_assert(sizeof(struct sh_path) == 52, "ABI");

/* --- UDP ports ----------------------------------------------------------------- */

enum { SH_NO_WORKER = -1 };

/*
 * Whose a UDP port is that lies `offset` above udp_port_base. The first ones are the
 * workers' own, which WebRTC transports share; the others up to udp_port_last are for
 * plain transports, one each, and go round the workers. SH_NO_WORKER: nobody's.
 */
static inline int sh_port_owner(uint32_t offset, uint32_t workers, uint32_t ports)
{
	return offset < ports ? (int)(offset % workers) : SH_NO_WORKER;
}

/* --- commands: control plane to data plane ----------------------------------- */

enum sh_op {
	SH_OP_TRANSPORT_ADD = 1, /* add, or set ICE credentials of a WebRTC one that exists */
	SH_OP_TRANSPORT_BIND,
	SH_OP_TRANSPORT_KEYS,
	SH_OP_TRANSPORT_DEL,
	SH_OP_PRODUCER_ADD,
	SH_OP_PRODUCER_SET,
	SH_OP_PRODUCER_DEL,
	SH_OP_CONSUMER_ADD,
	SH_OP_CONSUMER_SET,
	SH_OP_CONSUMER_DEL,
	SH_OP_SNAPSHOT_BEGIN, /* what follows until SNAPSHOT_END is all there is */
	SH_OP_SNAPSHOT_END,
	SH_OP_BARRIER, /* acknowledged when everything before it has taken effect */
	SH_OP_DRAIN, /* media goes on for the time given; the process then ends */
};

enum sh_transport_kind {
	SH_TRANSPORT_WEBRTC = 0,
	SH_TRANSPORT_PLAIN = 1, /* neither ICE nor DTLS: RTP as it is, or SRTP with keys that are given */
};

enum sh_plain_flags {
	SH_PLAIN_SRTP = 1 << 0, /* nothing comes or goes before TRANSPORT_KEYS; without it none are taken */
};

/* Where a plain transport's packets come from and go to. */
struct sh_plain {
	struct sh_addr remote; /* family 0: learnt from the first packet that is valid */
	uint8_t mac[6]; /* of the neighbour on the way there; all 0: asked for by ARP or ND */
	uint16_t vlan; /* 0: untagged */
};
static_assert(sizeof(struct sh_plain) == 28, "ABI");

struct sh_transport_add {
	uint32_t worker; /* WebRTC: which worker's UDP port its candidates name; plain: the owner of `port` */
	uint32_t
		consent_ms; /* RFC 7675: no valid check for so long, and it is idle. Plain: no packet; 0: never */
	uint8_t ufrag_len, pwd_len; /* WebRTC: ours, what checks must carry */
	uint8_t kind; /* enum sh_transport_kind */
	uint8_t flags; /* plain: enum sh_plain_flags */
	uint16_t port; /* plain: its own UDP port, which sh_port_owner() gives to `worker` */
	uint8_t pad[2];
	union {
		struct {
			char ufrag[SH_UFRAG_MAX];
			char pwd[SH_PWD_MAX];
		};
		struct sh_plain plain;
	};
};
static_assert(sizeof(struct sh_transport_add) == 80, "ABI");

/* Bind a checked address. At most SH_MAX_TUPLES; the selected one carries media. */
struct sh_transport_bind {
	struct sh_path path;
	uint8_t selected;
	uint8_t pad[3];
};
static_assert(sizeof(struct sh_transport_bind) == 56, "ABI");

struct sh_srtp_keys {
	uint8_t key[32]; /* 16 used by the 128-bit profiles */
	uint8_t salt[14]; /* 12 used by GCM */
	uint8_t pad[2];
};
static_assert(sizeof(struct sh_srtp_keys) == 48, "ABI");

/* Wiped from the slot by the consumer of the ring as soon as it has been read. */
struct sh_transport_keys {
	uint32_t profile; /* enum sh_srtp_profile */
	uint32_t pad;
	struct sh_srtp_keys in; /* what the peer sends with */
	struct sh_srtp_keys out; /* what we send with */
};
static_assert(sizeof(struct sh_transport_keys) == 104, "ABI");

enum sh_producer_flags {
	SH_PRODUCER_PAUSED = 1 << 0,
	SH_PRODUCER_NACK = 1 << 1, /* the producer answers NACK */
	SH_PRODUCER_PLI = 1 << 2,
	SH_PRODUCER_FIR = 1 << 3,
	SH_PRODUCER_TWCC = 1 << 4, /* wants transport-wide feedback */
	SH_PRODUCER_REMB = 1 << 5,
};

struct sh_producer_add {
	sh_id transport;
	uint32_t ssrc; /* 0: not signalled, find it by MID or RID */
	uint32_t rtx_ssrc; /* 0: none or not signalled */
	uint32_t clock_rate; /* Hz */
	uint32_t flags;
	uint8_t kind; /* enum sh_kind */
	uint8_t codec; /* enum sh_codec */
	uint8_t pt; /* the producer's own payload type */
	uint8_t rtx_pt; /* 0: no RTX */
	uint8_t mid_len, rid_len, cname_len;
	uint8_t ext_id[SH_EXT_COUNT]; /* the producer's own ids; 0: not negotiated */
	uint8_t pad[6];
	char mid[SH_MID_MAX];
	char rid[SH_RID_MAX];
	char cname[SH_CNAME_MAX]; /* what consumers are told: one per producing peer */
};
static_assert(sizeof(struct sh_producer_add) == 104, "ABI");

struct sh_producer_set {
	uint8_t paused;
	uint8_t keyframe; /* ask the producer for one */
	uint8_t pad[6];
};

enum sh_consumer_flags {
	SH_CONSUMER_PAUSED = 1 << 0,
	SH_CONSUMER_NACK = 1 << 1, /* answer its NACKs */
};

/*
 * SSRCs are drawn at random for each consumer and never used again on a transport: its
 * numbers start anew, and the same key, SSRC and number twice would break GCM.
 */
struct sh_consumer_add {
	sh_id transport;
	sh_id producer;
	uint32_t ssrc;
	uint32_t rtx_ssrc; /* 0: no RTX, lost packets are sent again as they were */
	uint32_t flags;
	uint8_t pt;
	uint8_t rtx_pt;
	uint8_t mid_len;
	uint8_t ext_id[SH_EXT_COUNT]; /* ids it negotiated; MID and abs-send-time are written where not 0 */
	uint8_t pad[6];
	char mid[SH_MID_MAX];
};
static_assert(sizeof(struct sh_consumer_add) == 56, "ABI");

struct sh_consumer_set {
	uint8_t paused;
	uint8_t keyframe; /* ask the producer for one on this consumer's behalf */
	uint8_t pad[6];
};

struct sh_snapshot_end {
	uint32_t grace_ms; /* what was not named is deleted this much later */
	uint32_t pad;
};

struct sh_drain {
	uint32_t within_ms;
	uint32_t pad;
};

/*
 * Every command is idempotent: the same command again changes nothing and is
 * acknowledged alike. `seq` is echoed by its ACK.
 */
struct sh_cmd {
	uint32_t op; /* enum sh_op */
	uint32_t seq;
	sh_id id; /* the object it is about; 0 where there is none */
	union {
		struct sh_transport_add transport_add;
		struct sh_transport_bind transport_bind;
		struct sh_transport_keys transport_keys;
		struct sh_producer_add producer_add;
		struct sh_producer_set producer_set;
		struct sh_consumer_add consumer_add;
		struct sh_consumer_set consumer_set;
		struct sh_snapshot_end snapshot_end;
		struct sh_drain drain;
		uint8_t room[112];
	};
};
static_assert(sizeof(struct sh_cmd) == 128, "ABI");

/* --- events: data plane to control plane -------------------------------------- */

enum sh_event_kind {
	SH_EV_ACK = 1,
	SH_EV_TRANSPORT_MEDIA, /* first authenticated SRTP or SRTCP: DTLS state may go */
	SH_EV_TRANSPORT_IDLE, /* consent ran out; nothing is sent any more */
	SH_EV_PATH_CHANGED, /* authenticated media moved to another bound tuple; plain: an address was learnt */
	SH_EV_KEYFRAME_WANTED, /* for a producer that RTCP does not reach */
	SH_EV_LAYERS_CHANGED,
};

struct sh_event {
	uint32_t kind; /* enum sh_event_kind */
	uint32_t seq; /* ACK: of the command */
	int32_t error; /* ACK: 0 or a positive errno */
	uint32_t pad;
	sh_id id;
	struct sh_addr remote; /* PATH_CHANGED */
	uint8_t room[20];
};
static_assert(sizeof(struct sh_event) == 64, "ABI");

/* --- packets that cross -------------------------------------------------------- */

/*
 * A punted packet (data to control: STUN that the data plane does not answer itself,
 * and DTLS) or an injected one (control to data). `len` bytes of UDP payload.
 */
struct sh_packet {
	struct sh_path path;
	uint16_t len;
	uint16_t worker; /* punt: the worker that received it */
	sh_id transport; /* punt: where the tuple is bound, else 0 */
	uint8_t data[SH_DATAGRAM_MAX];
	uint8_t pad[4];
};
static_assert(sizeof(struct sh_packet) == 1568, "ABI");

/* --- HELLO ---------------------------------------------------------------------- */

enum sh_client { SH_CLIENT_CONTROL = 1, SH_CLIENT_STATS = 2 };

struct sh_hello {
	uint32_t magic;
	uint32_t version;
	uint32_t client; /* enum sh_client */
	uint32_t cmd_size, event_size, packet_size, stats_version;
	uint32_t pad;
};
static_assert(sizeof(struct sh_hello) == 32, "ABI");

/*
 * The answer. With error 0 it carries descriptors by SCM_RIGHTS: for CLIENT_CONTROL
 * the memfd of the rings, the eventfd that wakes the data plane, the eventfd that
 * wakes the control plane, and the statistics memfd (read only); for CLIENT_STATS
 * the last one alone. Rings are made anew for each HELLO and never attached twice.
 */
struct sh_hello_reply {
	uint32_t magic;
	uint32_t version;
	int32_t error; /* 0, EPROTO (mismatch), EBUSY (another control plane), ... */
	uint32_t workers;
	uint64_t instance; /* random per data-plane process */
	uint64_t size; /* of the memfd, bytes */
	uint32_t cmd_offset, cmd_count; /* ring of struct sh_cmd, and its slots */
	uint32_t event_offset, event_count;
	uint32_t punt_offset[SH_MAX_WORKERS], punt_count; /* rings of struct sh_packet, */
	uint32_t inject_offset[SH_MAX_WORKERS], inject_count; /* one per worker */
	uint16_t udp_port_base; /* worker i answers udp_port_base + i */
	uint16_t udp_port_last; /* those between are for plain transports */
	uint16_t addr_count;
	struct sh_addr addr[SH_MAX_LOCAL_ADDRS]; /* ours, port 0 */
	char reason[98]; /* in words, when error is set */
};
static_assert(sizeof(struct sh_hello_reply) == 448, "ABI");

#endif
