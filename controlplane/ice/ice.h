/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ICE_H
#define SPATE_CONTROLPLANE_ICE_H

/*
 * The ICE-lite agent of one transport (RFC 8445, 2.5): always controlled, one component,
 * answers checks and never sends any. Pure: bytes in, bytes out, the caller's clock.
 *
 * The first checks of a tuple come here; once it is bound the data plane answers, and
 * only checks that change something (a nomination, new credentials) still arrive.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/stun.h"

enum {
	CP_ICE_UFRAG_LEN = 16, /* 96 bits: checks find their transport by it, so it is unguessable */
	CP_ICE_PWD_LEN = 24, /* 144 bits; RFC 8445, 5.3 wants 128 */
	/* so long after a DTLS packet USE-CANDIDATE elsewhere does not move the selection */
	CP_ICE_DTLS_HOLD_MS = 3000,
};
static_assert((int)CP_ICE_UFRAG_LEN <= (int)SH_UFRAG_MAX && (int)CP_ICE_PWD_LEN <= (int)SH_PWD_MAX, "ABI");

/* One user fragment and its password. Linked into a cp_ice_table while it is valid. */
struct cp_ice_credentials {
	char ufrag[CP_ICE_UFRAG_LEN + 1];
	char pwd[CP_ICE_PWD_LEN + 1];
	struct sh_hmac_sha1 key;
	struct cp_ice_credentials *next; /* in its bucket of the table */
	void *owner; /* what cp_ice_table_find returns; NULL: not in a table */
};

struct cp_ice_tuple {
	struct sh_path path;
	uint64_t seen; /* order of the last check; the least is forgotten first */
	uint32_t nomination; /* highest NOMINATION value seen here; 0: none */
	bool use_candidate;
	bool bound, binding; /* the data plane has it; is being told. Whoever tells it sets these */
};

struct cp_ice {
	struct cp_ice_credentials current;
	struct cp_ice_credentials previous; /* valid until the first check with `current`; see has_previous */
	bool has_previous;
	uint8_t tuple_count;
	int8_t selected; /* index in tuple[]; -1: none */
	struct cp_ice_tuple tuple[SH_MAX_TUPLES];
	uint32_t nomination; /* highest value of this session; 0: the peer does not renominate */
	uint64_t order; /* counts checks */
	uint64_t dtls_ms; /* when the selected tuple last carried DTLS; 0: never */
};

enum cp_ice_action {
	CP_ICE_RESPOND = 1 << 0, /* send `response` back where the datagram came from */
	CP_ICE_BIND = 1 << 1, /* tuple[`tuple`] is new */
	CP_ICE_SELECT = 1 << 2, /* tuple[`tuple`] is selected now and was not before */
	CP_ICE_CREDENTIALS = 1 << 3, /* `current` came into force; the previous ones are void */
};

struct cp_ice_result {
	unsigned actions; /* enum cp_ice_action */
	unsigned code; /* of an error response, else 0 */
	uint8_t tuple; /* with BIND and SELECT, and wherever the check was good */
	uint16_t response_len;
	uint8_t response[SH_STUN_MAX];
};

/* Fresh random credentials, no tuples. 0, or EIO when there is no randomness. */
int cp_ice_init(struct cp_ice *ice);

/* Wipes the secrets. The credentials must have left the table. */
void cp_ice_wipe(struct cp_ice *ice);

/*
 * New credentials; the old ones stay valid until the first good check with the new
 * ones (a second restart before that makes the middle ones void). Tuples and selection
 * stay (RFC 8445, 9: media goes on). Both sets must be out of the table when it is
 * called; the caller puts `current` and, with has_previous, `previous` in. 0 or EIO.
 */
int cp_ice_restart(struct cp_ice *ice);

/*
 * One datagram for this transport, of `len` bytes, at `now_ms` on any steady clock.
 * Everything unauthenticated leaves `ice` as it was. `out` is always filled in; with
 * actions 0 the datagram was not for us and nothing is to be done.
 */
void cp_ice_input(struct cp_ice *ice, const uint8_t *data, size_t len, const struct sh_path *path,
	uint64_t now_ms, struct cp_ice_result *out);

/*
 * A DTLS packet came along `path`. Selects its tuple, unless the peer renominates, in
 * which case the highest nomination stays. Returns the tuple's index, or -1 for a path
 * that was never checked; `*selected` says whether the selection changed.
 */
int cp_ice_dtls_seen(struct cp_ice *ice, const struct sh_path *path, uint64_t now_ms, bool *selected);

/*
 * The data plane saw authenticated media from `remote`, which is not the selected tuple:
 * selects that, unless the peer renominates. Its index when the selection changed, else -1.
 */
int cp_ice_moved(struct cp_ice *ice, const struct sh_addr *remote);

/* The data plane did not take the tuple: forget it. Other indices may change. */
void cp_ice_forget(struct cp_ice *ice, const struct sh_path *path);

/* Index of the tuple with this path's addresses and ports, or -1. */
int cp_ice_find(const struct cp_ice *ice, const struct sh_path *path);

/* --- which transport a check is for ---------------------------------------------- */

/* Credentials by user fragment. Chained buckets; grows by doubling, never shrinks. */
struct cp_ice_table {
	struct cp_ice_credentials **bucket;
	uint32_t mask, count;
};

int cp_ice_table_init(struct cp_ice_table *t); /* 0 or ENOMEM */
void cp_ice_table_free(struct cp_ice_table *t); /* the entries are the caller's */

/* Puts `c` in and sets its owner. 0, EEXIST when the user fragment is taken. */
int cp_ice_table_add(struct cp_ice_table *t, struct cp_ice_credentials *c, void *owner);
/* Takes `c` out; does nothing when it is not in. */
void cp_ice_table_remove(struct cp_ice_table *t, struct cp_ice_credentials *c);

/* The owner of the user fragment before the colon of USERNAME, or NULL. */
void *cp_ice_table_find(const struct cp_ice_table *t, const char *username, size_t len);

#endif
