/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_ABI_H
#define SPATE_SHARED_ABI_H

/*
 * This file defines the binary interface between the control plane and the data plane
 * (docs/shm-abi.md).
 *
 * One SOCK_SEQPACKET connection carries HELLO and, in its reply, the layout and the file
 * descriptors. All further communication is fixed-size records in the rings of the memfd (ring.h).
 * All integers are in host byte order unless stated otherwise, because both processes run on one
 * machine. Any change of a size or a meaning raises SH_ABI_VERSION.
 */

#include <assert.h>
#include <stdint.h>

#include "shared/ids.h"

#define SH_ABI_MAGIC   0x45544150u /* "PATE" */
#define SH_ABI_VERSION 9u

/* --- addresses --------------------------------------------------------------- */

struct sh_addr {
	uint8_t family; /* 4 or 6; 0: none */
	uint8_t pad;
	uint16_t port; /* host byte order */
	uint8_t ip[16]; /* network byte order; IPv4 in the first 4 bytes, the rest 0 */
};
static_assert(sizeof(struct sh_addr) == 20, "ABI");

/* The layer 2 source of a packet, to which replies are sent. */
struct sh_l2 {
	uint8_t mac[6];
	uint16_t vlan; /* 0: untagged */
	uint16_t port; /* DPDK's port_id */
	uint16_t pad;
};
static_assert(sizeof(struct sh_l2) == 12, "ABI");

/* A network path, and the layer 2 address of the next hop towards `remote`. */
struct sh_path {
	struct sh_addr remote;
	struct sh_addr local;
	struct sh_l2 l2;
};
static_assert(sizeof(struct sh_path) == 52, "ABI");

/* --- UDP ports ----------------------------------------------------------------- */

enum { SH_NO_WORKER = -1 };

/*
 * Returns the worker that owns the UDP port udp_port_base + `offset`, or SH_NO_WORKER if `offset`
 * is outside the `ports` UDP ports of the range. The first `workers` ports belong to one worker
 * each, which shares its port among its WebRTC transports. The remaining ports, up to
 * udp_port_last, serve one plain transport each and are distributed over the workers in rotation.
 */
static inline int sh_port_owner(uint32_t offset, uint32_t workers, uint32_t ports)
{
	return offset < ports ? (int)(offset % workers) : SH_NO_WORKER;
}

/* --- commands: control plane to data plane ----------------------------------- */

enum sh_op {
	SH_OP_TRANSPORT_ADD = 1, /* add a transport, or set the ICE credentials of a WebRTC one */
	SH_OP_TRANSPORT_BIND,
	SH_OP_TRANSPORT_KEYS,
	SH_OP_TRANSPORT_SET,
	SH_OP_TRANSPORT_DEL,
	SH_OP_PRODUCER_ADD,
	SH_OP_PRODUCER_SET,
	SH_OP_PRODUCER_OBSERVE, /* read the audio level of its packets, or stop it */
	SH_OP_PRODUCER_DEL,
	SH_OP_CONSUMER_ADD,
	SH_OP_CONSUMER_SET,
	SH_OP_CONSUMER_DEL,
	SH_OP_SNAPSHOT_BEGIN, /* the commands up to SNAPSHOT_END name every object to keep */
	SH_OP_SNAPSHOT_END,
	SH_OP_BARRIER, /* acknowledged when every earlier command has taken effect */
	SH_OP_DRAIN, /* keep forwarding media for `within_ms`, then exit */
	SH_OP_BLOB, /* one piece of what the control plane wants kept with an object */
	SH_OP_LIST, /* list the objects that have a blob, in the object ring */
	SH_OP_CLAIM, /* keep these objects: the snapshot names them */
	SH_OP_HAND_OVER, /* end, and leave everything to another data plane (struct sh_hand_over) */
};

