/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_ICE_REQUEST_H
#define SPATE_TESTS_UNIT_ICE_REQUEST_H

/* Binding requests as a browser sends them, whole or with a part left out. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"

struct request {
	const char *ufrag, *pwd; /* the server's; NULL ufrag: no USERNAME; NULL pwd: no MESSAGE-INTEGRITY */
	bool no_fingerprint, no_priority, no_role, use_candidate, controlled, unknown;
	uint32_t nomination; /* 0: none */
};

/* Writes the request; `out` holds 600 bytes. Returns its length. */
size_t request_write(uint8_t *out, const struct request *r);

/* 10.0.0.`host`:`port`, seen at 10.99.0.2:20000. */
struct sh_path request_path(uint8_t host, uint16_t port);

/* The code of an error response, 0 for a success, -1 for anything else. */
int response_code(const uint8_t *data, size_t len);

#endif
