/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/transport_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/json.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/rooms/transport_walk.h"

struct cp_admin_listing {
	struct cp_transport_walk walk; /* first member: a pointer to it is a pointer to the list */
	struct cp_admin_asker *asker;
	FILE *f; /* writes `text` */
	char *text;
	size_t len;
	unsigned count;
};

static void visit(struct cp_transport_walk *walk, const struct cp_transport *t)
{
	struct cp_admin_listing *l = (struct cp_admin_listing *)walk;
	cJSON *entry = cJSON_CreateObject();
	char dp_id[17], *json;

	snprintf(dp_id, sizeof(dp_id), "%016" PRIx64, t->dp_id);
	cJSON_AddStringToObject(entry, "id", t->id);
	cJSON_AddStringToObject(entry, "dp_id", dp_id);
	cJSON_AddStringToObject(entry, "room", t->peer->room->name);
	cJSON_AddStringToObject(entry, "peer", t->peer->id);
	cJSON_AddStringToObject(entry, "purpose", cp_purpose_name(t->purpose));
	cJSON_AddStringToObject(entry, "state", cp_transport_state_name(t->state));
	json = cp_json_print(entry);
	if (json)
		fprintf(l->f, "%s%s", l->count++ > 0 ? "," : "", json);
	cJSON_free(json);
	cJSON_Delete(entry);
}

/* Closes the stream and frees the list. The text, which the caller frees; NULL: no memory. */
static char *finish(struct cp_admin_listing *l)
{
	char *text = NULL;

	l->asker->transports = NULL;
	if (fclose(l->f) == 0)
		text = l->text;
	else
		free(l->text);
	free(l);
	return text;
}

static void done(struct cp_transport_walk *walk)
{
	struct cp_admin_listing *l = (struct cp_admin_listing *)walk;
	struct cp_admin_asker *asker = l->asker;

	fputs("]}\n", l->f);
	asker->answer(asker, finish(l));
}

void cp_admin_list_transports(const struct cp_view *v, struct cp_admin_asker *asker)
{
	struct cp_admin_listing *l = calloc(1, sizeof(*l));

	if (l)
		l->f = open_memstream(&l->text, &l->len);
	if (!l || !l->f) {
		free(l);
		asker->answer(asker, NULL);
		return;
	}
	l->walk.visit = visit;
	l->walk.done = done;
	l->asker = asker;
	asker->transports = l;
	fputs("{\"ok\":true,\"transports\":[", l->f);
	cp_transport_walk_begin(v->model, &l->walk);
}

void cp_admin_abandon_transports(const struct cp_view *v, struct cp_admin_asker *asker)
{
	if (!asker->transports)
		return;
	cp_transport_walk_end(v->model, &asker->transports->walk);
	free(finish(asker->transports));
}
