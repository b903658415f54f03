/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/top.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
	const char *name;
	char key;
} sorts[TOP_SORTS] = {
	[TOP_SENT] = {"sent", 's'},
	[TOP_RECEIVED] = {"received", 'e'},
	[TOP_LOSS] = {"loss", 'l'},
	[TOP_ROUND_TRIP] = {"rtt", 't'},
	[TOP_PEER] = {"peer", 'p'},
	[TOP_ROOM] = {"room", 'o'},
};

enum top_sort top_sort_named(const char *name)
{
	enum top_sort by = 0;

	while (by < TOP_SORTS && strcmp(sorts[by].name, name) != 0)
		by++;
	return by;
}

enum top_sort top_sort_key(int key)
{
	enum top_sort by = 0;

	while (by < TOP_SORTS && sorts[by].key != key)
		by++;
	return by;
}

const char *top_sort_name(enum top_sort by)
{
	return sorts[by].name;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_id(const void *a, const void *b)
{
	sh_id x = ((const struct top_row *)a)->id, y = ((const struct top_row *)b)->id;

	return x < y ? -1 : x > y;
}

static struct top_row *find(const struct top *t, sh_id id)
{
	const struct top_row key = {.id = id};

	return t->rows > 0 ? bsearch(&key, t->row, t->rows, sizeof(key), by_id) : NULL;
}

static void add_row(struct top *t, uint32_t slot, const struct sh_transport_stats *s)
{
	struct top_seen *seen = &t->seen[slot];
	struct top_row *row = &t->row[t->rows++];

	*row = (struct top_row){.id = s->id,
		.peer = "",
		.room = "",
		.purpose = "",
		.state = s->state,
		.worker = s->worker,
		.can_take = s->available_bps,
		.age = ctl_consent_age(s)};
	if (seen->id == s->id && t->seconds > 0) {
		row->received = (double)(s->rx_bytes - seen->rx_bytes) * 8 / t->seconds;
		row->sent = (double)(s->tx_bytes - seen->tx_bytes) * 8 / t->seconds;
	}
	t->received += row->received;
	t->sent += row->sent;
	*seen = (struct top_seen){s->id, s->rx_bytes, s->tx_bytes};
}

static void add_consumer(struct top *t, const struct sh_consumer_stats *c)
{
	struct top_row *row = find(t, c->transport);
	uint64_t dropped = 0;

	if (!row)
		return;
	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		dropped += c->dropped[i];
	row->due += c->packets + c->lost_before + dropped;
	row->missing += c->lost_before + dropped + c->lost_after - c->repaired;
	if (c->rtt_us > row->rtt_us)
		row->rtt_us = (uint32_t)c->rtt_us;
}

static const char *text_of(const cJSON *item, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, name));

	return text ? text : "";
}

static void add_names(struct top *t)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(t->names, "transports"))
	{
		struct top_row *row = find(t, strtoull(text_of(item, "dp_id"), NULL, 16));

		if (!row)
			continue;
		row->peer = text_of(item, "peer");
		row->room = text_of(item, "room");
		row->purpose = text_of(item, "purpose");
	}
}

void top_look(struct top *t)
{
	struct sh_transport_stats s;
	struct sh_consumer_stats c;
	uint64_t now = now_ns();

	t->seconds = t->seen_ns > 0 ? (double)(now - t->seen_ns) / 1e9 : 0;
	t->seen_ns = now;
	t->rows = 0;
	t->received = t->sent = 0;
	for (uint32_t slot = 0; slot < t->stats.transports; slot++)
		if (sh_stats_transport(&t->stats, slot, &s))
			add_row(t, slot, &s);
	qsort(t->row, t->rows, sizeof(*t->row), by_id);
	for (uint32_t slot = 0; slot < t->stats.consumers; slot++)
		if (sh_stats_consumer(&t->stats, slot, &c))
			add_consumer(t, &c);
	for (uint32_t i = 0; i < t->rows; i++)
		t->row[i].loss =
			t->row[i].due > 0 ? 100.0 * (double)t->row[i].missing / (double)t->row[i].due : 0;
	add_names(t);
}

static int greater(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	enum top_sort by = *(const enum top_sort *)arg;

	switch (by) {
	case TOP_SENT:
		return greater(x->sent, y->sent);
	case TOP_RECEIVED:
		return greater(x->received, y->received);
	case TOP_LOSS:
		return greater(x->loss, y->loss);
	case TOP_ROUND_TRIP:
		return greater(x->rtt_us, y->rtt_us);
	case TOP_PEER:
		return strcmp(x->peer, y->peer);
	default:
		return strcmp(x->room, y->room);
	}
}

void top_sort_rows(struct top *t, enum top_sort by, bool reverse)
{
	if (t->rows == 0)
		return;
	qsort_r(t->row, t->rows, sizeof(*t->row), compare, &by);
	for (uint32_t i = 0; reverse && i < t->rows / 2; i++) {
		struct top_row other = t->row[i];

		t->row[i] = t->row[t->rows - 1 - i];
		t->row[t->rows - 1 - i] = other;
	}
}

void top_free(struct top *t)
{
	cJSON_Delete(t->control);
	cJSON_Delete(t->names);
	free(t->seen);
	free(t->row);
	sh_stats_unmap(&t->stats);
}
