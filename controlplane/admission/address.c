/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "controlplane/base/clock.h"

/* Finds out which addresses share an object: those of one IPv6 network have one name. */
static void name_of(const char *ip, char name[CP_ADDRESS_SIZE])
{
	struct in6_addr net;

	snprintf(name, CP_ADDRESS_SIZE, "%s", ip);
	if (inet_pton(AF_INET6, ip, &net) != 1)
		return;
	memset(net.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &net, name, CP_ADDRESS_SIZE);
}

static uint32_t hash_of(const struct cp_addresses *all, const char name[CP_ADDRESS_SIZE])
{
	char key[sizeof(all->seed) + CP_ADDRESS_SIZE];
	size_t len = strlen(name);

	memcpy(key, &all->seed, sizeof(all->seed));
	memcpy(key + sizeof(all->seed), name, len);
	return cp_hash(key, sizeof(all->seed) + len);
}

static struct cp_address *find(const struct cp_addresses *all, const char *name, uint32_t hash)
{
	for (struct cp_table_entry *e = NULL; (e = cp_table_next(&all->by_name, hash, e));) {
		struct cp_address *a = CP_TABLE_OBJECT(e, struct cp_address, by_name);

		if (strcmp(a->name, name) == 0)
			return a;
	}
	return NULL;
}

struct cp_address *cp_address_hold(struct cp_addresses *all, const char *ip)
{
	char name[CP_ADDRESS_SIZE];
	struct cp_address *a;
	uint32_t hash;

	name_of(ip, name);
	hash = hash_of(all, name);
	a = find(all, name, hash);
	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return NULL;
		memcpy(a->name, name, sizeof(a->name));
		a->all = all;
		cp_table_add(&all->by_name, &a->by_name, hash);
	}
	a->holds++;
	return a;
}

struct cp_address *cp_address_keep(struct cp_address *a)
{
	a->holds++;
	return a;
}

void cp_address_release(struct cp_address *a)
{
	if (!a || --a->holds > 0)
		return;
	cp_table_remove(&a->all->by_name, &a->by_name);
	free(a);
}

int cp_addresses_start(struct cp_addresses *all)
{
	memset(all, 0, sizeof(*all));
	if (getrandom(&all->seed, sizeof(all->seed), GRND_NONBLOCK) != (ssize_t)sizeof(all->seed))
		all->seed = (uint32_t)cp_now_ns();
	return cp_table_init(&all->by_name);
}

void cp_addresses_stop(struct cp_addresses *all)
{
	cp_table_free(&all->by_name);
}
