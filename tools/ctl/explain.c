/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/ctl/explain.h"

#include <inttypes.h>

#include "tools/ctl/spatectl.h"

enum { SILENT_S = 8 /* a viewer that was not heard for so long is sent nothing */ };

/* --- the connection ------------------------------------------------------------------------------ */

static void explain_estimate(struct ctl_words *w, const cJSON *transport, const struct sh_transport_stats *t)
{
	double limit = ctl_number(transport, "max_bps");
	char can[16], most[16];

	if (t->available_bps > 0 && limit > 0)
		ctl_say(w, false,
			"Its connection can take %sbit/s by its own estimate; its client wants at most "
			"%sbit/s.",
			ctl_si(can, (double)t->available_bps), ctl_si(most, limit));
	else if (t->available_bps > 0)
		ctl_say(w, false, "Its connection can take %sbit/s by its own estimate.",
			ctl_si(can, (double)t->available_bps));
	else if (limit > 0)
		ctl_say(w, false,
			"It has given no estimate of its connection; its client wants at most %sbit/s.",
			ctl_si(most, limit));
	else
		ctl_say(w, false, "It has given no estimate of its connection.");
}

void ctl_explain_transport(struct ctl_words *w, const cJSON *transport, const struct sh_transport_stats *t,
	double consent_age)
{
	if (t->id == 0) {
		ctl_say(w, true,
			"The data plane does not have this transport: it has just been created or closed. "
			"If it stays so, look for its id in the control plane's log.");
		return;
	}
	if (t->state == SH_TRANSPORT_NEW) {
		ctl_say(w, true,
			"It is stuck before ICE: no connectivity check of the client has come. Either it "
			"has nothing to watch and does not connect yet, or a firewall drops UDP between it "
			"and network.announced, or that address is wrong.");
		return;
	}
	if (t->state == SH_TRANSPORT_BOUND) {
		ctl_say(w, true,
			"It is stuck in DTLS: its checks come, and the handshake is not done. If it stays "
			"so, larger packets are lost on the way (MTU), or the client has given up: see its "
			"transport in the control plane's log.");
		return;
	}
	if (t->state == SH_TRANSPORT_IDLE || (consent_age > SILENT_S))
		ctl_say(w, true,
			"It is stuck: nothing was heard of it for %.0f s, so it is sent nothing. It has "
			"gone, "
			"or its network or a firewall lets nothing through; it goes on as soon as it is "
			"heard.",
			consent_age);
	else if (consent_age >= 0)
		ctl_say(w, false, "The connection works: it was heard %.1f s ago.", consent_age);
	if (t->unproven)
		ctl_say(w, true,
			"It has moved to another address and has not shown that it receives there, so "
			"little is sent. It has to answer a binding request or to send a report.");
	explain_estimate(w, transport, t);
}

/* --- what it is sent -------------------------------------------------------------------------------- */

static const cJSON *source_of(const cJSON *consumer)
{
	return cJSON_GetObjectItemCaseSensitive(consumer, "source");
}

/* True if it is told why nothing is sent. */
static bool explain_nothing(struct ctl_words *w, const cJSON *consumer, const struct sh_consumer_stats *c,
	const struct sh_producer_stats *source)
{
	char peer[CTL_TEXT_MAX];

	if (c->id == 0) {
		ctl_say(w, false,
			"The data plane does not have this consumer: it has just been created or closed.");
		return true;
	}
	if (c->paused) {
		ctl_say(w, false, "It receives nothing: its client has paused it.");
		return true;
	}
	if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(source_of(consumer), "paused"))) {
		ctl_say(w, false, "It receives nothing: the publisher, peer %s, has paused the stream.",
			ctl_text(peer, source_of(consumer), "peer"));
		return true;
	}
	if (source->id != 0 && source->bitrate_bps == 0 &&
		!cJSON_HasObjectItem(source_of(consumer), "layers")) {
		ctl_say(w, true,
			"It receives nothing, because the publisher sends nothing: look at peer %s, its "
			"camera or encoder, and its network.",
			ctl_text(peer, source_of(consumer), "peer"));
		return true;
	}
	if (c->waiting_keyframe) {
		ctl_say(w, true,
			"It is stuck waiting for a key frame: the publisher was asked %" PRIu64
			" times. A publisher that ignores this (OBS, FFmpeg) needs a key frame every 2 to 4 "
			"s, "
			"or a longer media.cache_ms here.",
			source->plis);
		return true;
	}
	return false;
}

struct layers {
	int spatial, target, preferred; /* negative: none */
	int best; /* the highest that is being sent; negative: none */
	int count; /* of the stream */
	double needs; /* bit/s of the layer above the target; 0: not known */
};

