/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_REQUEST_H
#define SPATE_CONTROLPLANE_SIGNALING_REQUEST_H

/*
 * What clients ask for, in either dialect: a handler takes its members from the request's
 * data and answers with exactly one cp_session_reply or cp_session_error, now or when the
 * data plane has acknowledged. Where the dialects' answers differ, the handler is the
 * dialect's own, on top of the functions here that begin the work.
 */

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/session.h"

/* --- the table of a dialect ----------------------------------------------------------- */

/* The one of that name, or the last, which has no handler. It is counted. */
struct cp_request_type *cp_request_type(const struct cp_dialect *d, const char *name);
/* The name of the answer to the request under way. */
const char *cp_request_answer(const struct cp_session *s);

/* --- members of a request; where one is wrong the error was sent ---------------------- */

/* A string of 1 to 64 bytes; NULL: the error was sent. */
const char *cp_member_id(struct cp_session *s, const cJSON *data, const char *name);
/* Absent: `*out` stays. 0, or EINVAL: the error was sent. */
int cp_member_bool(struct cp_session *s, const cJSON *data, const char *name, bool *out);
/* "send" or "recv". 0, or EINVAL: the error was sent. */
int cp_member_purpose(struct cp_session *s, const cJSON *data, const char *name, enum cp_purpose *out);

/* Answers with the one member of the request that it was about. */
void cp_reply_member(struct cp_session *s, const char *name);

/* --- handlers, by file ---------------------------------------------------------------- */

/*
 * Answers with the parameters of a transport just made and what `add` adds. 0, or ENOMEM: the error
 * was sent.
 */
int cp_reply_transport(struct cp_session *s, const struct cp_transport *t,
	void (*add)(const struct cp_transport *t, cJSON *data)); /* request_transport.c */
void cp_request_connect_transport(struct cp_session *s, const cJSON *data);
void cp_request_restart_ice(struct cp_session *s, const cJSON *data);
void cp_request_close_transport(struct cp_session *s, const cJSON *data);

/* Begins it; `done` answers, whatever comes of it. */
void cp_request_produce(struct cp_session *s, const cJSON *data, cp_done done); /* request_producer.c */
void cp_request_pause_producer(struct cp_session *s, const cJSON *data);
void cp_request_resume_producer(struct cp_session *s, const cJSON *data);
void cp_request_close_producer(struct cp_session *s, const cJSON *data);
/* Answers with a list of what `entry` makes of each that the peer can consume. */
void cp_reply_producers(struct cp_session *s, cJSON *(*entry)(const struct cp_producer *p));

/* Begins it; `done` answers, whatever comes of it. */
void cp_request_consume(struct cp_session *s, const cJSON *data, bool paused,
	cp_done done); /* request_consumer.c */
/* {id, producerId, kind, rtpParameters} */
cJSON *cp_consumer_json(const struct cp_consumer *c);
void cp_request_pause_consumer(struct cp_session *s, const cJSON *data);
void cp_request_resume_consumer(struct cp_session *s, const cJSON *data);
void cp_request_close_consumer(struct cp_session *s, const cJSON *data);
void cp_request_set_preferred_layers(struct cp_session *s, const cJSON *data);
void cp_request_keyframe(struct cp_session *s, const cJSON *data);

void cp_request_get_stats(struct cp_session *s, const cJSON *data); /* request_stats.c */

void cp_request_close_room(struct cp_session *s, const cJSON *data); /* request.c */

#endif
