/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whip_saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/sdp/fragment.h"
#include "controlplane/signaling/whip_play.h"

static_assert((int)CP_SAVED_ETAG_SIZE == (int)CP_WHIP_ETAG_SIZE, "an ETag");
static_assert((int)CP_SAVED_SECTIONS == (int)CP_SDP_SECTIONS_MAX, "the sections of an offer");

/* --- saving --------------------------------------------------------------------------- */

static void save_section(struct cp_saved_section *out, const struct cp_whip *w, uint32_t i)
{
	const struct cp_sdp_section *s = &w->offer->section[i];

	out->kind = (uint8_t)s->kind;
	/* A section that waits for a stream would need all codecs of the offer: it stays silent. */
	out->silent = w->choice[i].silent || (w->offer->use == CP_SDP_PLAY && !cp_whip_player_consumer(w, i));
	snprintf(out->mid, sizeof(out->mid), "%s", s->mid);
	out->ssrc = w->player.section[i].ssrc;
	out->rtx_ssrc = w->player.section[i].rtx_ssrc;
}

bool cp_whip_save(const struct cp_whip *w, struct cp_saved_peer *out)
{
	struct cp_saved_whip *to = &out->whip;

	if (!w->created || w->over || strlen(w->ufrag) >= sizeof(to->ufrag))
		return false;
	out->client = w->offer->use == CP_SDP_PUBLISH ? CP_SAVED_WHIP : CP_SAVED_WHEP;
	memcpy(to->id, w->id, sizeof(to->id));
	memcpy(to->etag, w->etag, sizeof(to->etag));
	snprintf(to->ufrag, sizeof(to->ufrag), "%s", w->ufrag);
	snprintf(to->bundle, sizeof(to->bundle), "%s", w->offer->bundle ? w->offer->bundle : "");
	to->trickle = w->offer->trickle;
	to->tag = (uint8_t)w->offer->tag;
	to->section_count = (uint8_t)w->offer->section_count;
	for (uint32_t i = 0; i < w->offer->section_count; i++)
		save_section(&to->section[i], w, i);
	snprintf(to->cname, sizeof(to->cname), "%s", w->player.cname);
	return true;
}

/* --- restoring ------------------------------------------------------------------------ */

/* The strings of the offer, in its text. */
struct texts {
	char mid[CP_SDP_SECTIONS_MAX][SH_MID_MAX + 1];
	char bundle[CP_SAVED_BUNDLE_SIZE];
};

/* What later requests read of an offer. NULL: no memory. */
static struct cp_sdp_offer *restore_offer(const struct cp_saved_peer *saved)
{
	const struct cp_saved_whip *from = &saved->whip;
	struct cp_sdp_offer *offer = calloc(1, sizeof(*offer));
	struct texts *texts = calloc(1, sizeof(*texts));

	if (!offer || !texts) {
		free(offer);
		free(texts);
		return NULL;
	}
	offer->text = (char *)texts;
	offer->use = saved->client == CP_SAVED_WHIP ? CP_SDP_PUBLISH : CP_SDP_PLAY;
	offer->trickle = from->trickle;
	offer->tag = from->tag;
	offer->section_count = from->section_count;
	memcpy(texts->bundle, from->bundle, sizeof(texts->bundle));
	offer->bundle = from->bundle[0] ? texts->bundle : NULL;
	for (uint32_t i = 0; i < from->section_count; i++) {
		memcpy(texts->mid[i], from->section[i].mid, sizeof(texts->mid[i]));
		offer->section[i].kind = (enum sh_kind)from->section[i].kind;
		offer->section[i].mid = texts->mid[i];
	}
	return offer;
}

static int restore_session(struct cp_whip *w, struct cp_signaling *signaling,
	const struct cp_saved_peer *saved, struct cp_address *address)
{
	const struct cp_grant grant = cp_session_saved_grant(saved);

	w->session = cp_session_open(signaling, cp_whip_dialect(w->offer->use), &cp_whip_carrier, w,
		saved->address, address, &grant);
	if (!w->session)
		return ENOMEM;
	memcpy(w->session->id, saved->id, sizeof(w->session->id));
	return cp_session_restore_peer(w->session, saved) ? 0 : ENOENT;
}

int cp_whip_restore(struct cp_whip **out, struct cp_signaling *signaling,
	const struct cp_saved_transport *saved, struct cp_address *address, const struct cp_whip_calls *calls,
	void *owner)
{
	const struct cp_saved_whip *from = &saved->peer.whip;
	struct cp_whip *w = calloc(1, sizeof(*w));
	int error = ENOMEM;

	if (!w)
		return error;
	w->calls = calls;
	w->owner = owner;
	memcpy(w->id, from->id, sizeof(w->id));
	memcpy(w->etag, from->etag, sizeof(w->etag));
	memcpy(w->transport, saved->id, sizeof(w->transport));
	memcpy(w->player.cname, from->cname, sizeof(w->player.cname));
	for (uint32_t i = 0; i < from->section_count; i++) {
		w->choice[i].silent = from->section[i].silent;
		w->player.section[i].ssrc = from->section[i].ssrc;
		w->player.section[i].rtx_ssrc = from->section[i].rtx_ssrc;
	}
	w->ufrag = strdup(from->ufrag);
	w->offer = restore_offer(&saved->peer);
	if (w->ufrag && w->offer)
		error = restore_session(w, signaling, &saved->peer, address);
	if (error != 0) {
		cp_whip_free(w);
		return error;
	}
	w->created = w->restored = true;
	*out = w;
	return 0;
}
