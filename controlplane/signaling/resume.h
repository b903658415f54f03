/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_RESUME_H
#define SPATE_CONTROLPLANE_SIGNALING_RESUME_H

/*
 * Sessions outlive the loss of their connection. A client gets a token (resume_token.h) when it has
 * joined. When its connection is lost, and was not closed by the client, the session stays for
 * resume.grace_s: its peer keeps all that it owns, and media flows on. A new connection with the
 * token takes the session over. docs/signaling.md has the rules for clients.
 *
 * The server cannot know which notices a lost connection has still delivered, so that it repeats
 * the state: what the client owns in `resumed`, and after that what it may have missed (resumed.c).
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "controlplane/base/fault.h"
#include "controlplane/base/table.h"
#include "controlplane/signaling/resume_token.h"

struct cp_address;
struct cp_carrier;
struct cp_dialect;
struct cp_grant;
struct cp_peer;
struct cp_saved_peer;
struct cp_session;
struct cp_signaling;

enum cp_resume_age {
	CP_RESUME_CURRENT, /* the client was told this one last */
	CP_RESUME_PREVIOUS, /* it has resumed with this one, and may not have heard of the current one */
	CP_RESUME_OLD, /* no longer valid; kept so that its use is told from a guess */
	CP_RESUME_AGES,
};

struct cp_resume_token {
	struct cp_table_entry entry; /* in signaling->resumes.tokens, if `set` */
	struct cp_session *session;
	struct cp_resume_hash hash;
	bool set;
};

/* What a session keeps for this. */
struct cp_resume {
	struct cp_resume_token token[CP_RESUME_AGES];
	bool lost; /* its connection was lost, and it has no other one yet */
	bool restored; /* a predecessor's: it waits longer than the others */
	bool greets; /* `resumed` is sent when nothing is pending and the new token is saved */
	char *untold; /* the current token, of which the client is told when it is saved; NULL: none */
	bool told; /* `resumed` was sent on this connection */
	bool orphaned; /* the pending request came over an earlier connection: nobody is answered */
	uint64_t lost_ms, until_ms; /* when it was lost, and when it ends; valid while `lost` */
	TAILQ_ENTRY(cp_session) in_lost; /* in one of signaling->resumes.lost, while `lost` */
};

/* What all sessions share. */
struct cp_resumes {
	char node[CP_NODE_ID_SIZE];
	struct cp_table tokens; /* struct cp_resume_token by hash */
	/* Those whose connection was lost, the one that ends first is first; and restored ones. */
	TAILQ_HEAD(cp_lost_list, cp_session) lost, restored;
	bool unread; /* a predecessor's sessions are not known yet: tokens of this node may be of one */
};

/* Who comes back, and over which connection. */
struct cp_resume_request {
	const char *token;
	const char *room; /* that the client asks for; "": any */
	const struct cp_dialect *dialect;
	const struct cp_carrier *calls;
	void *carrier;
	const char *ip;
	struct cp_address *address;
	const struct cp_grant *grant;
};

/* --- sessions and their connections (resume.c) ------------------------------------------------ */

/*
 * Whether a token may be tried now. 0, or errno with the fault: CP_TOO_MANY, the address has tried
 * too often; CP_UNAVAILABLE, the sessions of a predecessor are not known yet.
 */
int cp_resume_admit(const struct cp_signaling *signaling, const char *token, struct cp_address *address,
	struct cp_fault *fault);
/*
 * Finds the session of that token and gives it to the new connection, which owns it from then on.
 * An earlier connection that is still alive is closed. NULL: there is nothing to resume, which is
 * counted; the client joins as a new one. Call cp_session_send_resumed() next.
 */
struct cp_session *cp_session_resume(struct cp_signaling *signaling, const struct cp_resume_request *r);
/*
 * The session's connection has ended, and its owner forgets it: frees the session, or keeps it
 * until its client comes back. `code` is the close code (RFC 6455, 7.4.1): 1006 without one.
 */
void cp_session_gone(struct cp_session *s, uint16_t code);
/* The client has sent a message: the token with which it has resumed ends. */
void cp_resume_confirm(struct cp_session *s);
/*
 * Ends the sessions whose clients have not come back in time, on the clock of cp_now_ns(). True:
 * more of them wait than one iteration of the event loop should end; call it again.
 */
bool cp_resume_run(struct cp_signaling *signaling);

/* --- over a restart of this process (resume_saved.c) ------------------------------------------- */

/* Fills in the hashes of the valid tokens. False: there is none. */
bool cp_resume_save(const struct cp_session *s, struct cp_saved_peer *out);
/*
 * Makes a session as lost that a predecessor had, with its peer in its room, which has no transport
 * yet. It ends after resume.max_s unless its client comes back: all clients of the predecessor do
 * that at the same time. NULL: it cannot be made, or nothing is resumed (resume.grace_s).
 */
struct cp_peer *cp_resume_restore(struct cp_signaling *signaling, const struct cp_saved_peer *saved,
	struct cp_address *address);

/* --- what the client is told (resumed.c) ------------------------------------------------------- */

/*
 * Sends `resumed`, with what the client owns, a new token, and what it may have missed: when the
 * request has been answered that was pending when the connection was lost, and when the data plane
 * has the token's hash. Until then nothing else is sent, and no request begins.
 */
void cp_session_send_resumed(struct cp_session *s);
/*
 * Gives the session a new token and tells the client when the data plane has its hash: the notice
 * `session`. A client that knew a token which a successor does not know would be stranded.
 */
void cp_resume_issue(struct cp_session *s);
/* Sends `resumed` or `session` if they are due and need not wait any more. */
void cp_resume_tell(struct cp_session *s);
/* The client will not be told of its current token. */
void cp_resume_forget_untold(struct cp_session *s);

/* --- for session.c and signaling.c --------------------------------------------------------------- */

int cp_resume_start(struct cp_signaling *signaling); /* 0 or ENOMEM */
/* Frees the sessions that are lost, and what is shared. */
void cp_resume_stop(struct cp_signaling *signaling);
/* Call before a session is freed. */
void cp_resume_forget(struct cp_session *s);
/*
 * True if a connection that ends with this code was lost. Otherwise it was closed for good: by the
 * client, which leaves, or by the server for a fault of the client.
 */
bool cp_resume_is_loss(uint16_t code);
/* Makes the token with this hash the session's current one. */
void cp_resume_set_current(struct cp_session *s, const struct cp_resume_hash *hash);
/*
 * Makes a session as lost, of the peer `id`, with the hashes of its valid tokens, by age; NULL: it
 * has none of that age. NULL: no memory.
 */
struct cp_session *cp_resume_make_lost(struct cp_signaling *signaling, const struct cp_dialect *dialect,
	const char *id, struct cp_address *address, const struct cp_grant *grant,
	const struct cp_resume_hash *const hashes[CP_RESUME_OLD]);
/* A transport of its peer has closed. A predecessor's session without any waits no longer than others. */
void cp_resume_transport_closed(struct cp_session *s);

#endif
