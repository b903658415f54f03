/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl transports": shows the data plane's transports with the control plane's
 * names.
 */

#include "tools/ctl/spatectl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/config.h"
#include "shared/stats_names.h"

/* The control plane's names of the transports, sorted by the data plane's id. */
struct names {
	struct name {
		sh_id id;
		const cJSON *item;
	} * list;
	size_t count;
};

static int compare(const void *a, const void *b)
{
	sh_id x = ((const struct name *)a)->id, y = ((const struct name *)b)->id;

	return x < y ? -1 : x > y;
}

static void sort_names(struct names *n, const cJSON *transports)
{
	const cJSON *item;
	int size = cJSON_GetArraySize(transports);

	n->count = 0;
	n->list = calloc(size > 0 ? (size_t)size : 1, sizeof(*n->list));
	if (!n->list)
		return;
	cJSON_ArrayForEach(item, transports)
	{
		const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "dp_id"));

		if (id)
			n->list[n->count++] = (struct name){.id = strtoull(id, NULL, 16), .item = item};
	}
	qsort(n->list, n->count, sizeof(*n->list), compare);
}

static const cJSON *find_name(const struct names *n, sh_id id)
{
	const struct name key = {.id = id};
	const struct name *found =
		n->count > 0 ? bsearch(&key, n->list, n->count, sizeof(key), compare) : NULL;

	return found ? found->item : NULL;
}

const char *ctl_remote(const struct sh_transport_stats *s, char out[64])
{
	struct sh_addr a = {.family = s->remote_family, .port = s->remote_port};

	memcpy(a.ip, s->remote_ip, sizeof(a.ip));
	if (a.family == 0)
		snprintf(out, 64, "-");
	else
		sh_addr_format(&a, out, 64);
	return out;
}

double ctl_consent_age(const struct sh_transport_stats *s)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (s->consent_ns == 0)
		return -1;
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)s->consent_ns / 1e9;
}

static void add_row(struct ctl_table *t, const struct sh_transport_stats *s, const cJSON *name)
{
	char text[CTL_TEXT_MAX], si[16];
	double age = ctl_consent_age(s);

	if (name)
		ctl_cell(t, "%s", ctl_text(text, name, "id"));
	else
		ctl_cell(t, "%016" PRIx64, s->id);
	ctl_cell(t, "%s", ctl_text(text, name, "room"));
	ctl_cell(t, "%s", ctl_text(text, name, "peer"));
	ctl_cell(t, "%s", ctl_text(text, name, "purpose"));
	ctl_cell(t, "%s", sh_transport_state_name(s->state));
	ctl_cell(t, "%u", s->worker);
	ctl_cell(t, "%s", ctl_remote(s, text));
	ctl_cell(t, "%s", sh_srtp_profile_name(s->profile));
	ctl_cell(t, "%" PRIu64, s->rx_packets);
	ctl_cell(t, "%" PRIu64, s->tx_packets);
	if (age >= 0)
		ctl_cell(t, "%.1f s", age);
	else
		ctl_cell(t, "-");
	ctl_cell(t, "%s", s->available_bps > 0 ? ctl_si(si, (double)s->available_bps) : "-");
}

static cJSON *json_row(const struct sh_transport_stats *s, const cJSON *name)
{
	static const char *const from_control[] = {"id", "room", "peer", "purpose"};
	cJSON *row = cJSON_CreateObject();
	double age = ctl_consent_age(s);
	char remote[64];

	for (size_t i = 0; i < sizeof(from_control) / sizeof(from_control[0]); i++) {
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(name, from_control[i]);

		if (item)
			cJSON_AddItemToObject(row, from_control[i], cJSON_Duplicate(item, true));
	}
	ctl_json_id(row, "dp_id", s->id);
	cJSON_AddStringToObject(row, "state", sh_transport_state_name(s->state));
	cJSON_AddNumberToObject(row, "worker", s->worker);
	if (s->remote_family != 0)
		cJSON_AddStringToObject(row, "remote", ctl_remote(s, remote));
	cJSON_AddStringToObject(row, "profile", sh_srtp_profile_name(s->profile));
	cJSON_AddNumberToObject(row, "tuples", s->tuples);
	ctl_json_u64(row, "rx_packets", s->rx_packets);
	ctl_json_u64(row, "rx_bytes", s->rx_bytes);
	ctl_json_u64(row, "tx_packets", s->tx_packets);
	ctl_json_u64(row, "tx_bytes", s->tx_bytes);
	if (age >= 0)
		cJSON_AddNumberToObject(row, "consent_age_s", age);
	if (s->available_bps > 0)
		ctl_json_u64(row, "available_bps", s->available_bps);
	return row;
}

static void print(const struct sh_stats_reader *r, const struct names *names, bool json)
{
	static const char *const columns[] = {"TRANSPORT", "ROOM", "PEER", "PURPOSE", "STATE", ">WORKER",
		"REMOTE", "PROFILE", ">RX PKTS", ">TX PKTS", ">CHECKED", ">CAN TAKE b/s"};
	cJSON *root = json ? cJSON_CreateObject() : NULL;
	cJSON *list = json ? cJSON_AddArrayToObject(root, "transports") : NULL;
	struct sh_transport_stats s;
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t slot = 0; slot < r->transports; slot++) {
		if (!sh_stats_transport(r, slot, &s))
			continue;
		if (json)
			cJSON_AddItemToArray(list, json_row(&s, find_name(names, s.id)));
		else
			add_row(&t, &s, find_name(names, s.id));
	}
	if (json)
		ctl_json_print(root);
	else
		ctl_table_print(&t);
}

int ctl_transports(const struct ctl_options *o)
{
	struct sh_stats_reader r;
	struct names names;
	char err[CTL_ERR_MAX];
	cJSON *answer;
	int code = CTL_OK;

	if (ctl_attach(&r, o, err) != 0) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_DATAPLANE;
	}
	answer = ctl_ask(o, "transports", err);
	if (!answer) { /* the data plane's half is shown without it */
		fprintf(stderr, "spatectl: %s; rooms and peers are not known\n", err);
		code = CTL_NO_CONTROLPLANE;
	}
	sort_names(&names, cJSON_GetObjectItemCaseSensitive(answer, "transports"));
	print(&r, &names, o->json);
	free(names.list);
	cJSON_Delete(answer);
	sh_stats_unmap(&r);
	return code;
}
