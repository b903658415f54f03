/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_REQUEST_H
#define SPATE_CONTROLPLANE_SIGNALING_REQUEST_H

/*
 * Handles the requests of clients in both dialects. A handler reads members of the request's data
 * and answers with exactly one cp_session_reply() or cp_session_error(), within the call or when
 * the data plane has acknowledged. Where the answers of the dialects differ, each dialect has its
 * own handler, which uses the functions here to do the work.
 */

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/session.h"

/* --- the table of a dialect ----------------------------------------------------------- */

/*
 * Finds a request's type by its name, and counts the request. If there is none, the last entry of
 * the table, which has no handler.
 */
struct cp_request_type *cp_request_type(const struct cp_dialect *d, const char *name);
/* The name of the answer to the pending request. */
const char *cp_request_answer(const struct cp_session *s);

/*
 * 0, or errno with the fault: the same user has joined again on another connection, and the request
 * does not close anything.
 */
int cp_request_allowed(const struct cp_session *s, struct cp_fault *fault);

/* --- requests that may join a room (struct cp_request_type) ----------------------------- */

int cp_enters(const struct cp_session *s, const cJSON *data, struct cp_fault *fault); /* always */
/* To create a transport; `name` is the member with the purpose. */
int cp_enters_with_transport(const struct cp_session *s, const cJSON *data, const char *name,
	struct cp_fault *fault);

/* --- members of a request; if one is wrong, they answer the request with an error ------- */

/* A string of 1 to 64 bytes, valid as long as `data`. NULL: the error was sent. */
const char *cp_member_id(struct cp_session *s, const cJSON *data, const char *name);
/* Absent: `*out` stays. 0, or EINVAL: the error was sent. */
int cp_member_bool(struct cp_session *s, const cJSON *data, const char *name, bool *out);
/* An integer from `min` to `max`, which is at most 2^53. 0, or EINVAL: the error was sent. */
int cp_member_integer(struct cp_session *s, const cJSON *data, const char *name, uint64_t min, uint64_t max,
	uint64_t *out);
/* "send" or "recv". 0, or EINVAL with the fault. */
int cp_purpose_read(const cJSON *data, const char *name, enum cp_purpose *out, struct cp_fault *fault);
/* The same, but the error was sent. */
int cp_member_purpose(struct cp_session *s, const cJSON *data, const char *name, enum cp_purpose *out);

/* Answers the pending request with one member, `name`, which is copied from the request's data. */
void cp_reply_member(struct cp_session *s, const char *name);

/* --- request_transport.c ------------------------------------------------------------ */

/*
 * Answers with the parameters of a new transport and the members that `add` adds. 0, or ENOMEM: an
 * error was sent instead.
 */
int cp_reply_transport(struct cp_session *s, const struct cp_transport *t,
	void (*add)(const struct cp_transport *t, cJSON *data));
/*
 * Connects the session's transport, within the budget of handshakes of the client's address. 0, or
 * errno with the fault.
 */
int cp_session_connect(struct cp_session *s, struct cp_transport *t, const cJSON *dtls_parameters,
	struct cp_fault *fault);
void cp_request_connect_transport(struct cp_session *s, const cJSON *data);
void cp_request_restart_ice(struct cp_session *s, const cJSON *data);
void cp_request_close_transport(struct cp_session *s, const cJSON *data);
void cp_request_set_max_bitrate(struct cp_session *s, const cJSON *data);

/* --- request_producer.c ------------------------------------------------------------- */

/*
 * Checks the members and creates the producer. `done` then answers, also on failure; for a wrong
 * member the error is sent and `done` is not called.
 */
void cp_request_produce(struct cp_session *s, const cJSON *data, cp_done done);
void cp_request_pause_producer(struct cp_session *s, const cJSON *data);
void cp_request_resume_producer(struct cp_session *s, const cJSON *data);
void cp_request_close_producer(struct cp_session *s, const cJSON *data);
/* Answers with a list of the producers that the peer can consume, as `entry` describes each. */
void cp_reply_producers(struct cp_session *s, cJSON *(*entry)(const struct cp_producer *p));

/* --- request_consumer.c ------------------------------------------------------------- */

/* Checks the members and creates the consumer; `done` as for cp_request_produce(). */
void cp_request_consume(struct cp_session *s, const cJSON *data, bool paused, cp_done done);
/* {id, producerId, kind, type, rtpParameters}, the caller's to delete. */
cJSON *cp_consumer_json(const struct cp_consumer *c);
void cp_request_pause_consumer(struct cp_session *s, const cJSON *data);
void cp_request_resume_consumer(struct cp_session *s, const cJSON *data);
void cp_request_close_consumer(struct cp_session *s, const cJSON *data);
void cp_request_set_preferred_layers(struct cp_session *s, const cJSON *data);
void cp_request_set_priority(struct cp_session *s, const cJSON *data);
/* {spatialLayer, temporalLayer}, or null if the viewer set no bound; the caller's to delete. */
cJSON *cp_preferred_layers_json(const struct cp_consumer *c);
void cp_request_keyframe(struct cp_session *s, const cJSON *data);

/* --- request_stats.c ---------------------------------------------------------------- */

void cp_request_get_stats(struct cp_session *s, const cJSON *data);

/* --- request_audio.c ----------------------------------------------------------------- */

void cp_request_observe_audio(struct cp_session *s, const cJSON *data);

/* --- request.c ---------------------------------------------------------------------- */

void cp_request_close_room(struct cp_session *s, const cJSON *data);

#endif
