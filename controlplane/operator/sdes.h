/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_SDES_H
#define SPATE_CONTROLPLANE_OPERATOR_SDES_H

/*
 * Converts SRTP keys to and from text: master key and salt together in base64, as in SDP
 * (RFC 4568, 9.2). `profile` is a profile of shared/abi.h that has a suite.
 */

#include <stdint.h>

#include "shared/abi.h"

enum { CP_SDES_SIZE = 64 }; /* bytes of the longest key as text, with the terminator */

/*
 * The suite's name in SDP: "AEAD_AES_128_GCM" (RFC 7714, 14.2), "AES_CM_128_HMAC_SHA1_80". NULL:
 * Spate does not have that profile.
 */
const char *cp_sdes_suite(uint16_t profile);
/* The profile of a suite. 0: Spate does not have it. */
uint16_t cp_sdes_profile(const char *suite);

/* Makes a random key and salt of the greatest length, which serve for any profile. */
void cp_sdes_make(struct sh_srtp_keys *k);
/* Writes the key as text. `out` then contains a key: the caller wipes it. */
void cp_sdes_write(char out[CP_SDES_SIZE], uint16_t profile, const struct sh_srtp_keys *k);
/* 0, or EINVAL: not the base64 of as many bytes as the profile takes. */
int cp_sdes_read(struct sh_srtp_keys *k, uint16_t profile, const char *text);

#endif
