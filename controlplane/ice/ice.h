/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ICE_ICE_H
#define SPATE_CONTROLPLANE_ICE_ICE_H

/*
 * Implements the ICE-lite agent of one transport (RFC 8445, 2.5), which is always controlled, has
 * one component, answers checks and never sends any. Pure: bytes in, bytes out, the caller's clock.
 *
 * A check shows that its sender knows the credentials, not that it receives at the source address.
 * So once media may be sent, the selection moves only to a tuple that is proven: DTLS was done over
 * it alone, or the peer has answered a probe there (docs/decisions.md). A peer that answers no
 * probe moves too, but the data plane sends little to an unproven address.
 *
 * The first checks of a tuple arrive here. Once the tuple is bound the data plane answers them, and
 * only checks that change something (a nomination, new credentials) still arrive.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/base/table.h"
#include "shared/abi.h"
#include "shared/stun.h"

enum {
	CP_ICE_UFRAG_LEN = 16, /* 96 bits; unguessable, because checks find their transport by it */
	CP_ICE_PWD_LEN = 24, /* 144 bits; RFC 8445, 5.3 wants 128 */
	/*
	 * for this long after a DTLS packet, USE-CANDIDATE on another tuple does not change the
	 * selection
	 */
	CP_ICE_DTLS_HOLD_MS = 3000,
	CP_ICE_PROBES = 5, /* to one tuple; the intervals double */
	CP_ICE_PROBE_MS = 100, /* the first interval */
	CP_ICE_BIND_MS = 20, /* what binding a tuple takes at most, as a rule */
	CP_ICE_PROBE_AGAIN_MS = 1000, /* later, one more probe for each sign that the peer is there */
	CP_ICE_UNPROVEN_MS = 500, /* without an answer for this long, a peer that has moved is followed */
	CP_ICE_MOVED_MS = 4000, /* two reports of a move within this time are about the same move */
	CP_ICE_NEW_TUPLES = 32, /* most new tuples at once, */
	CP_ICE_NEW_TUPLE_MS = 500, /* and one in this time later: each costs commands and table entries */
};
static_assert((int)CP_ICE_UFRAG_LEN <= (int)SH_UFRAG_MAX && (int)CP_ICE_PWD_LEN <= (int)SH_PWD_MAX, "ABI");

/* One user fragment and its password. In a table (below) while it is valid. */
struct cp_ice_credentials {
	char ufrag[CP_ICE_UFRAG_LEN + 1];
	char pwd[CP_ICE_PWD_LEN + 1];
	struct sh_hmac_sha1 key;
	struct cp_table_entry entry; /* in the table of credentials */
	void *owner; /* result of cp_ice_table_find(); NULL: not in a table */
};

struct cp_ice_tuple {
	struct sh_path path;
	/* value of `order` at the last check; the tuple with the lowest one is replaced first */
	uint64_t seen;
	uint32_t nomination; /* highest NOMINATION value seen here; 0: none */
	bool use_candidate;
	bool proven; /* the peer has received packets of ours there */
	uint32_t number; /* from 1; no other tuple of the transport has had it */
	uint32_t credit; /* while it is unproven: bytes that may be sent there (credit.c), */
	uint32_t borrowed; /* and bytes that were sent beyond that */
	/* the data plane has the tuple; a command that tells it is pending. Mostly the caller's */
	bool bound, binding;
};

struct cp_ice {
	struct cp_ice_credentials current;
	/* valid while has_previous is set: until the first check with `current` */
	struct cp_ice_credentials previous;
	bool has_previous;
	uint8_t tuple_count;
	int8_t selected; /* index in tuple[]; -1: none */
	struct cp_ice_tuple tuple[SH_MAX_TUPLES];
	/* highest NOMINATION value of this session; 0: the peer does not renominate */
	uint32_t nomination;
	uint64_t order; /* counts checks */
	uint32_t numbers; /* counts tuples */
	uint64_t dtls_ms; /* when the selected tuple last carried DTLS; 0: never */
	uint64_t tuples_full_ms; /* token bucket for new tuples: when it will be full */

	bool established; /* media may be sent */
	/* the tuple that is being proven: wanted, or selected already; before DTLS is done, any; -1: none */
	int8_t candidate;
	uint8_t probe[12]; /* transaction id of the probes to the candidate */
	unsigned probes; /* how many were sent */
	uint64_t next_probe_ms;
	/* the tuple that the data plane's last report of a move named; -1: none */
	int8_t moved;
	uint64_t moved_ms, moved_since_ms; /* when that came, and the first of an unbroken row */
};

enum cp_ice_action {
	CP_ICE_RESPOND = 1 << 0, /* send `response` back along the datagram's path */
	CP_ICE_BIND = 1 << 1, /* tuple[`tuple`] is new */
	CP_ICE_SELECT = 1 << 2, /* tuple[`tuple`] is selected now and was not before */
	CP_ICE_CREDENTIALS = 1 << 3, /* `current` is in force now; the previous ones are void */
};

struct cp_ice_result {
	unsigned actions; /* enum cp_ice_action */
	unsigned code; /* STUN error code of the response; 0: no error */
	bool too_many; /* the check would make one more tuple too soon, and was ignored */
	uint8_t tuple; /* index of the tuple, for every authenticated check */
	uint16_t response_len;
	uint8_t response[SH_STUN_MAX];
};

/* Makes random credentials, without tuples. 0, or EIO when there is no randomness. */
int cp_ice_init(struct cp_ice *ice);

