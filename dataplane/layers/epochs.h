/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_EPOCHS_H
#define SPATE_DATAPLANE_LAYERS_EPOCHS_H

/*
 * Remembers, for one viewer, since which of its sequence numbers it has been sent which encoding at
 * which operating point, and with which offsets. A packet is retransmitted by the epoch of its
 * sequence number, so that it is the same byte for byte, whatever the viewer has changed to
 * meanwhile. Pure C. Sequence numbers are the low 32 bits of extended ones.
 */

#include <stdbool.h>
#include <stdint.h>

enum { DP_EPOCHS = 5 };

struct dp_epoch {
	uint32_t first_out; /* the viewer's first sequence number in it */
	uint32_t first_in; /* the number at the point (layers/numbers.h) that this one stands for */
	uint32_t timestamp; /* added to the producer's RTP timestamps */
	uint32_t began_ms; /* when it began, modulo 2^32 */
	uint16_t picture; /* added to picture ids, modulo 2^15 */
	uint8_t tl0picidx, keyidx; /* likewise, modulo 2^8 and 2^5 */
	uint8_t encoding; /* index among the producer's encodings */
	uint8_t point; /* index among the points of that encoding's stream */
	bool squeezed; /* timestamps are squeezed before (layers/squeeze.h): the viewer caught up */
	uint8_t pad;
};
_Static_assert(sizeof(struct dp_epoch) == 24, "it belongs to every viewer of layers");

/* All 0: no epoch yet. */
struct dp_epochs {
	struct dp_epoch epoch[DP_EPOCHS]; /* the newest first */
	uint8_t count; /* how many there are */
};

/*
 * Whether another epoch may begin: otherwise it would displace one whose packets may still be
 * requested, which is so for `window_ms` after its end.
 */
bool dp_epochs_room(const struct dp_epochs *e, uint32_t now_ms, uint32_t window_ms);
/* Begins an epoch. It ends the one before, at `first_out`, which is above all that were sent. */
void dp_epochs_begin(struct dp_epochs *e, const struct dp_epoch *epoch);

/*
 * Ends an epoch with squeezed timestamps at the viewer's sequence number `out`, above all that were
 * sent: the next one maps numbers as it does.
 */
void dp_epochs_end_squeeze(struct dp_epochs *e, uint32_t out, uint32_t now_ms);
/*
 * Forgets the epochs with squeezed timestamps, so that others can be squeezed in another way.
 * False: their packets may still be requested.
 */
bool dp_epochs_forget_squeezed(struct dp_epochs *e, uint32_t now_ms, uint32_t window_ms);

/* The epoch in which the viewer's sequence number `out` was sent, or NULL. */
const struct dp_epoch *dp_epochs_of(const struct dp_epochs *e, uint32_t out);

/*
 * The viewer's sequence number of the packet with number `in` at the point of epoch[index]. False:
 * it is outside of that epoch.
 */
static inline bool dp_epochs_map(const struct dp_epochs *e, unsigned index, uint32_t in, uint32_t *out)
{
	const struct dp_epoch *x = &e->epoch[index];

	if ((int32_t)(in - x->first_in) < 0)
		return false;
	*out = x->first_out + (in - x->first_in);
	return index == 0 || (int32_t)(*out - e->epoch[index - 1].first_out) < 0;
}

#endif
