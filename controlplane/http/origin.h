/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ORIGIN_H
#define SPATE_CONTROLPLANE_HTTP_ORIGIN_H

/* Compares a page's origin (RFC 6454) with the configured list http.origins. */

#include <stdbool.h>

/*
 * True if a page from `origin` (RFC 6454, 6.1: "https://example.com:8443") may use signaling.
 * `allowed` is http.origins: "*", or origins separated by commas or spaces. The whole origin must
 * match, without regard to case; a prefix does not match.
 */
bool cp_origin_allowed(const char *allowed, const char *origin);
/* True if `allowed` names `origin` itself; "*" does not. */
bool cp_origin_listed(const char *allowed, const char *origin);

#endif
