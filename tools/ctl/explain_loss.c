/* SPDX-License-Identifier: Apache-2.0 */

/* Says in words where a viewer's packets are lost, and how far away it is (explain.h). */

#include "tools/ctl/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include "shared/drop.h"
#include "shared/loss.h"
#include "tools/ctl/spatectl.h"

enum {
	LOSS_PERCENT = 1, /* from here on a loss is a problem */
	FAR_US = 400000, /* a retransmission comes too late for most players' buffers */
};

void ctl_say(struct ctl_words *w, bool problem, const char *fmt, ...)
{
	va_list args;

	if (w->count == CTL_WORDS_MAX)
		return;
	w->sentence[w->count].problem = problem;
	va_start(args, fmt);
	vsnprintf(w->sentence[w->count++].text, CTL_SENTENCE_MAX, fmt, args);
	va_end(args);
}

static double percent(uint64_t part, uint64_t of)
{
	return of > 0 ? 100.0 * (double)part / (double)of : 0;
}

/* What to do about packets that the server dropped for the commonest of the reasons. */
static const char *drop_remedy(unsigned most)
{
	switch (sh_loss_drop(most)) {
	case SH_DROP_TX_AGE:
	case SH_DROP_TX_BEHIND:
	case SH_DROP_TX_QUEUE:
		return "this worker or its NIC is too slow for its viewers (docs/operations.md, "
		       "SpateViewersLate)";
	case SH_DROP_NO_CONSENT:
		return "the viewer was not heard meanwhile";
	case SH_DROP_UNPROVEN:
		return "it had not shown that it receives at a new address";
	default:
		return "docs/drop-reasons.md says why";
	}
}

static void explain_drops(struct ctl_words *w, const struct sh_consumer_stats *c, uint64_t dropped,
	uint64_t due)
{
	unsigned most = 0;

	for (unsigned i = 1; i < SH_LOSS_COUNT; i++)
		if (c->dropped[i] > c->dropped[most])
			most = i;
	if (percent(dropped, due) >= LOSS_PERCENT)
		ctl_say(w, true, "%.1f %% were dropped here, most for %s: %s.", percent(dropped, due),
			sh_drop_name(sh_loss_drop(most)), drop_remedy(most));
}

static void explain_round_trip(struct ctl_words *w, const struct sh_consumer_stats *c)
{
	if (c->rtt_us >= FAR_US)
		ctl_say(w, true,
			"Its round trip takes %.0f ms: what it loses is repaired too late for most players. "
			"It "
			"is far away, or a queue on its way is full.",
			(double)c->rtt_us / 1000);
	else if (c->rtt_us > 0)
		ctl_say(w, false, "Its round trip takes %.1f ms.", (double)c->rtt_us / 1000);
}

void ctl_explain_loss(struct ctl_words *w, const cJSON *consumer, const struct sh_consumer_stats *c)
{
	const cJSON *source = cJSON_GetObjectItemCaseSensitive(consumer, "source");
	uint64_t dropped = 0, due, unrepaired = c->lost_after - c->repaired;
	char peer[CTL_TEXT_MAX];

	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		dropped += c->dropped[i];
	due = c->packets + c->lost_before + dropped;
	if (percent(c->lost_before, due) >= LOSS_PERCENT)
		ctl_say(w, true,
			"%.1f %% were lost before they came here, so every viewer misses them: look at the "
			"network of the publisher, peer %s.",
			percent(c->lost_before, due), ctl_text(peer, source, "peer"));
	explain_drops(w, c, dropped, due);
	if (percent(unrepaired, due) >= LOSS_PERCENT)
		ctl_say(w, true,
			"%.1f %% were lost on the way to it, and %.1f %% not repaired: its own network. If "
			"many "
			"viewers have this, the network in front of this server.",
			percent(c->lost_after, due), percent(unrepaired, due));
	else if (c->lost_after > 0)
		ctl_say(w, false,
			"%.2f %% were lost on the way to it; retransmissions have repaired %.0f %% of them.",
			percent(c->lost_after, due), percent(c->repaired, c->lost_after));
	else
		ctl_say(w, false, "Nothing that was sent to it is known to be lost.");
	explain_round_trip(w, c);
}
