/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_SPEAKER_H
#define SPATE_CONTROLPLANE_ROOMS_SPEAKER_H

/*
 * Decides who of several sources of audio speaks. Pure. Time is in ticks of CP_SPEAKER_TICK_MS.
 *
 * Volfin and Cohen compare sources over a short, a medium and a long time. Here each source has a
 * momentary loudness and a smoothed one, and a change needs three things, so that neither a cough
 * nor an answer of one word makes the picture jump: the rival is the loudest of those who speak
 * now, it is louder than the speaker by a margin or the speaker makes a pause, and both hold for
 * some ticks.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	CP_SPEAKER_TICK_MS = 200,
	CP_LEVEL_FLOOR = 80, /* quieter than -80 dBov is silence, as for mediasoup's AudioLevelObserver */
};

/* One source. */
struct cp_voice {
	uint8_t now; /* in the last tick, in dB above -127 dBov; 0: silence */
	uint16_t smooth; /* the same over some 0.8 s, in sixteenths */
};

struct cp_speaker {
	const void *who; /* NULL: nobody */
	const void *rival; /* who is about to become it */
	uint8_t rival_ticks, silent_ticks;
};

/* Takes what a source sent in one tick: a number of levels, and their sum in -dBov. */
void cp_voice_hear(struct cp_voice *v, uint32_t count, uint32_t sum);

/*
 * Ends a tick. `voice` is that of s->who, which must be there if s->who is set; `loudest` is the
 * source with the greatest smoothed loudness of those who are not silent now, or NULL. True: s->who
 * has changed.
 */
bool cp_speaker_tick(struct cp_speaker *s, const struct cp_voice *voice, const void *loudest,
	const struct cp_voice *loudest_voice);
/* The source is gone. True: it was the speaker, who is nobody now. */
bool cp_speaker_forget(struct cp_speaker *s, const void *source);

#endif