enum sh_transport_kind {
	SH_TRANSPORT_WEBRTC = 0,
	SH_TRANSPORT_PLAIN = 1, /* no ICE, no DTLS: unencrypted RTP, or SRTP with given keys */
};

enum sh_plain_flags {
	/*
	 * Use SRTP: no media is accepted or sent before TRANSPORT_KEYS. Without this flag
	 * TRANSPORT_KEYS is refused with EINVAL.
	 */
	SH_PLAIN_SRTP = 1 << 0,
	/*
	 * A pipe to another node: RTCP comes from the port of RTP only. EINVAL without
	 * SH_PLAIN_SRTP, or without a remote address.
	 */
	SH_PLAIN_PIPE = 1 << 1,
};

/* The peer of a plain transport. */
struct sh_plain {
	struct sh_addr remote; /* family 0: learned from the first valid packet */
	uint8_t mac[6]; /* MAC address of the next hop; all 0: resolved by ARP or ND */
	uint16_t vlan; /* 0: untagged */
};
static_assert(sizeof(struct sh_plain) == 28, "ABI");

/* Not 0: a member that the caller forgot must not mean "without a limit" for a WebRTC transport. */
#define SH_CONSENT_NO_LIMIT UINT32_MAX

struct sh_transport_add {
	/* WebRTC: the worker whose UDP port the candidates name; plain: the owner of `port`. */
	uint32_t worker;
	/*
	 * The transport becomes idle after this time without a valid connectivity check (RFC 7675)
	 * or an authenticated packet from the selected address; a plain transport, without any
	 * packet. SH_CONSENT_NO_LIMIT (plain: 0): never.
	 */
	uint32_t consent_ms;
	uint8_t ufrag_len, pwd_len; /* WebRTC: our credentials, which checks must carry */
	uint8_t kind; /* enum sh_transport_kind */
	uint8_t flags; /* plain: enum sh_plain_flags */
	uint16_t port; /* plain: its own UDP port; sh_port_owner() yields `worker` */
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

/*
 * Binds a remote address that passed a connectivity check, at most SH_MAX_TUPLES per transport.
 * Media is sent to the selected one.
 */
struct sh_transport_bind {
	struct sh_path path;
	uint8_t selected;
	/*
	 * It is not proven that the peer receives there: if selected, little is sent until it is
	 * bound again without this flag, or until a report shows what only a receiver can know.
	 */
	uint8_t unproven;
	uint8_t pad[2];
};
static_assert(sizeof(struct sh_transport_bind) == 56, "ABI");

struct sh_srtp_keys {
	uint8_t key[32]; /* 16 used by the 128-bit profiles */
	uint8_t salt[14]; /* 12 used by GCM */
	uint8_t pad[2];
};
static_assert(sizeof(struct sh_srtp_keys) == 48, "ABI");

/* The data plane wipes the ring entry as soon as it has copied the keys. */
struct sh_transport_keys {
	uint32_t profile; /* enum sh_srtp_profile */
	uint32_t pad;
	struct sh_srtp_keys in; /* the peer encrypts with these */
	struct sh_srtp_keys out; /* we encrypt with these */
};
static_assert(sizeof(struct sh_transport_keys) == 104, "ABI");

struct sh_transport_set {
	uint64_t max_bps; /* most that is sent to the peer, in bit/s; 0: no limit but its estimate */
};

enum sh_producer_flags {
	SH_PRODUCER_PAUSED = 1 << 0,
	SH_PRODUCER_NACK = 1 << 1, /* the producer retransmits on NACK */
	SH_PRODUCER_PLI = 1 << 2,
	SH_PRODUCER_FIR = 1 << 3,
	SH_PRODUCER_TWCC = 1 << 4, /* the producer wants transport-wide feedback */
	SH_PRODUCER_REMB = 1 << 5,
	SH_PRODUCER_REDUCED_SIZE = 1 << 6, /* feedback needs no report before it (RFC 5506) */
};

/* How the spatial layers within one encoding depend on each other. */
enum sh_svc {
	SH_SVC_NONE = 0, /* one spatial layer */
	SH_SVC_FULL = 1, /* L2T1, L3T3: each picture predicts its upper layers from the lower ones */
	SH_SVC_KEY = 2, /* L2T1_KEY, L3T3_KEY: only key pictures do */
};

/*
 * One encoding of a producer. A producer with several (simulcast) has one object for each: the
 * first names no `lead`, the others name the first. Consumers name the first, and receive one
 * encoding at a time. Deleting the first deletes them all.
 */
struct sh_producer_add {
	sh_id transport;
	uint32_t ssrc; /* 0: not signalled; found by MID or RID */
	uint32_t rtx_ssrc; /* 0: none or not signalled */
	uint32_t clock_rate; /* Hz */
	uint32_t flags;
	uint8_t kind; /* enum sh_kind */
	uint8_t codec; /* enum sh_codec */
	uint8_t pt; /* the producer's own payload type */
	uint8_t rtx_pt; /* 0: no RTX */
	uint8_t mid_len, rid_len, cname_len;
	uint8_t ext_id[SH_EXT_COUNT]; /* the producer's own ids by enum sh_ext; 0: not negotiated */
	uint8_t encoding; /* its index in the order of signalling, below `encodings`; the lead's is 0 */
	uint8_t encodings; /* of the producer, 1..SH_MAX_ENCODINGS */
	uint8_t spatial_layers, temporal_layers; /* within this encoding, 1..SH_MAX_LAYERS */
	uint8_t svc; /* enum sh_svc */
	uint8_t pad;
	char mid[SH_MID_MAX];
	char rid[SH_RID_MAX];
	char cname[SH_CNAME_MAX]; /* the CNAME that consumers receive; one per producing peer */
	sh_id lead; /* the producer's first encoding; 0: this is it */
};
static_assert(sizeof(struct sh_producer_add) == 112, "ABI");
/* A producer of one encoding without layers. */
#define SH_PRODUCER_ADD_SIMPLE                                                                               \
	((struct sh_producer_add){.encodings = 1, .spatial_layers = 1, .temporal_layers = 1})

struct sh_producer_observe {
	uint8_t levels; /* 1: sum up audio levels (struct sh_producer_stats) */
	uint8_t pad[7];
};

struct sh_producer_set {
	uint8_t paused;
	uint8_t keyframe; /* request a key frame from the producer */
	uint8_t pad[6];
};

enum sh_consumer_flags {
	SH_CONSUMER_PAUSED = 1 << 0,
	SH_CONSUMER_NACK = 1 << 1, /* retransmit on NACK */
	SH_CONSUMER_PROBATOR = 1 << 2, /* the viewer takes SSRC 1234 with payload type 127 as padding */
	SH_CONSUMER_CONTINUES = 1 << 3, /* its SSRCs return with the next consumer that has them */
	/*
	 * Another node reads one encoding, which `producer` names: all packets of it, with the
	 * producer's timestamps, and with its sequence numbers until it restarts or the
	 * consumer pauses. No layers are left out, and `wishes` has no effect. Neither with
	 * CONTINUES nor with PROBATOR (EINVAL).
	 */
	SH_CONSUMER_PIPE = 1 << 4,
};

enum { SH_LAYER_ANY = 0xff }; /* no upper bound; in an event or a statistic: none is sent */

/*
 * The viewer's wishes, within which the data plane adapts. Layers count from 0, the smallest:
 * `spatial` over the encodings of simulcast, or over the spatial layers of SVC.
 */
struct sh_wishes {
	uint8_t spatial, temporal; /* upper bounds; SH_LAYER_ANY: none */
	uint8_t priority; /* 1..255: among the consumers of one viewer, the higher one is served first */
	uint8_t pad;
};
static_assert(sizeof(struct sh_wishes) == 4, "ABI");
/* No wishes: all layers that the path carries, all consumers alike. */
#define SH_WISHES_NONE ((struct sh_wishes){.spatial = SH_LAYER_ANY, .temporal = SH_LAYER_ANY, .priority = 1})

/*
 * No SSRC is ever used twice on a transport, also not after its consumer was deleted: a new
 * consumer starts with unrelated sequence numbers, and using the same key, SSRC and sequence number
 * twice would break AES-GCM. Therefore SSRCs only ascend: the first one of a transport is random,
 * and each later `ssrc`, and `rtx_ssrc` after its `ssrc`, is further from the first one, modulo
 * 2^32. The data plane refuses all others with EEXIST, and SH_PROBATOR_SSRC with EINVAL. Reports of
 * the viewer about its RTX are understood if `rtx_ssrc` is `ssrc` + 1.
 *
 * The exception is SH_CONSUMER_CONTINUES. When such a consumer is deleted, perhaps with its
 * producer, its transport keeps where its SSRCs have stopped, and the next consumer with this flag
 * and both of these SSRCs goes on from there: with the sequence numbers that follow, so that none
 * is used twice, and with timestamps that do. A viewer takes it for the same stream.
 */
struct sh_consumer_add {
	sh_id transport;
	sh_id producer;
	uint32_t ssrc;
	uint32_t rtx_ssrc; /* 0: no RTX; lost packets are retransmitted unchanged */
	uint32_t flags;
	uint8_t pt;
	uint8_t rtx_pt;
	uint8_t mid_len;
	/*
	 * The consumer's ids by enum sh_ext. MID and abs-send-time are written unless their id is
	 * 0.
	 */
	uint8_t ext_id[SH_EXT_COUNT];
	uint8_t pad[2];
	struct sh_wishes wishes;
	char mid[SH_MID_MAX];
};
static_assert(sizeof(struct sh_consumer_add) == 56, "ABI");

struct sh_consumer_set {
	uint8_t paused;
	uint8_t keyframe; /* request a key frame from the producer for this consumer */
	uint8_t pad[2];
	struct sh_wishes wishes;
};
static_assert(sizeof(struct sh_consumer_set) == 8, "ABI");

struct sh_snapshot_end {
	uint32_t grace_ms; /* objects that the snapshot did not name are deleted after this */
	uint32_t pad;
};

struct sh_drain {
	uint32_t within_ms;
	uint32_t pad;
};

/* --- what the data plane keeps for a successor of the control plane --------------- */

enum {
	SH_BLOB_MAX = 1984, /* bytes that are kept with one object */
	SH_BLOB_PIECE = 104, /* bytes that one command carries */
	SH_CLAIM_MAX = 13, /* ids in one command */
};

/*
 * A piece of an object's blob, which the data plane keeps and does not read. The pieces of a blob
 * follow each other, without pieces of another blob between them, and the last one ends at `size`.
 * The blob takes the place of the object's earlier one when all of it has come, and is lost with
 * the connection before that. A transport, a producer's first encoding and a consumer can have one.
 */
struct sh_blob {
	uint16_t version; /* of the content; not 0, the same in all pieces */
	uint16_t size; /* of the whole blob, 1..SH_BLOB_MAX */
	uint16_t at; /* where the piece belongs, a multiple of SH_BLOB_PIECE */
	uint16_t pad;
	uint8_t data[SH_BLOB_PIECE]; /* those behind `size` are ignored */
};
static_assert(sizeof(struct sh_blob) == 112, "ABI");

/* Objects that SNAPSHOT_END must not delete; a producer by its first encoding. Unknown ids do no harm. */
struct sh_claim {
	uint32_t count;
	uint32_t pad;
	sh_id id[SH_CLAIM_MAX];
};
static_assert(sizeof(struct sh_claim) == 112, "ABI");

enum sh_object_kind { SH_OBJECT_END, SH_OBJECT_TRANSPORT, SH_OBJECT_PRODUCER, SH_OBJECT_CONSUMER };

/*
 * An object with its blob, in the answer to LIST: first the transports, then the producers, then
 * the consumers. The last record, SH_OBJECT_END, says how many objects have none. An object whose
 * ADD has not been acknowledged counts among these. Besides the blob, the record has what commands
 * have changed since.
 */
struct sh_object {
	sh_id id;
	uint8_t kind; /* enum sh_object_kind */
	uint8_t paused; /* a producer or consumer, by the last SET */
	uint8_t mid_len;
	uint8_t pad;
	uint16_t version, size; /* of the blob */
	uint32_t worker; /* the owner */
	struct sh_wishes wishes; /* of a consumer, by the last SET */
	/* Of a transport: the last SSRC and MID of its consumers, deleted ones included; 0: none yet. */
	uint32_t last_ssrc;
	uint64_t max_bps; /* of a transport, by the last SET */
	char mid[SH_MID_MAX];
	uint32_t without[SH_OBJECT_CONSUMER + 1]; /* SH_OBJECT_END: objects without a blob, by kind */
	uint8_t blob[SH_BLOB_MAX];
};
static_assert(sizeof(struct sh_object) == 2048, "ABI");

/*
 * Commands are idempotent: a repeated command changes nothing and gets the same acknowledgement.
 * The SH_EV_ACK of a command carries its `seq`.
 */
struct sh_cmd {
	uint32_t op; /* enum sh_op */
	uint32_t seq;
	sh_id id; /* the object; 0: none */
	union {
		struct sh_transport_add transport_add;
		struct sh_transport_bind transport_bind;
		struct sh_transport_keys transport_keys;
		struct sh_transport_set transport_set;
		struct sh_producer_add producer_add;
		struct sh_producer_set producer_set;
		struct sh_producer_observe producer_observe;
		struct sh_consumer_add consumer_add;
		struct sh_consumer_set consumer_set;
		struct sh_snapshot_end snapshot_end;
		struct sh_drain drain;
		struct sh_blob blob;
		struct sh_claim claim;
		uint8_t room[112];
	};
};
static_assert(sizeof(struct sh_cmd) == 128, "ABI");

/* --- events: data plane to control plane -------------------------------------- */

enum sh_event_kind {
	SH_EV_ACK = 1,
	SH_EV_TRANSPORT_MEDIA, /* first authenticated SRTP or SRTCP; DTLS state may be freed */
	SH_EV_TRANSPORT_IDLE, /* consent expired; sending has stopped */
	/*
	 * Authenticated media arrives from another bound address than the selected one, or several
	 * checks have while nothing came from the selected one; plain: the address of the peer was
	 * learned.
	 */
	SH_EV_PATH_CHANGED,
	SH_EV_KEYFRAME_WANTED, /* for a producer without RTCP; not sent yet */
	SH_EV_LAYERS_CHANGED, /* a consumer gets other layers: struct sh_layers */
	SH_EV_TRANSPORT_LOST, /* it could not be taken over: nothing of it exists any more */
	SH_EV_TRANSPORT_SENT, /* the first media is sent to a WebRTC transport's peer */
	SH_EV_TRANSPORT_REPORTED, /* its peer's first receiver report about a consumer of it has come */
};

/* The layers of a consumer: what is sent to it, and what it will get when it can. */
struct sh_layers {
	uint8_t spatial, temporal; /* sent; both SH_LAYER_ANY: nothing is sent */
	uint8_t target_spatial, target_temporal;
};
static_assert(sizeof(struct sh_layers) == 4, "ABI");

struct sh_event {
	uint32_t kind; /* enum sh_event_kind */
	uint32_t seq; /* ACK: `seq` of the command */
	int32_t error; /* ACK: 0 or a positive errno */
	uint32_t pad;
	sh_id id;
	struct sh_addr remote; /* PATH_CHANGED: the new address */
	struct sh_layers layers; /* LAYERS_CHANGED */
	uint8_t room[16];
};
static_assert(sizeof(struct sh_event) == 64, "ABI");

/* --- packets that cross -------------------------------------------------------- */

enum { SH_MOVED_LEN = 8 };

/*
 * A packet that a worker punted to the control plane, or one that the control plane injects for a
 * worker to send. `data` holds `len` bytes of UDP payload. DTLS is punted, and STUN that the data
 * plane does not answer; and of RTP and RTCP that come from an unknown address and that a
 * transport's keys authenticate, the first SH_MOVED_LEN bytes: its peer has another address now.
 */
struct sh_packet {
	struct sh_path path;
	uint16_t len;
	uint16_t worker; /* punt: the worker that received it */
	sh_id transport; /* punt: the transport that the tuple is bound to, or that moved; 0: none */
	uint8_t data[SH_DATAGRAM_MAX];
	uint8_t pad[4];
};
static_assert(sizeof(struct sh_packet) == 1568, "ABI");

/* --- HELLO ---------------------------------------------------------------------- */

enum sh_client { SH_CLIENT_CONTROL = 1, SH_CLIENT_STATS = 2 };

/* It may carry one descriptor, that of struct sh_hand_over. */
struct sh_hello {
	uint32_t magic;
	uint32_t version;
	uint32_t client; /* enum sh_client */
	uint32_t cmd_size, event_size, packet_size, stats_version;
	uint32_t object_size;
};
static_assert(sizeof(struct sh_hello) == 32, "ABI");

/*
 * A planned restart. After HAND_OVER was acknowledged, the data plane stops, and sends this record
 * on the connection with one descriptor: sealed memory in which it has left everything (its own
 * business: no other process reads it). Then it ends. The control plane maps that memory, so that
 * it stays locked, and sends the descriptor with its HELLO to the next data plane, once. If that
 * one goes on, it answers with the same `instance`; transports that it could not take over are
 * SH_EV_TRANSPORT_LOST. Otherwise the instance is a new one, which knows nothing.
 */
struct sh_hand_over {
	uint32_t magic;
	uint32_t version;
	uint64_t size; /* of the memory, in bytes */
};
static_assert(sizeof(struct sh_hand_over) == 16, "ABI");

/*
 * The reply. With error 0 it carries descriptors by SCM_RIGHTS. SH_CLIENT_CONTROL gets the memfd of
 * the rings, the eventfd that wakes the data plane, the eventfd that wakes the control plane, and
 * the read-only statistics memfd; SH_CLIENT_STATS gets the statistics memfd alone. Each HELLO gets
 * new rings, which are never attached twice.
 */
struct sh_hello_reply {
	uint32_t magic;
	uint32_t version;
	int32_t error; /* 0, EPROTO (mismatch), EBUSY (another control plane), ... */
	uint32_t workers;
	uint64_t instance; /* random per data-plane process, unless it goes on for another */
	uint64_t size; /* size of the memfd in bytes */
	uint32_t cmd_offset, cmd_count; /* ring of struct sh_cmd: offset, entries */
	uint32_t event_offset, event_count;
	uint32_t punt_offset[SH_MAX_WORKERS], punt_count; /* rings of struct sh_packet, */
	uint32_t inject_offset[SH_MAX_WORKERS], inject_count; /* one per worker */
	uint16_t udp_port_base; /* worker i receives on udp_port_base + i */
	uint16_t udp_port_last; /* the workers' ports, then the plain transports', end here */
	uint16_t addr_count;
	struct sh_addr addr[SH_MAX_LOCAL_ADDRS]; /* the data plane's addresses, port 0 */
	char reason[90]; /* operator's message if error is not 0 */
	uint32_t object_offset, object_count; /* ring of struct sh_object */
};
static_assert(sizeof(struct sh_hello_reply) == 832, "ABI");

#endif
