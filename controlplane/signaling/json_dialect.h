/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_JSON_DIALECT_H
#define SPATE_CONTROLPLANE_SIGNALING_JSON_DIALECT_H

/* The JSON dialect (docs/signaling.md): {type, id, data} over a plain WebSocket. */

#include "controlplane/signaling/session.h"

extern const struct cp_dialect cp_json_dialect;

enum { CP_REQUEST_ID_MAX = 128 /* bytes of a request's id that is a string */ };

/* What a client hears first: the router's capabilities. Takes `data` over. NULL: no memory. */
struct cp_text *cp_json_greeting(cJSON *capabilities);
/* The error message about `request`, or about no request in particular. NULL: no memory. */
struct cp_text *cp_json_error_text(const cJSON *request, const struct cp_fault *fault);

/* Its requests (json_requests.c). */
extern struct cp_request_type cp_json_requests[];

#endif
