/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_NAME_H
#define SPATE_CONTROLPLANE_BASE_NAME_H

/*
 * Validates the names that applications choose for rooms and users, and prepares them for the log.
 * An application's own ids are accepted as they are: "auth0|0123", an e-mail address, a URI, text
 * in any script. Names are compared byte for byte.
 */

#include <stdbool.h>
#include <stddef.h>

enum {
	/* the longest name and its terminator: OpenID Connect Core 1.0, 2, limits `sub` to 255 */
	CP_NAME_SIZE = 256,
	/* the longest name for the log; one that grows beyond it because it is escaped is cut */
	CP_NAME_LOG_SIZE = 272,
};

/* How messages to clients describe a valid name. */
#define CP_NAME_RULE "must be 1 to 255 bytes of UTF-8 without control characters"

/* True for UTF-8 of 1 to CP_NAME_SIZE - 1 bytes without control characters and line separators. */
bool cp_name_valid(const char *name);

/*
 * Writes a text as a segment of a URL's path: all bytes but the unreserved ones are encoded (RFC
 * 3986, 2.3). What does not fit is left out.
 */
void cp_name_encode(char *out, size_t size, const char *text);

/*
 * Writes the name as one value of a log line: a name with spaces, quotes or '=' in it is quoted and
 * cannot pass for another value. "-" stands for no name. Returns `out`.
 */
const char *cp_name_log(char out[CP_NAME_LOG_SIZE], const char *name);

#endif
