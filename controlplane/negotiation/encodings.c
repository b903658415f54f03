/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/encodings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/negotiation/check.h"
#include "controlplane/negotiation/scalability.h"

/* What is read of an encoding beside the data plane's parameters. */
struct encoding {
	char where[CP_WHERE_SIZE];
	const char *mode; /* scalabilityMode; NULL: none */
	struct cp_scalability layers;
};

/* --- one encoding ------------------------------------------------------------------------- */

/* maxBitrate is a number and not an integer: browsers round it, and clients repeat what a page gave. */
static int check_bitrate(const cJSON *item, const char *where, char *err)
{
	const cJSON *bitrate = cJSON_GetObjectItemCaseSensitive(item, "maxBitrate");

	if (bitrate && !cJSON_IsNull(bitrate) && !(cJSON_IsNumber(bitrate) && bitrate->valuedouble >= 0))
		return cp_fail(err, EINVAL, "%s.maxBitrate must be a number from 0", where);
	return 0;
}

static int get_mode(const cJSON *item, struct encoding *e, char *err)
{
	int rc = cp_get_string(item, "scalabilityMode", CP_OPTIONAL, CP_SCALABILITY_SIZE - 1, &e->mode,
		e->where, err);

	e->layers = (struct cp_scalability){.spatial = 1, .temporal = 1};
	if (rc != 0 || !e->mode)
		return rc;
	switch (cp_scalability_parse(&e->layers, e->mode)) {
	case 0:
		return 0;
	case ENOTSUP:
		return cp_fail(err, ENOTSUP, "%s.scalabilityMode: %s is not supported", e->where, e->mode);
	default:
		return cp_fail(err, EINVAL, "%s.scalabilityMode is no mode such as L1T3 or L3T3_KEY",
			e->where);
	}
}

static int get_rtx(const cJSON *item, struct sh_producer_add *add, const char *where, char *err)
{
	char here[CP_WHERE_SIZE];
	const cJSON *rtx = NULL;
	int rc = cp_get_object(item, "rtx", &rtx, where, err);

	if (rc != 0 || !rtx)
		return rc;
	snprintf(here, sizeof(here), "rtpParameters.encodings[%u].rtx", add->encoding);
	rc = cp_get_integer(rtx, "ssrc", CP_REQUIRED, 1, UINT32_MAX, &add->rtx_ssrc, here, err);
	if (rc == 0 && add->rtx_ssrc == add->ssrc)
		return cp_fail(err, EINVAL, "%s.ssrc is the same as its ssrc", here);
	return rc;
}

static int get_encoding(const cJSON *item, struct encoding *e, struct sh_producer_add *add, char *err)
{
	bool ignored;
	int rc;

	if ((rc = cp_check_object(item, e->where, err)) != 0 ||
		(rc = cp_get_integer(item, "ssrc", CP_OPTIONAL, 1, UINT32_MAX, &add->ssrc, e->where, err)) !=
			0 ||
		(rc = cp_get_name(item, "rid", SH_RID_MAX, add->rid, &add->rid_len, e->where, err)) != 0 ||
		(rc = get_rtx(item, add, e->where, err)) != 0 ||
		(rc = cp_get_bool(item, "dtx", &ignored, e->where, err)) != 0 ||
		(rc = cp_get_bool(item, "active", &ignored, e->where, err)) != 0 ||
		(rc = check_bitrate(item, e->where, err)) != 0)
		return rc;
	return get_mode(item, e, err);
}

/* --- how packets are told apart -------------------------------------------------------------- */

/*
 * Without a signalled SSRC each packet must carry a RID that names the encoding (RFC 8852), or, if
 * there is one encoding, a MID that names the producer (RFC 9143).
 */
static int check_findable(const struct sh_producer_add *add, const char *where, char *err)
{
	bool mid = add->mid_len > 0 && add->ext_id[SH_EXT_MID] != 0;

	if (add->ssrc != 0 || (add->rid_len > 0 && add->ext_id[SH_EXT_RID] != 0))
		return 0;
	if (add->encodings > 1)
		return cp_fail(err, EINVAL,
			"%s.ssrc is missing, and there is no rid with its header extension", where);
	return mid ? 0
		   : cp_fail(err, EINVAL,
			     "%s.ssrc is missing, and there is no mid or rid with its header extension",
			     where);
}

static bool uses(const struct sh_producer_add *add, uint32_t ssrc)
{
	return ssrc != 0 && (add->ssrc == ssrc || add->rtx_ssrc == ssrc);
}

/* Compares the encoding `i` with those before it. */
static int check_distinct(const struct cp_signalled *sent, unsigned i, const char *where, char *err)
{
	const struct sh_producer_add *add = &sent->encoding[i];

	for (unsigned k = 0; k < i; k++) {
		const struct sh_producer_add *other = &sent->encoding[k];

		if (add->rid_len > 0 && add->rid_len == other->rid_len &&
			memcmp(add->rid, other->rid, add->rid_len) == 0)
			return cp_fail(err, EINVAL, "%s.rid is there twice", where);
		if (uses(other, add->ssrc))
			return cp_fail(err, EINVAL, "%s.ssrc %u is there twice", where, add->ssrc);
		if (uses(other, add->rtx_ssrc))
			return cp_fail(err, EINVAL, "%s.rtx.ssrc %u is there twice", where, add->rtx_ssrc);
	}
	return 0;
}

