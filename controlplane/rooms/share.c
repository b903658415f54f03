/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/share.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/admission/address.h"
#include "controlplane/base/table.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

enum { SLICE = 64 /* transports that are closed in one iteration of the event loop */ };

const char *cp_table_name(enum cp_table_name table)
{
	static const char *const names[] = {
		[CP_TABLE_ROOMS] = "rooms",
		[CP_TABLE_TRANSPORTS] = "transports",
		[CP_TABLE_PRODUCERS] = "producers",
		[CP_TABLE_CONSUMERS] = "consumers",
	};

	return names[table];
}

/* --- holders ------------------------------------------------------------------------------ */

/* A user's name may be longer than an address's: its end and a hash of the whole stand for it. */
static void subject_key(const char *subject, char key[CP_ADDRESS_SIZE])
{
	size_t len = strlen(subject), tail = CP_ADDRESS_SIZE - sizeof("sub 01234567 ");

	snprintf(key, CP_ADDRESS_SIZE, "sub %08x %s", cp_hash(subject, len),
		len > tail ? subject + len - tail : subject);
}

int cp_holder_take(struct cp_model *m, struct cp_holder *h, struct cp_address *address, const char *subject)
{
	char key[CP_ADDRESS_SIZE];

	*h = (struct cp_holder){0};
	if (subject[0] != '\0') {
		subject_key(subject, key);
		h->subject = cp_address_hold(&m->subjects, key);
		if (!h->subject)
			return ENOMEM;
	}
	if (address)
		h->address = cp_address_keep(address);
	return 0;
}

void cp_holder_release(struct cp_holder *h)
{
	cp_address_release(h->address);
	cp_address_release(h->subject);
	*h = (struct cp_holder){0};
}

/* --- tables ------------------------------------------------------------------------------- */

static uint32_t *owned(struct cp_address *a, enum cp_table_name table)
{
	switch (table) {
	case CP_TABLE_ROOMS:
		return &a->owned.rooms;
	case CP_TABLE_TRANSPORTS:
		return &a->owned.transports;
	case CP_TABLE_PRODUCERS:
		return &a->owned.producers;
	default:
		return &a->owned.consumers;
	}
}

static uint64_t used(const struct cp_model *m, enum cp_table_name table)
{
	const uint32_t counts[] = {
		[CP_TABLE_ROOMS] = m->rooms.count,
		[CP_TABLE_TRANSPORTS] = m->transports.count,
		[CP_TABLE_PRODUCERS] = m->encoding_count,
		[CP_TABLE_CONSUMERS] = m->consumers.count,
	};

	return counts[table];
}

static uint64_t size(const struct cp_model *m, enum cp_table_name table)
{
	const struct sh_config_limits *limit = &m->config->limit;
	const uint32_t sizes[] = {
		[CP_TABLE_ROOMS] = limit->rooms,
		[CP_TABLE_TRANSPORTS] = limit->transports,
		[CP_TABLE_PRODUCERS] = limit->producers,
		[CP_TABLE_CONSUMERS] = limit->consumers,
	};

	return sizes[table];
}

/* True if more than three quarters of a table of the data plane are in use. */
static bool crowded(const struct cp_model *m)
{
	for (enum cp_table_name table = CP_TABLE_TRANSPORTS; table < CP_TABLES; table++)
		if (used(m, table) * 4 > size(m, table) * 3)
			return true;
	return false;
}

/* --- shares and reserves ------------------------------------------------------------------ */

/* Returns how many entries of a table that is more than half full one address or user may hold. */
static uint64_t share(const struct cp_model *m, enum cp_table_name table)
{
	/* In a small table the percentage would leave nobody enough to publish or watch. */
	static const uint32_t least[] = {
		[CP_TABLE_ROOMS] = 4,
		[CP_TABLE_TRANSPORTS] = 4,
		[CP_TABLE_PRODUCERS] = 8,
		[CP_TABLE_CONSUMERS] = 16,
	};
	uint64_t most = size(m, table) * m->config->limit.share_percent / 100;

	return most > least[table] ? most : least[table];
}

static int check_share(struct cp_model *m, struct cp_address *a, const char *who, enum cp_table_name table,
	uint32_t n, struct cp_fault *fault)
{
	uint64_t most = share(m, table);

	if (!a || (used(m, table) + n - 1) * 2 < size(m, table) || *owned(a, table) + n <= most)
		return 0;
	m->shares.over_share[table]++;
	return cp_refuse(fault, CP_TOO_MANY, "this %s has %u %s, and the server is more than half full", who,
		*owned(a, table), cp_table_name(table));
}

static int check_holder(struct cp_model *m, const struct cp_holder *h, enum cp_table_name table, uint32_t n,
	struct cp_fault *fault)
{
	int error = check_share(m, h->address, "address", table, n, fault);

	return error != 0 ? error : check_share(m, h->subject, "user", table, n, fault);
}

int cp_share_check(const struct cp_peer *peer, enum cp_table_name table, uint32_t n, struct cp_fault *fault)
{
	struct cp_model *m = peer->room->model;
	uint64_t most = size(m, table), kept = most * m->config->limit.reserve_percent / 100;
	int error;

	if (peer->of_operator)
		return 0;
	error = check_holder(m, &peer->holder, table, n, fault);
	if (error != 0 || peer->host || peer->follows_host || used(m, table) + n <= most - kept)
		return error;
	m->shares.reserved[table]++;
	return cp_refuse(fault, CP_UNAVAILABLE, "the %s that are left are for peers that publish already",
		cp_table_name(table));
}

int cp_share_check_room(struct cp_model *m, const struct cp_holder *h, struct cp_fault *fault)
{
	return check_holder(m, h, CP_TABLE_ROOMS, 1, fault);
}

void cp_share_add(struct cp_model *m, const struct cp_holder *h, enum cp_table_name table, uint32_t n)
{
	if (h->address)
		*owned(h->address, table) += n;
	if (h->subject)
		*owned(h->subject, table) += n;
	if (crowded(m))
		cp_model_schedule(m);
}

void cp_share_remove(const struct cp_holder *h, enum cp_table_name table, uint32_t n)
{
	if (h->address)
		*owned(h->address, table) -= n;
	if (h->subject)
		*owned(h->subject, table) -= n;
}

/* --- transports that do not connect --------------------------------------------------------- */

void cp_share_await(struct cp_transport *t)
{
	struct cp_model *m = t->peer->room->model;

	if (t->plain)
		return;
	t->awaited = true;
	t->created_ms = m->clock->now_ms(m->clock_arg);
	TAILQ_INSERT_TAIL(&m->awaited, t, in_awaited);
}

void cp_share_arrived(struct cp_transport *t)
{
	if (t->awaited)
		TAILQ_REMOVE(&t->peer->room->model->awaited, t, in_awaited);
	t->awaited = false;
}

uint64_t cp_share_due_ms(const struct cp_model *m)
{
	const struct cp_transport *t = TAILQ_FIRST(&m->awaited);

	return t && crowded(m) ? t->created_ms + m->config->limit.connect_s * 1000ull : UINT64_MAX;
}

void cp_share_run(struct cp_model *m)
{
	uint64_t now = m->clock->now_ms(m->clock_arg);

	for (unsigned i = 0; i < SLICE && cp_share_due_ms(m) <= now; i++) {
		m->shares.unconnected++;
		cp_transport_fail(TAILQ_FIRST(&m->awaited), CP_NOT_FOUND, "it has not connected in time");
	}
}
