/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Negotiates one consumer: matches a client's rtpCapabilities with a producer's stream, and writes
 * the rtpParameters that the client receives with.
 */

#include "controlplane/negotiation/negotiation.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/negotiation/check.h"
#include "controlplane/negotiation/writer.h"

/* bytes of rtpParameters as text; with every optional member they take about 2,700 */
enum { TEXT_MAX = 4096 };

/*
 * Finds the client's codec that matches the producer's, and whether the client has RTX for it. In
 * every entry the types of the members are checked.
 */
static int match_codecs(const struct cp_consumable *c, const cJSON *caps, struct cp_common *m, char *err)
{
	const cJSON *array, *item;
	struct cp_rtp_codec codec, found = {.mime = NULL};
	bool rtx_for[CP_NO_APT + 1] = {false}; /* by payload type */
	int i = 0;
	int rc = cp_get_array(caps, "codecs", CP_REQUIRED, INT_MAX, &array, "rtpCapabilities", err);

	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		if (cp_get_capable_codec(&codec, item, "", err) != 0) {
			char where[CP_WHERE_SIZE]; /* repeated for a message with the path */

			snprintf(where, sizeof(where), "rtpCapabilities.codecs[%d]", i);
			return cp_get_capable_codec(&codec, item, where, err);
		}
		i++;
		if (codec.rtx && codec.kind == c->kind)
			rtx_for[codec.apt] = true;
		else if (!found.mime && cp_codec_match(c->router.codec, &codec))
			found = codec;
	}
	if (!found.mime)
		return cp_fail(err, ENOTSUP, "rtpCapabilities.codecs has no %s that matches the producer's",
			c->router.codec->mime);
	m->feedback = found.feedback & cp_feedback_of(c->kind);
	m->rtx = c->router.rtx_pt != 0 && found.has_pt && rtx_for[found.pt];
	return 0;
}

static int get_direction(const cJSON *item, bool *receives, const char *where, char *err)
{
	const char *direction = "sendrecv";
	int rc = cp_get_string(item, "direction", CP_OPTIONAL, CP_RTP_STRING_MAX, &direction, where, err);

	if (rc != 0)
		return rc;
	*receives = strcmp(direction, "sendrecv") == 0 || strcmp(direction, "recvonly") == 0;
	if (!*receives && strcmp(direction, "sendonly") != 0 && strcmp(direction, "inactive") != 0)
		return cp_fail(err, EINVAL, "%s.direction must be sendrecv, sendonly, recvonly or inactive",
			where);
	return 0;
}

/*
 * True if consumers may be offered the extension. Transport-wide sequence numbers count per
 * transport, and egress does not write them; it writes dependency descriptors for AV1 with layers.
 */
static bool offered(const struct cp_consumable *c, const struct cp_ext *ext)
{
	if (ext->ext == SH_EXT_DEPENDENCY_DESCRIPTOR && !cp_has_descriptor(c))
		return false;
	return ext->direction == CP_EXT_SENDRECV && ext->ext != SH_EXT_TWCC;
}

struct capable_ext {
	const char *kind, *uri;
	uint32_t id;
	bool encrypt, receives;
};

static int get_ext(const cJSON *item, struct capable_ext *e, const char *where, char *err)
{
	int rc;

	*e = (struct capable_ext){.receives = true};
	if ((rc = cp_check_object(item, where, err)) != 0 ||
		(rc = cp_get_string(item, "kind", CP_REQUIRED, CP_RTP_STRING_MAX, &e->kind, where, err)) !=
			0 ||
		(rc = cp_get_string(item, "uri", CP_REQUIRED, CP_RTP_STRING_MAX, &e->uri, where, err)) != 0 ||
		(rc = cp_get_integer(item, "preferredId", CP_REQUIRED, 1, 255, &e->id, where, err)) != 0 ||
		(rc = cp_get_bool(item, "preferredEncrypt", &e->encrypt, where, err)) != 0 ||
		(rc = get_direction(item, &e->receives, where, err)) != 0)
		return rc;
	if (strcmp(e->kind, "audio") != 0 && strcmp(e->kind, "video") != 0)
		return cp_fail(err, EINVAL, "%s.kind must be audio or video", where);
	return 0;
}

static int match_exts(const struct cp_consumable *c, const cJSON *caps, struct cp_common *m, char *err)
{
	const cJSON *array, *item;
	int i = 0;
	int rc = cp_get_array(caps, "headerExtensions", CP_OPTIONAL, INT_MAX, &array, "rtpCapabilities", err);

	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		const struct cp_ext *ext;
		struct capable_ext e;

		if (get_ext(item, &e, "", err) != 0) {
			char where[CP_WHERE_SIZE]; /* repeated for a message with the path */

			snprintf(where, sizeof(where), "rtpCapabilities.headerExtensions[%d]", i);
			return get_ext(item, &e, where, err);
		}
		i++;
		/*
		 * `e.kind` is not compared: mediasoup-client lists an extension that both kinds
		 * have only once, with the kind that came last. The id must be the router's,
		 * because egress writes the router's ids.
		 */
		ext = cp_ext_find(e.uri, c->kind);
		if (ext && offered(c, ext) && e.receives && !e.encrypt && e.id == sh_router_ext[ext->ext])
			m->ext[ext->ext] = true;
	}
	return 0;
}

