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

/* --- addresses without users ---------------------------------------------------------------- */

static void forget(struct cp_address *a)
{
	cp_table_remove(&a->all->by_name, &a->by_name);
	free(a);
}

static struct cp_address *end_rest(struct cp_address *a)
{
	TAILQ_REMOVE(&a->all->resting, a, resting);
	a->all->resting_count--;
	return a;
}

/*
 * Frees resting addresses whose budgets are full. Each call looks at two: more than a call can add,
 * so that the list does not outgrow its purpose, and never a walk through all of it.
 */
static void sweep(struct cp_addresses *all)
{
	uint64_t now_ns = cp_now_ns();

	for (unsigned i = 0; i < 2 && all->resting_count > 0; i++) {
		struct cp_address *a = end_rest(TAILQ_FIRST(&all->resting));

		if (a->full_ns <= now_ns || all->resting_count >= CP_RESTING_MAX) {
			forget(a);
			continue;
		}
		TAILQ_INSERT_TAIL(&all->resting, a, resting);
		all->resting_count++;
	}
}

/* --- holding -------------------------------------------------------------------------------- */

struct cp_address *cp_address_hold(struct cp_addresses *all, const char *ip)
{
	char name[CP_ADDRESS_SIZE];
	struct cp_address *a;
	uint32_t hash;

	sweep(all);
	name_of(ip, name);
	hash = hash_of(all, name);
	a = find(all, name, hash);
	if (!a) {
		a = calloc(1, sizeof(*a));
		if (!a)
			return NULL;
		memcpy(a->name, name, sizeof(a->name));
		a->all = all;
		TAILQ_INIT(&a->unfinished);
		cp_table_add(&all->by_name, &a->by_name, hash);
	} else if (a->holds == 0) {
		end_rest(a);
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
	struct cp_addresses *all;

	if (!a || --a->holds > 0)
		return;
	all = a->all;
	if (all->stopped || a->full_ns <= cp_now_ns()) {
		forget(a);
		return;
	}
	TAILQ_INSERT_TAIL(&all->resting, a, resting);
	all->resting_count++;
	sweep(all);
}

/* --- budgets -------------------------------------------------------------------------------- */

static void remember(struct cp_address *a, const struct cp_bucket *b, const struct cp_rate *rate)
{
	uint64_t full_ns = cp_bucket_full_ns(b, rate);

	if (full_ns > a->full_ns)
		a->full_ns = full_ns;
}

static bool refuse(struct cp_address *a, enum cp_budget budget)
{
	static const enum cp_refusal reasons[CP_BUDGETS] = {
		[CP_BUDGET_CONNECTS] = CP_REFUSED_CONNECTS,
		[CP_BUDGET_BAD_TOKENS] = CP_REFUSED_BAD_TOKENS,
		[CP_BUDGET_PAGES] = CP_REFUSED_PAGES,
		[CP_BUDGET_RESUMES] = CP_REFUSED_RESUMES,
		[CP_BUDGET_HANDSHAKES] = CP_REFUSED_HANDSHAKES,
		[CP_BUDGET_MESSAGES] = CP_REFUSED_ADDRESS_MESSAGES,
	};

	if (a->all->counters)
		a->all->counters->refused[reasons[budget]]++;
	return false;
}

static bool take(struct cp_address *a, enum cp_budget budget, double cost)
{
	const struct cp_rate *rate = &a->all->rate[budget];

	if (!cp_bucket_take(&a->budget[budget], rate, cost, cp_now_ns()))
		return false;
	remember(a, &a->budget[budget], rate);
	return true;
}

bool cp_address_take(struct cp_address *a, enum cp_budget budget, double cost)
{
	return take(a, budget, cost) || refuse(a, budget);
}

bool cp_address_connect(struct cp_address *a)
{
	if (take(a, CP_BUDGET_CONNECTS, 1) || (a->lost > 0 && take(a, CP_BUDGET_RESUMES, 1)))
		return true;
	return refuse(a, CP_BUDGET_CONNECTS);
}

bool cp_address_may(struct cp_address *a, enum cp_budget budget)
{
	const struct cp_rate *rate = &a->all->rate[budget];
	double debt = cp_bucket_debt(&a->budget[budget], rate, cp_now_ns());

	return debt == 0 || debt + 1 <= rate->burst || refuse(a, budget);
}

struct cp_bucket cp_address_inherit(const struct cp_address *a)
{
	return a->left;
}

void cp_address_bequeath(struct cp_address *a, const struct cp_bucket *b)
{
	const struct cp_rate *rate = &a->all->client_rate;
	uint64_t now_ns = cp_now_ns();

	if (cp_bucket_debt(b, rate, now_ns) > cp_bucket_debt(&a->left, rate, now_ns))
		a->left = *b;
	remember(a, &a->left, rate);
}

/* --- start and stop ------------------------------------------------------------------------- */

/* Clients behind one address may come at the same time, but not all the time. */
enum { BURST_S = 10 };

static struct cp_rate rate_of(uint32_t per_second, uint32_t burst_s)
{
	return (struct cp_rate){.per_second = per_second, .burst = (double)per_second * burst_s};
}

void cp_addresses_limit(struct cp_addresses *all, const struct sh_config *config,
	struct cp_counters *counters)
{
	const struct sh_config_limits *limit = &config->limit;

	all->counters = counters;
	all->client_rate = rate_of(limit->messages_per_second, 1);
	all->rate[CP_BUDGET_MESSAGES] = rate_of(limit->messages_per_address, 1);
	all->rate[CP_BUDGET_CONNECTS] = rate_of(limit->connects_per_second, BURST_S);
	all->rate[CP_BUDGET_PAGES] = rate_of(limit->pages_per_second, BURST_S);
	all->rate[CP_BUDGET_BAD_TOKENS] = rate_of(limit->bad_tokens_per_second, BURST_S);
	all->rate[CP_BUDGET_RESUMES] = rate_of(limit->resumes_per_second, BURST_S);
	all->rate[CP_BUDGET_HANDSHAKES] = rate_of(limit->handshakes_per_second, BURST_S);
}

int cp_addresses_start(struct cp_addresses *all)
{
	memset(all, 0, sizeof(*all));
	TAILQ_INIT(&all->resting);
	if (getrandom(&all->seed, sizeof(all->seed), GRND_NONBLOCK) != (ssize_t)sizeof(all->seed))
		all->seed = (uint32_t)cp_now_ns();
	return cp_table_init(&all->by_name);
}

void cp_addresses_stop(struct cp_addresses *all)
{
	all->stopped = true;
	while (all->resting_count > 0)
		forget(end_rest(TAILQ_FIRST(&all->resting)));
	cp_table_free(&all->by_name);
}
