/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/speaker.h"

#include <stddef.h>

enum {
	SMOOTH = 4, /* a tick counts for a quarter */
	MARGIN = 6 * 16, /* dB by which a rival must be louder, in sixteenths */
	RIVAL_TICKS = 2, /* for which it must be so: 400 ms */
	PAUSE_TICKS = 3, /* of the speaker, after which a rival need not be louder: 600 ms */
	NOBODY_TICKS = 25, /* of silence of all, after which nobody speaks: 5 s */
};

void cp_voice_hear(struct cp_voice *v, uint32_t count, uint32_t sum)
{
	uint32_t level = count > 0 ? sum / count : 127;

	v->now = level < CP_LEVEL_FLOOR ? (uint8_t)(127 - level) : 0;
	v->smooth = (uint16_t)((v->smooth * (SMOOTH - 1) + v->now * 16) / SMOOTH);
}

static bool become(struct cp_speaker *s, const void *who)
{
	*s = (struct cp_speaker){.who = who};
	return true;
}

static bool may_follow(const struct cp_speaker *s, const struct cp_voice *voice, const struct cp_voice *rival)
{
	return !s->who || s->silent_ticks >= PAUSE_TICKS || rival->smooth >= voice->smooth + MARGIN;
}

bool cp_speaker_tick(struct cp_speaker *s, const struct cp_voice *voice, const void *loudest,
	const struct cp_voice *loudest_voice)
{
	if (s->who && voice->now == 0)
		s->silent_ticks += s->silent_ticks < NOBODY_TICKS;
	else
		s->silent_ticks = 0;
	if (!loudest && s->who && s->silent_ticks == NOBODY_TICKS)
		return become(s, NULL);
	if (!loudest || loudest == s->who || !may_follow(s, voice, loudest_voice)) {
		s->rival = NULL;
		return false;
	}
	if (s->rival != loudest)
		s->rival_ticks = 0;
	s->rival = loudest;
	return ++s->rival_ticks >= RIVAL_TICKS && become(s, loudest);
}

bool cp_speaker_forget(struct cp_speaker *s, const void *source)
{
	if (s->rival == source)
		s->rival = NULL;
	return s->who == source && source && become(s, NULL);
}
