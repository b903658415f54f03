/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value of X-Forwarded-For as a trusted proxy passes it on: the result is always an IP address,
 * the same one for the same value, and what a client writes to the left of an untrusted address
 * does not change it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/admission/forwarded.h"

enum { LEFT = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int truth)
{
	if (!truth)
		abort();
}

static void client(const char *list, size_t len, char out[CP_ADDRESS_SIZE])
{
	static const struct sh_prefix ipv4 = {{.family = 4, .ip = {10}}, 8},
				      ipv6 = {{.family = 6, .ip = {0xfd}}, 8};
	struct sh_config config = {.http = {.proxy_count = 2, .proxy = {ipv4, ipv6}}};
	struct sh_addr a;

	cp_forwarded_client(&config, "10.0.0.1", list, len, out);
	require(strlen(out) < CP_ADDRESS_SIZE && sh_addr_parse(&a, out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char alone[CP_ADDRESS_SIZE], behind[CP_ADDRESS_SIZE];
	size_t left = size < LEFT ? size : LEFT;
	char *list = malloc(left + 1 + size);

	require(list != NULL);
	memcpy(list, data, left);
	list[left] = ',';
	memcpy(list + left + 1, data, size);
	client(list + left + 1, size, alone);
	client(list, left + 1 + size, behind);
	free(list);
	/* An untrusted client stays the client, whatever stands to its left. */
	if (strncmp(alone, "10.", 3) != 0 && strncmp(alone, "fd", 2) != 0)
		require(strcmp(alone, behind) == 0);
	return 0;
}
