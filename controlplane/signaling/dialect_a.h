/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DIALECT_A_H
#define SPATE_CONTROLPLANE_DIALECT_A_H

/*
 * Dialect A (docs/signaling.md): the table of requests, and what a peer is told
 * unasked. A handler answers with exactly one cp_session_reply or cp_session_error, now
 * or when the data plane has acknowledged. `data` is an object.
 */

#include "session.h"

extern const struct cp_listener cp_dialect_a_listener;

/* Takes one message that is an object. */
void cp_dialect_a_request(struct cp_session *s, const cJSON *message);

/* --- members of a request; on -1 the error was sent -------------------------------- */

/* A string of 1 to 64 bytes; NULL: the error was sent. */
const char *cp_member_id(struct cp_session *s, const cJSON *data, const char *name);
/* Absent: `*out` stays. */
int cp_member_bool(struct cp_session *s, const cJSON *data, const char *name, bool *out);

/* --- handlers, by file ---------------------------------------------------------------- */

void cp_a_create_transport(struct cp_session *s, const cJSON *data); /* a_transport.c */
void cp_a_connect_transport(struct cp_session *s, const cJSON *data);
void cp_a_restart_ice(struct cp_session *s, const cJSON *data);
void cp_a_close_transport(struct cp_session *s, const cJSON *data);

void cp_a_produce(struct cp_session *s, const cJSON *data); /* a_producer.c */
void cp_a_pause_producer(struct cp_session *s, const cJSON *data);
void cp_a_resume_producer(struct cp_session *s, const cJSON *data);
void cp_a_close_producer(struct cp_session *s, const cJSON *data);
void cp_a_get_producers(struct cp_session *s, const cJSON *data);
cJSON *cp_a_producer_json(const struct cp_producer *p); /* {producerId, socketId, kind} */

void cp_a_consume(struct cp_session *s, const cJSON *data); /* a_consumer.c */
void cp_a_pause_consumer(struct cp_session *s, const cJSON *data);
void cp_a_resume_consumer(struct cp_session *s, const cJSON *data);
void cp_a_close_consumer(struct cp_session *s, const cJSON *data);
void cp_a_set_preferred_layers(struct cp_session *s, const cJSON *data);
void cp_a_request_keyframe(struct cp_session *s, const cJSON *data);

void cp_a_get_stats(struct cp_session *s, const cJSON *data); /* a_stats.c */

/* Number of request types, their names, and how often each came; the last is of unknown ones. */
unsigned cp_dialect_a_types(void);
const char *cp_dialect_a_type_name(unsigned i);
uint64_t cp_dialect_a_type_count(unsigned i);

#endif
