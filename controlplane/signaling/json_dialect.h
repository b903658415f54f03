/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_JSON_DIALECT_H
#define SPATE_CONTROLPLANE_SIGNALING_JSON_DIALECT_H

/*
 * The JSON dialect (docs/signaling.md): messages {type, id, data}, each in one WebSocket message.
 */

#include "controlplane/signaling/session.h"

extern const struct cp_dialect cp_json_dialect;

enum { CP_REQUEST_ID_MAX = 128 /* bytes of the longest string that may be a request's id */ };

/*
 * A client's first message: the router's capabilities. Takes over `capabilities`. NULL: no memory.
 */
struct cp_text *cp_json_greeting(cJSON *capabilities);
/* The error message for `request`; `request` NULL: it answers no request. NULL: no memory. */
struct cp_text *cp_json_error_text(const cJSON *request, const struct cp_fault *fault);

/* The table of its requests (json_requests.c). */
extern struct cp_request_type cp_json_requests[];
/* Adds what the transport is for. */
void cp_json_describe_transport(const struct cp_transport *t, cJSON *entry);

#endif