static int spatial_of(const cJSON *consumer, const char *name)
{
	const cJSON *layer =
		cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(consumer, name),
			"spatialLayer");

	return cJSON_IsNumber(layer) ? layer->valueint : -1;
}

static void read_layers(struct layers *l, const cJSON *consumer)
{
	const cJSON *layer;

	*l = (struct layers){.spatial = spatial_of(consumer, "currentLayers"),
		.target = spatial_of(consumer, "targetLayers"),
		.preferred = spatial_of(consumer, "preferredLayers"),
		.best = -1};
	cJSON_ArrayForEach(layer, cJSON_GetObjectItemCaseSensitive(source_of(consumer), "layers"))
	{
		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(layer, "active"))) {
			l->best = l->count;
			if (l->count > l->target && l->needs == 0)
				l->needs = ctl_number(layer, "bitrate");
		}
		l->count++;
	}
}

/* Why no better layer than the target. */
static void explain_target(struct ctl_words *w, const struct layers *l, const cJSON *transport,
	const struct sh_transport_stats *t)
{
	double limit = ctl_number(transport, "max_bps");
	char can[16], needs[16];

	if (l->target >= l->best) {
		ctl_say(w, false, "It is the best that the publisher sends: %d of its %d layers %s on.",
			l->best + 1, l->count, l->best == 0 ? "is" : "are");
	} else if (l->preferred >= 0 && l->target >= l->preferred) {
		ctl_say(w, false, "No higher one, because its client prefers layer %d at most.",
			l->preferred);
	} else if (limit > 0 && (t->available_bps == 0 || limit < (double)t->available_bps)) {
		ctl_say(w, false,
			"No higher one, because its client limits the bitrate: the next layer has %sbit/s.",
			ctl_si(needs, l->needs));
	} else if (t->available_bps > 0) {
		ctl_say(w, false,
			"No higher one, because its connection can take %sbit/s for all of its streams, and "
			"the "
			"next layer has %sbit/s.",
			ctl_si(can, (double)t->available_bps), ctl_si(needs, l->needs));
	} else {
		ctl_say(w, false,
			"No higher one yet: its connection is being probed; the next layer has %sbit/s.",
			ctl_si(needs, l->needs));
	}
}

static void explain_layers(struct ctl_words *w, const cJSON *consumer, const cJSON *transport,
	const struct sh_transport_stats *t, const struct sh_consumer_stats *c)
{
	const cJSON *layer;
	struct layers l;
	char peer[CTL_TEXT_MAX], si[16];

	read_layers(&l, consumer);
	if (l.best < 0) {
		ctl_say(w, true,
			"It receives nothing, because the publisher sends none of its %d layers: look at "
			"peer "
			"%s, its camera or encoder, and its network.",
			l.count, ctl_text(peer, source_of(consumer), "peer"));
		return;
	}
	if (l.target < 0) {
		ctl_say(w, true,
			"It is stuck without a layer: its connection can take %sbit/s, and that is less than "
			"the "
			"lowest one needs. It gets it when its estimate rises.",
			ctl_si(si, (double)t->available_bps));
		return;
	}
	layer = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(source_of(consumer), "layers"),
		l.spatial);
	if (l.spatial >= 0)
		ctl_say(w, false, "It receives layer %d of 0 to %d, %.0f x %.0f, at %sbit/s.", l.spatial,
			l.count - 1, ctl_number(layer, "width"), ctl_number(layer, "height"),
			ctl_si(si, (double)c->bitrate_bps));
	if (l.spatial != l.target)
		ctl_say(w, false, "It changes to layer %d at that layer's next key frame.", l.target);
	explain_target(w, &l, transport, t);
}

void ctl_explain_consumer(struct ctl_words *w, const cJSON *transport, const cJSON *consumer,
	const struct sh_transport_stats *t, const struct sh_consumer_stats *c,
	const struct sh_producer_stats *source)
{
	char si[16];

	if (t->state != SH_TRANSPORT_MEDIA && t->state != SH_TRANSPORT_KEYED)
		return; /* nothing is sent, and the transport's words say why */
	if (!explain_nothing(w, consumer, c, source)) {
		if (cJSON_HasObjectItem(source_of(consumer), "layers"))
			explain_layers(w, consumer, transport, t, c);
		else
			ctl_say(w, false, "It receives %sbit/s; the publisher sends it in one quality.",
				ctl_si(si, (double)c->bitrate_bps));
	}
	if (c->packets == 0)
		return;
	ctl_explain_loss(w, consumer, c);
}
