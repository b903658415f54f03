/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PERSIST_PERSIST_H
#define SPATE_CONTROLPLANE_PERSIST_PERSIST_H

/*
 * Encodes and decodes the blobs that the data plane keeps with the objects of this process
 * (docs/shm-abi.md, "Blobs and the list"): what a successor needs to go on with rooms, peers,
 * transports, producers and consumers. A room exists as long as one of its peers, and a peer's
 * state stands in the blob of each of its transports. No blob has SRTP keys or DTLS state, which
 * this process does not keep; ICE credentials, which the data plane has as well, are in it.
 *
 * Pure: structures and bytes, no I/O. A blob is not trusted: what is decoded is within all limits.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/base/id.h"
#include "controlplane/base/name.h"
#include "controlplane/negotiation/negotiation.h"
#include "shared/abi.h"

enum {
	/* Raise it with each change of a blob's content: a successor of another version sweeps. */
	CP_SAVED_VERSION = 2,
	CP_SAVED_ADDRESS_SIZE = 48, /* of the longest IP address as text, with its terminator */
	CP_SAVED_HASH = 32, /* bytes of the hash of a token to resume with */
	CP_SAVED_HASHES = 2, /* the current token's, and the previous one's while it is valid */
	CP_SAVED_SECTIONS = 2, /* of a WHIP or WHEP session */
	CP_SAVED_ETAG_SIZE = 17,
	CP_SAVED_UFRAG_SIZE = 257, /* the longest ufrag of a client (RFC 8839, 5.4) */
	CP_SAVED_BUNDLE_SIZE = 20, /* two MIDs with a space behind each */
	CP_SAVED_AUDIO_INTERVALS = 7,
	CP_SAVED_AUDIO_ENTRIES = 16,
};

enum cp_saved_client { CP_SAVED_JSON = 1, CP_SAVED_SOCKETIO, CP_SAVED_WHIP, CP_SAVED_WHEP };

/* A WHIP or WHEP session. */
struct cp_saved_whip {
	char id[CP_ID_SIZE];
	char etag[CP_SAVED_ETAG_SIZE];
	char ufrag[CP_SAVED_UFRAG_SIZE]; /* the client's */
	char bundle[CP_SAVED_BUNDLE_SIZE]; /* the MIDs of a=group:BUNDLE; "": none */
	bool trickle;
	uint8_t tag, section_count;
	struct cp_saved_section {
		uint8_t kind; /* enum sh_kind */
		bool silent; /* nothing is sent in it, and nothing will be */
		char mid[SH_MID_MAX + 1]; /* "": none */
		uint32_t ssrc, rtx_ssrc; /* of a player; 0: none */
	} section[CP_SAVED_SECTIONS];
	char cname[CP_CNAME_SIZE]; /* of the peer that it plays; "": it publishes */
};

struct cp_saved_peer {
	char id[CP_ID_SIZE];
	char room[CP_NAME_SIZE];
	char user[CP_NAME_SIZE]; /* "": none */
	char cname[CP_CNAME_SIZE];
	char address[CP_SAVED_ADDRESS_SIZE]; /* the client's; "": not known */
	bool publish, subscribe, close;
	bool host; /* it has produced */
	bool user_proven;
	bool room_bound; /* its token is for this room alone */
	int64_t expires_s; /* its token, seconds since 1970; 0: never */
	uint8_t client; /* enum cp_saved_client */
	/* JSON and Socket.IO */
	uint8_t hash_count;
	uint8_t hash[CP_SAVED_HASHES][CP_SAVED_HASH]; /* the current one's first */
	uint8_t audio_entries, audio_interval; /* what it asks for, as in rooms/audio.h; 0 entries: nothing */
	struct cp_saved_whip whip; /* WHIP and WHEP */
};

struct cp_saved_ice {
	char ufrag[SH_UFRAG_MAX + 1], pwd[SH_PWD_MAX + 1];
	/* of before an ICE restart that the client has not taken up; "": none */
	char previous_ufrag[SH_UFRAG_MAX + 1], previous_pwd[SH_PWD_MAX + 1];
	uint32_t nomination;
	int8_t selected; /* -1: none */
	uint8_t tuple_count;
	struct cp_saved_tuple {
		struct sh_path path;
		uint32_t nomination;
		bool proven;
	} tuple[SH_MAX_TUPLES];
};

/* A WebRTC transport whose DTLS handshake is done, and its peer. */
struct cp_saved_transport {
	char id[CP_ID_SIZE];
	bool receives; /* otherwise it sends; as seen from the client */
	struct cp_saved_ice ice;
	struct cp_saved_peer peer;
};

struct cp_saved_producer {
	char id[CP_ID_SIZE];
	sh_id transport;
	/* Of consumable.router only the payload types. */
	struct cp_consumable consumable;
	/* Without transport, lead and cname, which follow from the other members. */
	struct cp_signalled signalled;
	sh_id encoding[SH_MAX_ENCODINGS]; /* their ids in the data plane */
};

struct cp_saved_consumer {
	char id[CP_ID_SIZE];
	sh_id transport, producer; /* their ids in the data plane */
	uint32_t ssrc, rtx_ssrc;
	bool negotiated; /* by SDP: it has no rtpParameters, and the next members are not valid */
	char mid[SH_MID_MAX + 1];
	struct cp_common common;
};

/*
 * Write a blob. Return its length, or 0 if it would be longer than SH_BLOB_MAX. What they write can
 * be read again if the structure keeps to the limits of its members.
 */
size_t cp_saved_transport_write(const struct cp_saved_transport *t, uint8_t out[SH_BLOB_MAX]);
size_t cp_saved_producer_write(const struct cp_saved_producer *p, uint8_t out[SH_BLOB_MAX]);
size_t cp_saved_consumer_write(const struct cp_saved_consumer *c, uint8_t out[SH_BLOB_MAX]);

/*
 * Read a blob. 0; ENOTSUP: it has another version; EINVAL: it is damaged, or of an object of
 * another kind. `out` is unspecified then.
 */
int cp_saved_transport_read(struct cp_saved_transport *out, uint16_t version, const uint8_t *blob,
	size_t len);
int cp_saved_producer_read(struct cp_saved_producer *out, uint16_t version, const uint8_t *blob, size_t len);
int cp_saved_consumer_read(struct cp_saved_consumer *out, uint16_t version, const uint8_t *blob, size_t len);

/*
 * Fills in the commands that keep the blob with the object `id`. Returns how many: at most
 * CP_SAVED_COMMANDS.
 */
enum { CP_SAVED_COMMANDS = (SH_BLOB_MAX + SH_BLOB_PIECE - 1) / SH_BLOB_PIECE };
unsigned cp_saved_commands(struct sh_cmd out[CP_SAVED_COMMANDS], sh_id id, const uint8_t *blob, size_t len);

#endif