/* --- layers -------------------------------------------------------------------------------- */

static bool has_svc(enum sh_codec codec)
{
	return codec == SH_CODEC_VP9 || codec == SH_CODEC_AV1;
}

static int check_layers(const struct cp_consumable *c, const struct encoding *e,
	const struct sh_producer_add *add, char *err)
{
	unsigned count = add->encodings;

	if (c->kind == SH_KIND_AUDIO && (e->layers.spatial > 1 || e->layers.temporal > 1))
		return cp_fail(err, ENOTSUP, "%s.scalabilityMode: audio has no layers", e->where);
	if (e->layers.spatial > 1 && count > 1)
		return cp_fail(err, ENOTSUP,
			"%s.scalabilityMode: spatial layers within one of several encodings are not "
			"supported",
			e->where);
	if (e->layers.spatial > 1 && !has_svc(c->codec))
		return cp_fail(err, ENOTSUP, "%s.scalabilityMode: %s has no spatial layers", e->where,
			c->router.codec->mime);
	if (e->layers.spatial > 1 && c->codec == SH_CODEC_AV1 && !add->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR])
		return cp_fail(err, ENOTSUP,
			"%s.scalabilityMode: spatial layers of AV1 need the header extension %s", e->where,
			cp_ext_uri(SH_EXT_DEPENDENCY_DESCRIPTOR));
	return 0;
}

static int check_count(const struct cp_consumable *c, unsigned count, char *err)
{
	if (count > 1 && c->kind == SH_KIND_AUDIO)
		return cp_fail(err, ENOTSUP, "rtpParameters.encodings: audio with several is not supported");
	if (count > 1 && c->codec == SH_CODEC_VP9)
		return cp_fail(err, ENOTSUP,
			"rtpParameters.encodings: VP9 with several is not supported; send one with a "
			"scalabilityMode such as L3T3_KEY");
	return 0;
}

/* Describes to consumers what they can choose from, in mediasoup's words. */
static void describe_layers(struct cp_consumable *c, const struct encoding *each, unsigned count)
{
	c->encodings = (uint8_t)count;
	c->spatial_layers = count > 1 ? (uint8_t)count : each[0].layers.spatial;
	for (unsigned i = 0; i < count; i++)
		if (each[i].layers.temporal > c->temporal_layers)
			c->temporal_layers = each[i].layers.temporal;
	if (count > 1)
		snprintf(c->scalability, sizeof(c->scalability), "L%uT%u", count, c->temporal_layers);
	else if (each[0].mode)
		snprintf(c->scalability, sizeof(c->scalability), "%s", each[0].mode);
	if (count == 1 && c->spatial_layers == 1 && c->temporal_layers == 1)
		c->type = CP_STREAM_SIMPLE;
	else
		c->type = count == 1 && has_svc(c->codec) ? CP_STREAM_SVC : CP_STREAM_SIMULCAST;
}

const char *cp_stream_type_name(enum cp_stream_type type)
{
	static const char *const names[] = {
		[CP_STREAM_SIMPLE] = "simple",
		[CP_STREAM_SIMULCAST] = "simulcast",
		[CP_STREAM_SVC] = "svc",
	};

	return names[type];
}

/* --- all of them --------------------------------------------------------------------------- */

/* Reads the encoding `i`, which is `item`; NULL: there is none, and the packets' MID names the producer. */
static int take_encoding(const cJSON *item, struct cp_signalled *sent, unsigned i, struct encoding *e,
	const struct cp_consumable *c, char *err)
{
	struct sh_producer_add *add = &sent->encoding[i];
	int rc;

	*e = (struct encoding){.layers = {.spatial = 1, .temporal = 1}};
	snprintf(e->where, sizeof(e->where), "rtpParameters.encodings[%u]", i);
	if (item && (rc = get_encoding(item, e, add, err)) != 0)
		return rc;
	if (add->rtx_pt == 0)
		add->rtx_ssrc = 0;
	add->spatial_layers = e->layers.spatial;
	add->temporal_layers = e->layers.temporal;
	add->svc = (uint8_t)e->layers.svc;
	if ((rc = check_findable(add, e->where, err)) != 0 ||
		(rc = check_distinct(sent, i, e->where, err)) != 0)
		return rc;
	return check_layers(c, e, add, err);
}

int cp_get_encodings(const cJSON *rtp, struct cp_signalled *sent, struct cp_consumable *out, char *err)
{
	struct encoding each[SH_MAX_ENCODINGS] = {{.mode = NULL}};
	const cJSON *array;
	int rc = cp_get_array(rtp, "encodings", CP_OPTIONAL, SH_MAX_ENCODINGS, &array, "rtpParameters", err);

	if (rc != 0)
		return rc;
	sent->count = cJSON_GetArraySize(array) > 1 ? (uint32_t)cJSON_GetArraySize(array) : 1;
	if ((rc = check_count(out, sent->count, err)) != 0)
		return rc;
	sent->encoding[0].encodings = (uint8_t)sent->count;
	for (unsigned i = 1; i < sent->count; i++) {
		sent->encoding[i] = sent->encoding[0];
		sent->encoding[i].encoding = (uint8_t)i;
	}
	for (unsigned i = 0; i < sent->count; i++)
		if ((rc = take_encoding(cJSON_GetArrayItem(array, (int)i), sent, i, &each[i], out, err)) != 0)
			return rc;
	describe_layers(out, each, sent->count);
	return 0;
}
