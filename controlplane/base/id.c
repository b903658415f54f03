/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/id.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void cp_random(void *out, size_t size)
{
	/* getrandom(2): up to 256 bytes are returned whole, and no signal interrupts the call. */
	if (getrandom(out, size, 0) != (ssize_t)size)
		abort();
}

void cp_id_make(char out[CP_ID_SIZE])
{
	uint8_t r[16];

	cp_random(r, sizeof(r));
	r[6] = 0x40 | (r[6] & 0x0f); /* version 4 */
	r[8] = 0x80 | (r[8] & 0x3f); /* the variant of RFC 4122 */
	snprintf(out, CP_ID_SIZE, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9], r[10], r[11], r[12], r[13], r[14],
		r[15]);
}

void cp_token_make(char *out, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	cp_random(out, size - 1);
	for (size_t i = 0; i < size - 1; i++)
		out[i] = digits[(unsigned char)out[i] & 63];
	out[size - 1] = '\0';
}

sh_id cp_dp_id_make(void)
{
	sh_id id;

	do
		cp_random(&id, sizeof(id));
	while (id == 0);
	return id;
}

uint32_t cp_ssrc_make(void)
{
	uint32_t ssrc;

	do
		cp_random(&ssrc, sizeof(ssrc));
	while (!cp_ssrc_usable(ssrc));
	return ssrc;
}