int cp_consumer_match(const struct cp_consumable *c, const cJSON *rtp_capabilities, struct cp_common *m,
	char *err)
{
	int rc;

	*m = (struct cp_common){.rtx = false};
	if ((rc = cp_check_object(rtp_capabilities, "rtpCapabilities", err)) != 0 ||
		(rc = match_codecs(c, rtp_capabilities, m, err)) != 0 ||
		(rc = match_exts(c, rtp_capabilities, m, err)) != 0)
		return rc;
	m->feedback &= ~(unsigned)CP_FEEDBACK_TWCC;
	if (!m->ext[SH_EXT_ABS_SEND_TIME])
		m->feedback &= ~(unsigned)CP_FEEDBACK_REMB;
	return 0;
}

/* --- the rtpParameters as text -------------------------------------------------------------
 *
 * This text is written without cJSON, whose hundred small allocations for each consumer (made,
 * copied, printed and freed) took a tenth of the time of a join. Nothing here needs an escape: the
 * strings are those of our tables, or were validated (is_name, set_fmtp) when the producer was
 * created.
 */

static void write_codecs(struct cp_writer *w, const struct cp_consumable *c, const struct cp_common *m)
{
	const struct cp_codec *codec = c->router.codec;

	cp_write(w, "\"codecs\":[{\"mimeType\":\"%s\",\"payloadType\":%u,\"clockRate\":%u", codec->mime,
		c->router.pt, codec->clock_rate);
	if (codec->channels != 0)
		cp_write(w, ",\"channels\":%u", codec->channels);
	cp_write(w, ",\"parameters\":%s,\"rtcpFeedback\":[", c->fmtp);
	cp_feedback_write(w, m->feedback);
	cp_write(w, "]}");
	if (m->rtx)
		cp_write(w,
			",{\"mimeType\":\"video/rtx\",\"payloadType\":%u,\"clockRate\":%u,"
			"\"parameters\":{\"apt\":%u},\"rtcpFeedback\":[]}",
			c->router.rtx_pt, codec->clock_rate, c->router.pt);
	cp_write(w, "]");
}

static void write_exts(struct cp_writer *w, const struct cp_common *m)
{
	const char *comma = "";

	cp_write(w, ",\"headerExtensions\":[");
	for (int i = 0; i < SH_EXT_COUNT; i++) {
		if (!m->ext[i])
			continue;
		cp_write(w, "%s{\"uri\":\"%s\",\"id\":%u,\"encrypt\":false,\"parameters\":{}}", comma,
			cp_ext_uri((enum sh_ext)i), sh_router_ext[i]);
		comma = ",";
	}
	cp_write(w, "]");
}

static void write_encoding(struct cp_writer *w, const struct cp_consumable *c, const struct cp_common *m,
	const struct cp_consumer_ids *ids)
{
	cp_write(w, ",\"encodings\":[{\"ssrc\":%u", ids->ssrc);
	if (c->scalability[0])
		cp_write(w, ",\"scalabilityMode\":\"%s\"", c->scalability);
	if (m->rtx)
		cp_write(w, ",\"rtx\":{\"ssrc\":%u}", ids->rtx_ssrc);
	cp_write(w, "}]");
}

static void fill_in(struct sh_consumer_add *add, const struct cp_consumable *c, const struct cp_common *m,
	const struct cp_consumer_ids *ids)
{
	*add = (struct sh_consumer_add){.ssrc = ids->ssrc, .pt = c->router.pt, .wishes = SH_WISHES_NONE};
	if (m->rtx) {
		add->rtx_ssrc = ids->rtx_ssrc;
		add->rtx_pt = c->router.rtx_pt;
	}
	if (m->feedback & CP_FEEDBACK_NACK)
		add->flags |= SH_CONSUMER_NACK;
	for (int i = 0; i < SH_EXT_COUNT; i++)
		add->ext_id[i] = m->ext[i] ? sh_router_ext[i] : 0;
	add->mid_len = (uint8_t)strnlen(ids->mid, SH_MID_MAX);
	memcpy(add->mid, ids->mid, add->mid_len);
}

char *cp_consumer_parameters(const struct cp_consumable *c, const struct cp_common *m,
	const struct cp_consumer_ids *ids, struct sh_consumer_add *add)
{
	char text[TEXT_MAX];
	struct cp_writer w = {.at = text, .end = text + sizeof(text)};

	cp_write(&w, "{\"mid\":\"%s\",", ids->mid);
	write_codecs(&w, c, m);
	write_exts(&w, m);
	write_encoding(&w, c, m, ids);
	cp_write(&w, ",\"rtcp\":{\"cname\":\"%s\",\"reducedSize\":true}}", ids->cname);
	fill_in(add, c, m, ids);
	return w.at < w.end ? strdup(text) : NULL;
}
