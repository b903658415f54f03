/* SPDX-License-Identifier: Apache-2.0 */

/* The blob of a transport, with its peer and, of WHIP and WHEP, the session. */

#include <string.h>

#include "controlplane/persist/blob.h"

static void section_fields(struct cp_fields *f, struct cp_saved_section *s)
{
	cp_field_range(f, &s->kind, SH_KIND_AUDIO, SH_KIND_VIDEO);
	cp_field_bool(f, &s->silent);
	CP_FIELD_TEXT(f, s->mid, CP_FIELD_TOKEN);
	CP_FIELD_NUMBER(f, s->ssrc);
	CP_FIELD_NUMBER(f, s->rtx_ssrc);
}

static void whip_fields(struct cp_fields *f, struct cp_saved_whip *w)
{
	CP_FIELD_SOME_TEXT(f, w->id, CP_FIELD_ID);
	CP_FIELD_SOME_TEXT(f, w->etag, CP_FIELD_TOKEN);
	CP_FIELD_SOME_TEXT(f, w->ufrag, CP_FIELD_TOKEN);
	CP_FIELD_TEXT(f, w->bundle, CP_FIELD_LIST);
	cp_field_bool(f, &w->trickle);
	cp_field_range(f, &w->section_count, 1, CP_SAVED_SECTIONS);
	if (f->failed)
		return;
	cp_field_range(f, &w->tag, 0, w->section_count - 1);
	for (uint8_t i = 0; i < w->section_count; i++)
		section_fields(f, &w->section[i]);
	CP_FIELD_TEXT(f, w->cname, CP_FIELD_TOKEN);
}

static void peer_fields(struct cp_fields *f, struct cp_saved_peer *p)
{
	CP_FIELD_SOME_TEXT(f, p->id, CP_FIELD_ID);
	CP_FIELD_SOME_TEXT(f, p->room, CP_FIELD_NAME);
	CP_FIELD_TEXT(f, p->user, CP_FIELD_NAME);
	CP_FIELD_SOME_TEXT(f, p->cname, CP_FIELD_TOKEN);
	CP_FIELD_TEXT(f, p->address, CP_FIELD_TOKEN);
	cp_field_bool(f, &p->publish);
	cp_field_bool(f, &p->subscribe);
	cp_field_bool(f, &p->close);
	cp_field_bool(f, &p->host);
	cp_field_bool(f, &p->user_proven);
	cp_field_bool(f, &p->room_bound);
	CP_FIELD_NUMBER(f, p->expires_s);
	cp_field_range(f, &p->client, CP_SAVED_JSON, CP_SAVED_WHEP);
	if (f->failed)
		return;
	if (p->client >= CP_SAVED_WHIP) {
		whip_fields(f, &p->whip);
		return;
	}
	cp_field_range(f, &p->hash_count, 1, CP_SAVED_HASHES);
	for (uint8_t i = 0; !f->failed && i < p->hash_count; i++)
		cp_field_bytes(f, p->hash[i], sizeof(p->hash[i]));
	cp_field_range(f, &p->audio_entries, 0, CP_SAVED_AUDIO_ENTRIES);
	cp_field_range(f, &p->audio_interval, 0, CP_SAVED_AUDIO_INTERVALS - 1);
}

static void address_fields(struct cp_fields *f, struct sh_addr *a)
{
	if (!f->failed && f->writes && a->family != 4 && a->family != 6)
		cp_field_fail(f);
	CP_FIELD_NUMBER(f, a->family);
	if (!f->failed && a->family != 4 && a->family != 6)
		cp_field_fail(f);
	if (f->failed)
		return;
	CP_FIELD_NUMBER(f, a->port);
	cp_field_bytes(f, a->ip, a->family == 4 ? 4 : 16);
}

static void tuple_fields(struct cp_fields *f, struct cp_saved_tuple *t)
{
	address_fields(f, &t->path.remote);
	address_fields(f, &t->path.local);
	cp_field_bytes(f, t->path.l2.mac, sizeof(t->path.l2.mac));
	CP_FIELD_NUMBER(f, t->path.l2.vlan);
	CP_FIELD_NUMBER(f, t->path.l2.port);
	CP_FIELD_NUMBER(f, t->nomination);
	cp_field_bool(f, &t->proven);
}

static void ice_fields(struct cp_fields *f, struct cp_saved_ice *ice)
{
	uint8_t selected = (uint8_t)(ice->selected + 1);

	CP_FIELD_SOME_TEXT(f, ice->ufrag, CP_FIELD_TOKEN);
	CP_FIELD_SOME_TEXT(f, ice->pwd, CP_FIELD_TOKEN);
	CP_FIELD_TEXT(f, ice->previous_ufrag, CP_FIELD_TOKEN);
	CP_FIELD_TEXT(f, ice->previous_pwd, CP_FIELD_TOKEN);
	CP_FIELD_NUMBER(f, ice->nomination);
	cp_field_range(f, &ice->tuple_count, 0, SH_MAX_TUPLES);
	if (f->failed)
		return;
	cp_field_range(f, &selected, 0, ice->tuple_count);
	ice->selected = (int8_t)(selected - 1);
	for (uint8_t i = 0; i < ice->tuple_count; i++)
		tuple_fields(f, &ice->tuple[i]);
}

static void fields(struct cp_fields *f, void *transport)
{
	struct cp_saved_transport *t = transport;

	CP_FIELD_SOME_TEXT(f, t->id, CP_FIELD_ID);
	cp_field_bool(f, &t->receives);
	ice_fields(f, &t->ice);
	peer_fields(f, &t->peer);
}

size_t cp_saved_transport_write(const struct cp_saved_transport *t, uint8_t out[SH_BLOB_MAX])
{
	struct cp_saved_transport copy = *t; /* `fields` reads and writes */

	return cp_blob_write(SH_OBJECT_TRANSPORT, fields, &copy, out);
}

int cp_saved_transport_read(struct cp_saved_transport *out, uint16_t version, const uint8_t *blob, size_t len)
{
	memset(out, 0, sizeof(*out));
	return cp_blob_read(SH_OBJECT_TRANSPORT, fields, out, version, blob, len);
}
