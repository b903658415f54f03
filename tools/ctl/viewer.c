/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl viewer ID": where one viewer's packets were lost, which layers it gets, and
 * what is known of its path, as figures and in words (explain.h). The control plane knows the names
 * and the layers, the data plane's statistics have the figures.
 */

#include "tools/ctl/explain.h"
#include "tools/ctl/spatectl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/loss.h"
#include "shared/stats_names.h"

static sh_id dp_id(const cJSON *item)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "dp_id"));

	return text ? strtoull(text, NULL, 16) : 0;
}

static uint64_t dropped(const struct sh_consumer_stats *s)
{
	uint64_t all = 0;

	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		all += s->dropped[i];
	return all;
}

static uint64_t unrepaired(const struct sh_consumer_stats *s)
{
	return s->lost_after - s->repaired;
}

/* --- as JSON: the control plane's answer, with the figures in it -------------------------------- */

static void add_loss(cJSON *consumer, const struct sh_consumer_stats *s)
{
	cJSON *loss = cJSON_AddObjectToObject(consumer, "loss"), *by_server;

	ctl_json_u64(loss, "beforeServer", s->lost_before);
	by_server = cJSON_AddObjectToObject(loss, "droppedByServer");
	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		if (s->dropped[i] > 0)
			ctl_json_u64(by_server, sh_drop_name(sh_loss_drop(i)), s->dropped[i]);
	ctl_json_u64(loss, "afterServer", s->lost_after);
	ctl_json_u64(loss, "repaired", s->repaired);
	ctl_json_u64(loss, "unrepaired", unrepaired(s));
}

static void complete_consumer(cJSON *consumer, const struct sh_consumer_stats *s)
{
	ctl_json_u64(consumer, "packets", s->packets);
	ctl_json_u64(consumer, "bytes", s->bytes);
	ctl_json_u64(consumer, "bitrate_bps", s->bitrate_bps);
	ctl_json_u64(consumer, "retransmitted", s->rtx_packets);
	ctl_json_u64(consumer, "nacks", s->nacks);
	ctl_json_u64(consumer, "plis", s->plis);
	if (s->rtt_us > 0)
		ctl_json_u64(consumer, "rtt_us", s->rtt_us);
	cJSON_AddBoolToObject(consumer, "waiting_keyframe", s->waiting_keyframe);
	add_loss(consumer, s);
}

static void complete_transport(cJSON *transport, const struct sh_transport_stats *s)
{
	char remote[64];

	cJSON_AddStringToObject(transport, "state", sh_transport_state_name(s->state));
	if (s->remote_family != 0)
		cJSON_AddStringToObject(transport, "remote", ctl_remote(s, remote));
	cJSON_AddBoolToObject(transport, "proven", !s->unproven);
	if (ctl_consent_age(s) >= 0)
		cJSON_AddNumberToObject(transport, "consent_age_s", ctl_consent_age(s));
	if (s->available_bps > 0)
		ctl_json_u64(transport, "available_bps", s->available_bps);
}

/* --- in words ------------------------------------------------------------------------------------ */

/* "1/2", "none", "1/any": a spatial and a temporal layer; `none`: what it means if both are null. */
static void print_layers(const cJSON *consumer, const char *name, const char *words, const char *none)
{
	const cJSON *layers = cJSON_GetObjectItemCaseSensitive(consumer, name);
	const cJSON *spatial = cJSON_GetObjectItemCaseSensitive(layers, "spatialLayer");
	const cJSON *temporal = cJSON_GetObjectItemCaseSensitive(layers, "temporalLayer");

	if (!layers)
		return;
	printf(", %s ", words);
	if (!cJSON_IsNumber(spatial))
		printf("%s", none);
	else if (!cJSON_IsNumber(temporal))
		printf("%.0f/any", spatial->valuedouble);
	else
		printf("%.0f/%.0f", spatial->valuedouble, temporal->valuedouble);
}

static void print_reasons(const struct sh_consumer_stats *s)
{
	const char *before = " (";

	for (unsigned i = 0; i < SH_LOSS_COUNT; i++) {
		if (s->dropped[i] == 0)
			continue;
		printf("%s%s %" PRIu32, before, sh_drop_name(sh_loss_drop(i)), s->dropped[i]);
		before = ", ";
	}
	puts(dropped(s) > 0 ? ")" : "");
}

/* A share of the packets that were due. */
static void print_share(const char *words, uint64_t packets, uint64_t due)
{
	printf("    %-24s %10" PRIu64 "  %6.2f %%", words, packets,
		due > 0 ? 100.0 * (double)packets / (double)due : 0);
}

static void print_loss(const struct sh_consumer_stats *s)
{
	uint64_t due = s->packets + s->lost_before + dropped(s);

	printf("    %-24s %10" PRIu64 "\n", "packets due", due);
	print_share("lost before the server", s->lost_before, due);
	puts("");
	print_share("dropped by the server", dropped(s), due);
	print_reasons(s);
	print_share("sent", s->packets, due);
	puts("");
	print_share("lost behind the server", s->lost_after, due);
	printf("  (repaired %" PRIu32 ", not repaired %" PRIu64 ")\n", s->repaired, unrepaired(s));
	printf("    %-24s %10" PRIu64 "  for %" PRIu64 " NACKs; %" PRIu64 " requests for key frames\n",
		"retransmitted", s->rtx_packets, s->nacks, s->plis);
}

