/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sessions over a restart of this process: their tokens go into the blobs of their transports as
 * hashes, and a successor makes them again as lost. Their clients notice the end of a connection
 * and come back with their tokens, as after any loss.
 */

#include "controlplane/signaling/resume.h"

#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/session.h"
#include "controlplane/signaling/socketio_dialect.h"

static_assert((int)CP_SAVED_HASHES == (int)CP_RESUME_OLD, "the valid tokens of a session");
static_assert((int)CP_SAVED_HASH == (int)CP_RESUME_HASH_SIZE, "a token's hash");

bool cp_resume_save(const struct cp_session *s, struct cp_saved_peer *out)
{
	for (enum cp_resume_age age = 0; age < CP_RESUME_OLD; age++)
		if (s->resume.token[age].set)
			memcpy(out->hash[out->hash_count++], s->resume.token[age].hash.bytes, CP_SAVED_HASH);
	return out->hash_count > 0;
}

struct cp_peer *cp_resume_restore(struct cp_signaling *signaling, const struct cp_saved_peer *saved,
	struct cp_address *address)
{
	const struct cp_dialect *dialect =
		saved->client == CP_SAVED_JSON ? &cp_json_dialect : &cp_socketio_dialect;
	const struct cp_grant grant = cp_session_saved_grant(saved);
	const struct cp_resume_hash *hashes[CP_RESUME_OLD] = {NULL};
	struct cp_resume_hash hash[CP_RESUME_OLD];
	struct cp_session *s;

	if (signaling->config->resume.grace_s == 0)
		return NULL;
	for (unsigned i = 0; i < saved->hash_count; i++) {
		memcpy(hash[i].bytes, saved->hash[i], CP_SAVED_HASH);
		hashes[i] = &hash[i];
	}
	s = cp_resume_make_lost(signaling, dialect, saved->id, address, &grant, hashes);
	if (!s || cp_session_restore_peer(s, saved))
		return s ? s->peer : NULL;
	cp_session_free(s);
	return NULL;
}
