/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_UTF8_H
#define SPATE_CONTROLPLANE_BASE_UTF8_H

/* Validates the UTF-8 of messages from clients. */

#include <stdbool.h>
#include <stddef.h>

/* True if `text` is UTF-8 by RFC 3629, 4: no overlong forms, no surrogates, nothing past U+10FFFF. */
bool cp_utf8_valid(const char *text, size_t len);

#endif