static void print_consumer(const cJSON *consumer, const struct sh_consumer_stats *s)
{
	char text[CTL_TEXT_MAX], si[16];

	printf("  consumer %s: ", ctl_text(text, consumer, "id"));
	printf("%s", ctl_text(text, consumer, "mime"));
	if (s->paused)
		printf(", paused");
	else if (s->waiting_keyframe)
		printf(", waiting for a key frame");
	printf(", %sbit/s", ctl_si(si, (double)s->bitrate_bps));
	if (s->rtt_us > 0)
		printf(", round trip %.1f ms", (double)s->rtt_us / 1000);
	printf(", score %.0f", ctl_number(consumer, "score"));
	print_layers(consumer, "currentLayers", "layers", "none");
	print_layers(consumer, "targetLayers", "target", "none");
	print_layers(consumer, "preferredLayers", "preferred", "any");
	puts("");
	print_loss(s);
}

static void print_transport(const cJSON *transport, const struct sh_transport_stats *s)
{
	char text[CTL_TEXT_MAX], remote[64], si[16];

	printf("transport %s: %s, address %s", ctl_text(text, transport, "id"),
		sh_transport_state_name(s->state), ctl_remote(s, remote));
	if (s->unproven)
		printf(" (not proven to receive: little is sent)");
	if (ctl_consent_age(s) >= 0)
		printf(", heard %.1f s ago", ctl_consent_age(s));
	if (s->available_bps > 0)
		printf(", can take %sbit/s", ctl_si(si, (double)s->available_bps));
	if (cJSON_HasObjectItem(transport, "max_bps"))
		printf(", limit %sbit/s", ctl_si(si, ctl_number(transport, "max_bps")));
	puts("");
}

/* Under the figures, indented like them; a problem stands out. */
static void print_words(const struct ctl_words *w, const char *indent)
{
	for (unsigned i = 0; i < w->count; i++)
		printf("%s%s%s\n", indent, w->sentence[i].problem ? "PROBLEM  " : "", w->sentence[i].text);
}

/* "problems" say what to do, "words" everything else. */
static void add_words(cJSON *object, const struct ctl_words *w)
{
	cJSON *words = cJSON_AddArrayToObject(object, "words"), *problems;

	problems = cJSON_AddArrayToObject(object, "problems");
	for (unsigned i = 0; i < w->count; i++)
		cJSON_AddItemToArray(w->sentence[i].problem ? problems : words,
			cJSON_CreateString(w->sentence[i].text));
}

/* --- both ------------------------------------------------------------------------------------------ */

static void show_consumer(const struct sh_stats_reader *r, const cJSON *transport,
	const struct sh_transport_stats *t, cJSON *consumer, bool json)
{
	struct ctl_words words = {.count = 0};
	struct sh_producer_stats source = {0};
	struct sh_consumer_stats c;

	if (!sh_stats_find_consumer(r, dp_id(consumer), NULL, &c))
		memset(&c, 0, sizeof(c)); /* it has just been created, or is gone */
	(void)sh_stats_find_producer(r, dp_id(cJSON_GetObjectItemCaseSensitive(consumer, "source")), NULL,
		&source);
	ctl_explain_consumer(&words, transport, consumer, t, &c, &source);
	if (json) {
		complete_consumer(consumer, &c);
		add_words(consumer, &words);
	} else {
		print_consumer(consumer, &c);
		print_words(&words, "    ");
	}
}

static void show_transport(const struct sh_stats_reader *r, cJSON *transport, bool json)
{
	struct ctl_words words = {.count = 0};
	struct sh_transport_stats t = {0};
	cJSON *consumer;

	if (!sh_stats_find_transport(r, dp_id(transport), NULL, &t))
		memset(&t, 0, sizeof(t));
	ctl_explain_transport(&words, transport, &t, ctl_consent_age(&t));
	if (json) {
		complete_transport(transport, &t);
		add_words(transport, &words);
	} else {
		print_transport(transport, &t);
		print_words(&words, "  ");
	}
	cJSON_ArrayForEach(consumer, cJSON_GetObjectItemCaseSensitive(transport, "consumers"))
	{
		show_consumer(r, transport, &t, consumer, json);
	}
}

static void show(const struct sh_stats_reader *r, cJSON *answer, bool json)
{
	char text[CTL_TEXT_MAX];
	cJSON *transport;

	if (!json) {
		printf("peer %s", ctl_text(text, answer, "peer"));
		printf(" in room %s\n", ctl_text(text, answer, "room"));
	}
	cJSON_ArrayForEach(transport, cJSON_GetObjectItemCaseSensitive(answer, "transports"))
	{
		show_transport(r, transport, json);
	}
	if (!json) {
		cJSON_Delete(answer);
		return;
	}
	cJSON_DeleteItemFromObject(answer, "ok");
	ctl_json_print(answer);
}

int ctl_viewer(const struct ctl_options *o)
{
	cJSON *request = cJSON_CreateObject(), *answer;
	struct sh_stats_reader r;
	char err[CTL_ERR_MAX];
	int code;

	cJSON_AddStringToObject(request, "cmd", "viewer");
	cJSON_AddStringToObject(request, "id", o->argument[0]);
	code = ctl_request(o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK) {
		fprintf(stderr, "spatectl: %s\n", err);
		return code;
	}
	if (ctl_attach(&r, o, err) != 0) {
		fprintf(stderr, "spatectl: %s\n", err);
		cJSON_Delete(answer);
		return CTL_NO_DATAPLANE;
	}
	show(&r, answer, o->json);
	sh_stats_unmap(&r);
	return CTL_OK;
}
