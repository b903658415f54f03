/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A player's section: with which payload types and extension ids it gets a stream. They are the
 * offer's, as an answer must repeat them, while clients of signaling get the router's.
 */

#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/sdp/choice.h"

/* Egress writes these for each viewer, with the viewer's ids. */
static bool is_written(enum sh_ext ext)
{
	return ext == SH_EXT_MID || ext == SH_EXT_ABS_SEND_TIME || ext == SH_EXT_DEPENDENCY_DESCRIPTOR;
}

/* Egress copies these from the producer's packets, with the router's ids for all viewers. */
static bool is_copied(const struct cp_ext *e)
{
	return e->direction == CP_EXT_SENDRECV && !is_written(e->ext) && e->ext != SH_EXT_TWCC;
}

/*
 * True if streams of the offer's kinds may carry a copied extension with that id. Another extension
 * cannot have it: browsers have one table of ids for the whole bundle, and would take a copied
 * element for a MID, for example.
 */
static bool is_taken(const struct cp_sdp_offer *offer, uint8_t id)
{
	for (size_t i = 0; i < cp_ext_count; i++) {
		if (sh_router_ext[cp_exts[i].ext] != id || !is_copied(&cp_exts[i]))
			continue;
		for (uint32_t k = 0; k < offer->section_count; k++) {
			if (offer->section[k].kind == cp_exts[i].kind)
				return true;
		}
	}
	return false;
}

/* `descriptor`: streams of the section may have dependency descriptors. */
static void choose_exts(struct cp_sdp_choice *out, const struct cp_sdp_offer *offer,
	const struct cp_sdp_section *s, bool descriptor)
{
	for (size_t i = 0; i < cp_ext_count; i++) {
		const struct cp_ext *e = &cp_exts[i];
		uint8_t id = s->ext_id[e->ext];

		if (e->kind != s->kind || id == 0 || id > 14) /* RFC 8285, 4.2: the one-byte form */
			continue;
		if (is_written(e->ext) ? !is_taken(offer, id) : is_copied(e) && id == sh_router_ext[e->ext])
			out->ext_id[e->ext] = id;
	}
	if (!descriptor)
		out->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = 0;
	if (!s->mid[0])
		out->ext_id[SH_EXT_MID] = 0;
}

static void choose_feedback(struct cp_sdp_choice *out)
{
	for (uint32_t i = 0; i < out->count; i++) {
		unsigned *feedback = &out->format[i].feedback;

		*feedback &= ~(unsigned)CP_FEEDBACK_TWCC; /* egress writes no transport-wide numbers */
		if (out->ext_id[SH_EXT_ABS_SEND_TIME] == 0)
			*feedback &= ~(unsigned)CP_FEEDBACK_REMB;
	}
}

int cp_sdp_play(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_consumable *c,
	struct cp_sdp_choice *out, struct cp_fault *fault)
{
	const struct cp_sdp_section *s = &offer->section[index];
	int rc = cp_sdp_choose_codec(out, s, &c->router, 1, fault);

	if (rc != 0)
		return rc;
	choose_exts(out, offer, s, cp_has_descriptor(c));
	choose_feedback(out);
	return 0;
}

/* What stands in a section in which nothing can be played: any of its codecs, and silence. */
static int keep_silent(const struct cp_sdp_section *s, struct cp_sdp_choice *out, struct cp_fault *fault)
{
	*out = (struct cp_sdp_choice){.count = 1, .silent = true};
	for (uint32_t i = 0; i < s->codec_count; i++) {
		if (s->codec[i].name && strcasecmp(s->codec[i].name, "rtx") != 0) {
			out->format[0].codec = &s->codec[i];
			return 0;
		}
	}
	return cp_refuse(fault, CP_BAD_REQUEST, "m=%s has no a=rtpmap for any of its payload types",
		cp_kind_name(s->kind));
}

static bool has_av1(const struct cp_sdp_choice *choice, const struct cp_sdp_section *s,
	const struct cp_router *router)
{
	for (uint32_t i = 0; i < router->codec_count; i++) {
		if (router->codec[i].codec->id == SH_CODEC_AV1 &&
			cp_sdp_find_format(choice, s, &router->codec[i]))
			return true;
	}
	return false;
}

int cp_sdp_wait(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_router *router,
	struct cp_sdp_choice *out, struct cp_fault *fault)
{
	const struct cp_sdp_section *s = &offer->section[index];

	if (cp_sdp_choose_codecs(out, s, router->codec, router->codec_count) == 0)
		return keep_silent(s, out, fault);
	choose_exts(out, offer, s, has_av1(out, s, router));
	choose_feedback(out);
	return 0;
}

bool cp_sdp_consumer(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_sdp_choice *choice,
	const struct cp_consumable *c, struct sh_consumer_add *add)
{
	const struct cp_sdp_section *s = &offer->section[index];
	const struct cp_sdp_format *f = choice->silent ? NULL : cp_sdp_find_format(choice, s, &c->router);

	if (!f)
		return false;
	*add = (struct sh_consumer_add){.pt = f->codec->pt,
		.rtx_pt = f->rtx_pt,
		.mid_len = (uint8_t)strlen(s->mid),
		.wishes = SH_WISHES_NONE};
	if (f->feedback & CP_FEEDBACK_NACK)
		add->flags |= SH_CONSUMER_NACK;
	memcpy(add->ext_id, choice->ext_id, sizeof(add->ext_id));
	if (!cp_has_descriptor(c))
		add->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = 0;
	memcpy(add->mid, s->mid, add->mid_len);
	return true;
}
