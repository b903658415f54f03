/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/metrics_hooks.h"

#include <inttypes.h>

#include "controlplane/hooks/hooks.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP spate_%s %s\n# TYPE spate_%s %s\n", name, help, name, type);
}

static void labelled(FILE *f, const char *name, const char *result, uint64_t value)
{
	fprintf(f, "spate_%s{result=\"%s\"} %" PRIu64 "\n", name, result, value);
}

static void single(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
	head(f, name, type, help);
	fprintf(f, "spate_%s %" PRIu64 "\n", name, value);
}

static void admission(FILE *f, const struct cp_hook_gate *g)
{
	const struct cp_hook_gate_counts *n = &g->counts;

	head(f, "admission_hook_clients_total", "counter",
		"Clients about whom the admission hook was asked, by result. none: no usable answer came in "
		"time.");
	labelled(f, "admission_hook_clients_total", "allowed", n->allowed);
	labelled(f, "admission_hook_clients_total", "refused", n->refused);
	labelled(f, "admission_hook_clients_total", "none", n->silent);
	labelled(f, "admission_hook_clients_total", "too_many", n->full);
	single(f, "admission_hook_waiting", "gauge", "Clients that wait for the admission hook's answer.",
		g->waiting_count);
}

void cp_metrics_hooks(FILE *f, const struct cp_hooks *h)
{
	const struct cp_outbox *o = &h->outbox;

	head(f, "hook_events_total", "counter",
		"Events for the webhook, by result. full and late: dropped because hooks.queue was full, or "
		"after hooks.keep_s.");
	labelled(f, "hook_events_total", "told", o->told);
	labelled(f, "hook_events_total", "full", o->full);
	labelled(f, "hook_events_total", "late", o->late);
	single(f, "hook_requests_failed_total", "counter", "Requests to the webhook that failed.", o->failed);
	single(f, "hook_events_waiting", "gauge", "Events that wait to be told to the webhook.", o->count);
	admission(f, &h->gate);
}
