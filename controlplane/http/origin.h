/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ORIGIN_H
#define SPATE_CONTROLPLANE_HTTP_ORIGIN_H

/* Decides whether pages of other origins may use signaling. */

#include <stdbool.h>

/*
 * Whether a page from `origin` (RFC 6454, 6.1: "https://example.com:8443") may use
 * signaling. `allowed` is http.origins: "*", or origins with commas between them. Scheme
 * and host are compared without regard to case, and whole: no prefix matches.
 */
bool cp_origin_allowed(const char *allowed, const char *origin);

#endif