/*
 * Makes an agent that a predecessor had, whose DTLS is done, without tuples. `previous_ufrag` "":
 * no restart is under way. 0, or EINVAL: they are not credentials of cp_ice_init().
 */
int cp_ice_restore(struct cp_ice *ice, const char *ufrag, const char *pwd, const char *previous_ufrag,
	const char *previous_pwd);
/* Adds a tuple of the predecessor's, which the data plane has. 0, or ENOSPC. */
int cp_ice_restore_tuple(struct cp_ice *ice, const struct sh_path *path, uint32_t nomination, bool proven);

/* Wipes the secrets. The credentials must have left the table. */
void cp_ice_wipe(struct cp_ice *ice);

/*
 * Makes new credentials for an ICE restart. The old ones stay valid until the first authenticated
 * check with the new ones; a second restart before that voids those made by the first. Tuples and
 * the selection stay, so that media continues (RFC 8445, 9). The caller takes both sets out of the
 * table before the call and adds `current` and, with has_previous, `previous` after it. 0, or EIO
 * when there is no randomness.
 */
int cp_ice_restart(struct cp_ice *ice);

/*
 * Handles one datagram of `len` bytes for this transport, at `now_ms` on any steady clock. A
 * datagram that does not authenticate leaves `ice` unchanged. `out` is always filled in; actions 0
 * means that the datagram was not for us and needs no reaction.
 */
void cp_ice_input(struct cp_ice *ice, const uint8_t *data, size_t len, const struct sh_path *path,
	uint64_t now_ms, struct cp_ice_result *out);

/*
 * A DTLS packet arrived along `path`. Selects its tuple, unless the peer renominates (then the
 * highest nomination stays selected) or media may be sent already. Returns the tuple's index, or
 * -ENOENT when the path was never checked; `*selected` tells whether the selection changed.
 */
int cp_ice_dtls_seen(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms, bool *selected);

/*
 * DTLS is done, so media may be sent. `path` is the only path that carried the handshake, which
 * proves it; NULL: there were several, and it is not known which one is proven. True: the selected
 * tuple must be bound again.
 */
bool cp_ice_established(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms);

/*
 * The data plane reports that the peer has moved to `remote`: authenticated media comes from there,
 * or checks come from there alone. Selects its tuple if that is proven; otherwise begins to prove
 * it, and selects it although it is unproven when the report is repeated and no probe was answered.
 * If the peer renominates, a proven tuple is selected by a repeated report too, because the last
 * packets of the path that it has left may come late. Returns the tuple's index when the selection
 * changed, else -ENOENT.
 */
int cp_ice_moved(struct cp_ice *ice, const struct sh_addr *remote, uint64_t now_ms);

/*
 * The data plane has authenticated a packet of the peer that came along an unknown path: its NAT
 * has lost the mapping. Adds the path's tuple if there is none, and goes on as cp_ice_moved().
 * Returns the tuple's index, which the caller has to bind in the data plane. -ENOTCONN: media may
 * not be sent yet; -EBUSY: too many new tuples.
 */
int cp_ice_found(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms);

/*
 * The data plane has tuple `i`. Before DTLS is done, begins to prove it, unless another one is
 * being proven: the answer comes before the peer's ClientHello, which then needs no cookie.
 */
void cp_ice_bound(struct cp_ice *ice, int i, uint64_t now_ms);
/* A cookie of DTLS has proven the tuple of this number. */
void cp_ice_cookie_came(struct cp_ice *ice, uint32_t number);

/*
 * Writes the next probe to the candidate, tuple[ice->candidate], if one is due. Returns its length,
 * or 0.
 */
size_t cp_ice_probe(struct cp_ice *ice, uint64_t now_ms, uint8_t out[SH_STUN_MAX]);
/* Whether probes are due, now or later. */
bool cp_ice_proving(const struct cp_ice *ice);

/*
 * To a tuple that is unproven goes no more than came from there, because its address may be forged.
 * Notes that `len` bytes came.
 */
void cp_ice_received(struct cp_ice *ice, int i, size_t len);
/*
 * Whether `len` bytes may be sent to tuple `i`, which are then charged to it. `debt`: so many bytes
 * may be sent beyond what came.
 */
bool cp_ice_may_send(struct cp_ice *ice, int i, size_t len, uint32_t debt);

/* Removes a tuple that the data plane refused. The indices of other tuples may change. */
void cp_ice_forget(struct cp_ice *ice, const struct sh_path *path);

/* Whether both have the same addresses and ports. */
bool cp_ice_same_path(const struct sh_path *a, const struct sh_path *b);
/* Index of the tuple with this path's addresses and ports, or -ENOENT. */
int cp_ice_find(const struct cp_ice *ice, const struct sh_path *path);

/* --- which transport a check is for ---------------------------------------------- */

/* Credentials by user fragment, in a struct cp_table. */

/* Puts `c` in and sets its owner. 0, EEXIST when the user fragment is taken. */
int cp_ice_table_add(struct cp_table *t, struct cp_ice_credentials *c, void *owner);
/* Takes `c` out; does nothing when it is not in. */
void cp_ice_table_remove(struct cp_table *t, struct cp_ice_credentials *c);

/*
 * The owner of the credentials whose user fragment stands before the colon of USERNAME, which has
 * `len` bytes. NULL when there is none.
 */
void *cp_ice_table_find(const struct cp_table *t, const char *username, size_t len);

#endif
