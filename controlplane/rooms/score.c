/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/score.h"

enum { MOVE = 8 /* a sample moves the average by 1/MOVE of the difference */ };

static bool set_average(struct cp_score *s, double average)
{
	uint8_t before = cp_score_value(s);

	s->average = (uint16_t)(average + 0.5);
	return cp_score_value(s) != before;
}

/* RtpStreamRecv::UpdateScore and RtpStreamSend::UpdateScore of mediasoup 3. */
static double of_sample(double packets, double lost, double repaired)
{
	double weight, delivered;

	if (lost > packets)
		lost = packets;
	if (repaired > lost)
		repaired = lost;
	weight = 1 / (repaired / packets + 1);
	weight *= weight;
	weight *= weight;
	lost -= repaired * weight;
	delivered = (packets - lost) / packets;
	delivered *= delivered;
	return 10 * delivered * delivered;
}

bool cp_score_add(struct cp_score *s, uint64_t packets, uint64_t lost, uint64_t repaired)
{
	double sample = packets > 0 ? of_sample((double)packets, (double)lost, (double)repaired) : 10;
	bool returns = s->average == 0 && s->idle > 0;

	s->idle = 0;
	/* A source that returns does not have to wait until its silence is forgotten. */
	return set_average(s, returns ? sample * 256 : s->average + (sample * 256 - s->average) / MOVE);
}

bool cp_score_add_silence(struct cp_score *s, uint8_t patience)
{
	if (s->idle < patience)
		s->idle++;
	return s->idle == patience && set_average(s, 0);
}
