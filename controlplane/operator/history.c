/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/history.h"

#include "controlplane/rooms/drain.h"
#include "controlplane/rooms/model.h"

static uint64_t read_counter(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static struct cp_history_totals read_totals(const struct sh_stats_reader *r)
{
	struct cp_history_totals t = {.known = r->map != NULL};

	for (uint32_t i = 0; t.known && i < r->workers; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(r, i);

		t.rx_bytes += read_counter(&w->rx_bytes);
		t.tx_bytes += read_counter(&w->tx_bytes);
		for (unsigned reason = 0; reason < SH_DROP_COUNT; reason++)
			if (sh_drop_text(reason)->local)
				t.drops += read_counter(&w->drop[reason]);
	}
	return t;
}

/* 0 where the counter has restarted. */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

void cp_history_add(struct cp_history *h, const struct cp_history_totals *now, uint32_t viewers,
	uint32_t busy_permille, int64_t now_s, uint64_t now_ns)
{
	struct cp_history_sample *s = &h->sample[h->next];
	double seconds = h->last.known && now->known ? (double)(now_ns - h->last_ns) / 1e9 : 0;

	*s = (struct cp_history_sample){.at_s = now_s,
		.viewers = viewers,
		.busy_permille = busy_permille,
		.rx_bps = 8 * rate(h->last.rx_bytes, now->rx_bytes, seconds),
		.tx_bps = 8 * rate(h->last.tx_bytes, now->tx_bytes, seconds),
		.drops = rate(h->last.drops, now->drops, seconds)};
	h->next = (h->next + 1) % CP_HISTORY_SAMPLES;
	if (h->count < CP_HISTORY_SAMPLES)
		h->count++;
	h->last = *now;
	h->last_ns = now_ns;
}

void cp_history_take(struct cp_history *h, const struct cp_view *v, int64_t now_s, uint64_t now_ns)
{
	const struct cp_history_totals now = read_totals(v->stats);
	const struct cp_load *l = &v->model->load;
	uint32_t busy = 0;

	for (uint32_t i = 0; i < l->workers && now.known; i++)
		if (l->worker[i].busy > busy)
			busy = (uint32_t)l->worker[i].busy;
	cp_history_add(h, &now, cp_drain_viewers(v->model), busy, now_s, now_ns);
}

void cp_history_json(const struct cp_history *h, cJSON *reply)
{
	cJSON *samples;
	unsigned first = (h->next + CP_HISTORY_SAMPLES - h->count) % CP_HISTORY_SAMPLES;

	cJSON_AddNumberToObject(reply, "every_s", CP_HISTORY_EVERY_S);
	samples = cJSON_AddArrayToObject(reply, "samples");
	for (unsigned i = 0; i < h->count; i++) {
		const struct cp_history_sample *s = &h->sample[(first + i) % CP_HISTORY_SAMPLES];
		const double row[] = {
			(double)s->at_s, s->viewers, s->rx_bps, s->tx_bps, s->drops, s->busy_permille / 10.0};

		cJSON_AddItemToArray(samples, cJSON_CreateDoubleArray(row, sizeof(row) / sizeof(row[0])));
	}
}
