/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_SDES_H
#define SPATE_CONTROLPLANE_OPERATOR_SDES_H

/* SRTP keys as people pass them on: master key and salt in base64, as in SDP (RFC 4568, 9.2). */

#include <stdint.h>

#include "shared/abi.h"

enum { CP_SDES_SIZE = 64 }; /* of the longest key as text, with its end */

/* "AEAD_AES_128_GCM" (RFC 7714, 14.2), "AES_CM_128_HMAC_SHA1_80"; NULL: no such profile. */
const char *cp_sdes_suite(uint16_t profile);
/* 0: not one of ours. */
uint16_t cp_sdes_profile(const char *suite);

/* A new key. */
void cp_sdes_make(struct sh_srtp_keys *k);
void cp_sdes_write(char out[CP_SDES_SIZE], uint16_t profile, const struct sh_srtp_keys *k);
/* 0, or EINVAL: not the base64 of as many bytes as the profile takes. */
int cp_sdes_read(struct sh_srtp_keys *k, uint16_t profile, const char *text);

#endif
