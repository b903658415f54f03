/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_EXPLAIN_H
#define SPATE_TOOLS_CTL_EXPLAIN_H

/*
 * Says in words how one viewer receives: what it is sent and why no better layer, where its packets
 * are lost, how far away it is, and, if it is stuck, what to do. Does no I/O.
 */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "shared/stats.h"

enum { CTL_WORDS_MAX = 16, CTL_SENTENCE_MAX = 400 };

struct ctl_words {
	unsigned count;
	struct ctl_sentence {
		bool problem; /* the sentence says what to do about it */
		char text[CTL_SENTENCE_MAX];
	} sentence[CTL_WORDS_MAX];
};

/*
 * The connection. `transport` is the control plane's entry, `t` its statistics; an id of 0: the
 * data plane does not have it. `consent_age`: seconds since the viewer was heard; negative: never.
 */
void ctl_explain_transport(struct ctl_words *w, const cJSON *transport, const struct sh_transport_stats *t,
	double consent_age);

/*
 * One of its streams. `source` has the statistics of the producer's first encoding; an id of 0:
 * there are none.
 */
void ctl_explain_consumer(struct ctl_words *w, const cJSON *transport, const cJSON *consumer,
	const struct sh_transport_stats *t, const struct sh_consumer_stats *c,
	const struct sh_producer_stats *source);

/* For these two files: where its packets are lost, and how long its round trip takes. */
void ctl_explain_loss(struct ctl_words *w, const cJSON *consumer, const struct sh_consumer_stats *c);
/* Adds a sentence. */
void ctl_say(struct ctl_words *w, bool problem, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
